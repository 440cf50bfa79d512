/** The native executor: plans a graph, encodes it as a tape, and hands whole runs to the addon. */
import { createRequire } from "node:module"
import { GlossaError, invariant } from "../../errors.ts"
import type { Graph, StateHandle } from "../graph/index.ts"
import { type Instruction, type PersistentPack, type Plan, planGraph, printPlan } from "../plan/index.ts"
import {
  type DType,
  dequantizeRows,
  fromBf16Bits,
  fromBlockPanels,
  type HostArray,
  isBlockDType,
  maximumShape,
  quantizeRows,
  resolveShape,
  storageBytes,
  toBf16Bits,
  toBlockPanels,
} from "../tensor/index.ts"
import { checking, debugging } from "./debug.ts"
import type {
  Executor,
  ExecutorDescription,
  InstructionTime,
  Precision,
  PrecisionPolicy,
  PreparedProgram,
  ProgramMemory,
  RunRequest,
  StateStorage,
} from "./executor.ts"
import { KernelTimes } from "./kernel-times.ts"
import {
  type NativeAddon,
  type NativeProgram,
  type NativeResult,
  type NativeState,
  RUN_CHECK_FINITE,
  RUN_CHECK_MARGINS,
  RUN_TIMES,
} from "./native-contract.ts"
import { poisonDeadPlaces } from "./poison.ts"
import { profiling, TracedRuns } from "./profile.ts"
import { cancelled } from "./reference-executor.ts"
import type { RunWatcher } from "./run-watcher.ts"
import type { State } from "./store.ts"
import { encodeTape, placeOf, type StateIndices } from "./tape.ts"

/** Levels that multiply bf16 faster than float32. */
const BF16_LEVELS: readonly string[] = ["amx", "avx512bf16"]

let loaded: { readonly addon: NativeAddon } | { readonly why: string } | undefined

/** The addon, or why there is none. Loaded once; GLOSSA_ISA names the instruction-set level. */
export function loadNative(): { readonly addon: NativeAddon } | { readonly why: string } {
  loaded ??= tryToLoad()
  return loaded
}

function tryToLoad(): { readonly addon: NativeAddon } | { readonly why: string } {
  let addon: NativeAddon
  try {
    addon = createRequire(import.meta.url)("../../../build/native/glossa.node") as NativeAddon
  } catch (error) {
    return { why: error instanceof Error ? error.message.split("\n")[0] : String(error) }
  }
  const { levels } = addon.info()
  const wanted = process.env["GLOSSA_ISA"] || levels[0]
  if (!levels.includes(wanted))
    throw new GlossaError("COMMAND_INVALID", {
      where: "GLOSSA_ISA",
      wanted: `a level of this processor (${levels.join(", ")})`,
      came: wanted,
    })
  addon.openLevel(wanted)
  return { addon }
}

export class NativeExecutor implements Executor {
  readonly name = "native"
  readonly threads: number
  readonly addon: NativeAddon
  /** Settles when everything asked for so far is done; state is read and written only then. */
  private idle: Promise<unknown> = Promise.resolve()
  private readonly packs = new WeakMap<NativeStorage, Map<string, NativeStorage>>()

  constructor(addon: NativeAddon, threads: number) {
    this.addon = addon
    this.threads = threads
  }

  describe(): ExecutorDescription {
    const { level, levels, cores, processor } = this.addon.info()
    return { name: this.name, level, levels, threads: this.threads, processor, cores }
  }
  resolvePrecision(policy: PrecisionPolicy): Precision {
    if (policy !== "auto") return policy
    return BF16_LEVELS.includes(this.addon.info().level) ? "bf16" : "f32"
  }
  allocate(shape: readonly number[], dtype: DType): StateStorage {
    return new NativeStorage(this, shape, dtype)
  }
  prepare(graph: Graph, name: string): PreparedProgram {
    return new NativePrepared(this, planGraph(graph), name)
  }

  /** Runs `task` after everything asked for before it. */
  inTurn<T>(task: () => T | Promise<T>): Promise<T> {
    const turn = this.idle.then(task)
    this.idle = turn.catch(() => undefined)
    return turn
  }

  /** The memory in which a state lies packed; shared by all programs that want it so. */
  packStorage({ state, shape, dtype, transposed }: PersistentPack): NativeStorage {
    const source = storageOf(state)
    const known = this.packs.get(source) ?? new Map<string, NativeStorage>()
    this.packs.set(source, known)
    const key = `${dtype} ${transposed} ${shape.join("×")}`
    let storage = known.get(key)
    if (!storage) {
      storage = new NativeStorage(this, maximumShape(shape), dtype)
      known.set(key, storage)
      source.dependents.push(storage)
    }
    return storage
  }
}

function storageOf(state: StateHandle): NativeStorage {
  return (state as State).storage as NativeStorage
}

class NativeStorage implements StateStorage {
  readonly bytes: number
  readonly shape: readonly number[]
  readonly dtype: DType
  readonly handle: NativeState
  /** Packs of this state; they go when it goes. */
  readonly dependents: NativeStorage[] = []
  private readonly executor: NativeExecutor

  constructor(executor: NativeExecutor, shape: readonly number[], dtype: DType) {
    this.executor = executor
    this.bytes = storageBytes(dtype, shape)
    this.shape = shape
    this.dtype = dtype
    this.handle = executor.addon.createState(this.bytes)
  }
  get version(): number {
    return this.executor.addon.stateVersion(this.handle)
  }
  async read(): Promise<HostArray> {
    if (isBlockDType(this.dtype)) return dequantizeRows(await this.readBlocks(), this.dtype)
    return fromBytes((await this.readBytes()).buffer, 0, this.bytes, this.dtype)
  }
  async readBlocks(): Promise<Uint8Array> {
    invariant(isBlockDType(this.dtype), "native executor", `blocks of ${this.dtype}`)
    return fromBlockPanels(await this.readBytes(), this.shape, this.dtype)
  }
  write(data: HostArray | Uint8Array): Promise<void> {
    const bytes = this.toBytes(data)
    return this.executor.inTurn(() => this.executor.addon.writeState(this.handle, 0, bytes))
  }
  private readBytes(): Promise<Uint8Array> {
    return this.executor.inTurn(() => {
      const bytes = new Uint8Array(this.bytes)
      this.executor.addon.readState(this.handle, 0, bytes)
      return bytes
    })
  }
  private toBytes(data: HostArray | Uint8Array): Uint8Array {
    if (!isBlockDType(this.dtype)) return toBytes(data as HostArray, this.dtype)
    const rows = data instanceof Uint8Array ? data : quantizeRows(Float32Array.from(data), this.dtype)
    return toBlockPanels(rows, this.shape, this.dtype)
  }
  dispose(): void {
    for (const pack of this.dependents.splice(0)) pack.dispose()
    void this.executor.inTurn(() => this.executor.addon.disposeState(this.handle))
  }
}

function toBytes(data: HostArray, dtype: DType): Uint8Array {
  if (dtype === "bf16") return new Uint8Array(Uint16Array.from(data, toBf16Bits).buffer)
  const typed = dtype === "i32" ? Int32Array.from(data) : Float32Array.from(data)
  return new Uint8Array(typed.buffer)
}

function fromBytes(buffer: ArrayBufferLike, offset: number, bytes: number, dtype: DType): HostArray {
  if (dtype === "bf16") return Float32Array.from(new Uint16Array(buffer, offset, bytes / 2), fromBf16Bits)
  if (dtype === "i32") return new Int32Array(buffer, offset, bytes / 4)
  return new Float32Array(buffer, offset, bytes / 4)
}

class NativePrepared implements PreparedProgram {
  private readonly executor: NativeExecutor
  private readonly plan: Plan
  private readonly name: string
  private readonly instructions: readonly Instruction[]
  private readonly program: NativeProgram
  private readonly packBytes: number
  private readonly watchers: readonly RunWatcher[]
  /** What each run checks and times. */
  private readonly flags: number

  constructor(executor: NativeExecutor, plan: Plan, name: string) {
    this.executor = executor
    this.plan = plan
    this.name = name
    this.instructions = checking("memory") ? poisonDeadPlaces(plan) : plan.instructions
    if (debugging("plan")) process.stderr.write(`plan of ${name}\n${printPlan(plan)}`)
    this.watchers = [
      ...(debugging("times") ? [new KernelTimes(name, this.instructions)] : []),
      ...(profiling() ? [new TracedRuns(name, this.instructions)] : []),
    ]
    this.flags =
      (this.watchers.length ? RUN_TIMES : 0) |
      (checking("finite") ? RUN_CHECK_FINITE : 0) |
      (checking("memory") ? RUN_CHECK_MARGINS : 0)
    const packs = plan.packs.map((pack) => executor.packStorage(pack))
    this.packBytes = packs.reduce((total, { bytes }) => total + bytes, 0)
    const indices: StateIndices = {
      states: new Map(plan.states.map((state, index) => [state, index])),
      packs: new Map(plan.packs.map((pack, index) => [pack, plan.states.length + index])),
    }
    this.program = executor.addon.createProgram({
      tape: encodeTape(plan, this.instructions, indices),
      constants: constantBytes(plan),
      states: [...plan.states.map((state) => storageOf(state).handle), ...packs.map(({ handle }) => handle)],
      updatedStates: Int32Array.from(plan.updates, ({ state }) => indices.states.get(state) as number),
      predicate: plan.predicate ? placeOf(plan.predicate.value, plan, indices) : null,
      arenaBytes: plan.places.arenaBytes,
      inputBytes: plan.inputBytes,
      outputBytes: plan.outputBytes,
      commitInstruction: this.commitInstruction(),
    })
  }

  /** The plan's commit point, counted in the instructions that really run. */
  private commitInstruction(): number {
    const first = this.plan.instructions[this.plan.commitInstruction]
    return first ? this.instructions.indexOf(first) : this.instructions.length
  }

  get memory(): ProgramMemory {
    const { states, constantBytes: constants, places, inputBytes, outputBytes } = this.plan
    const stateBytes = states.reduce((total, state) => total + storageOf(state).bytes, 0)
    const exchange = inputBytes + outputBytes
    const activations = places.arenaBytes
    const total = stateBytes + this.packBytes + constants + activations + exchange
    return { states: stateBytes, packs: this.packBytes, constants, activations, exchange, total }
  }

  async run(request: RunRequest): Promise<Record<string, HostArray>> {
    const { outputs } = await this.finish(request)
    return Object.fromEntries(
      this.plan.outputs.map(([name, value]) => {
        const bytes = storageBytes(value.dtype, resolveShape(value.shape, request.rowCount))
        return [name, fromBytes(outputs, this.plan.exchangeOffsets.get(value) as number, bytes, value.dtype)]
      }),
    )
  }

  async time(request: RunRequest): Promise<readonly InstructionTime[]> {
    const { times } = await this.finish(request, RUN_TIMES)
    return this.instructions.map(({ kernel, origin, operations, inputs, outputs }, index) => {
      const bytes = [...inputs, ...outputs].reduce((sum, { value }) => sum + value.bytes, 0)
      return { kernel, origin, nanoseconds: (times as Float64Array)[index], operations, bytes }
    })
  }

  /** Runs the tape to its end, or throws what stopped it. */
  private async finish({ inputs, rowCount, signal }: RunRequest, flags = 0): Promise<NativeResult> {
    const { plan, executor, watchers } = this
    const exchange = new Uint8Array(plan.inputBytes)
    plan.inputs.forEach((value, index) => {
      const { buffer, byteOffset, byteLength } = inputs[index]
      exchange.set(new Uint8Array(buffer, byteOffset, byteLength), plan.exchangeOffsets.get(value) as number)
    })
    let startedAt = 0
    const result = await executor.inTurn(() => {
      startedAt = performance.now()
      return this.start(exchange, rowCount, this.flags | flags, signal)
    })
    if (result.status === "cancelled") throw cancelled()
    if (result.status !== "done") throw this.failure(result)
    for (const watcher of watchers) watcher.add({ startedAt, nanoseconds: result.times as Float64Array })
    return result
  }

  private start(exchange: Uint8Array, rowCount: number, flags: number, signal?: AbortSignal): Promise<NativeResult> {
    if (signal?.aborted) throw cancelled()
    const { addon, threads } = this.executor
    return new Promise((resolve) => {
      const onAbort = (): void => void addon.cancel(runId)
      const runId = addon.run(this.program, exchange, rowCount, threads, flags, (result) => {
        signal?.removeEventListener("abort", onAbort)
        resolve(result)
      })
      signal?.addEventListener("abort", onAbort)
    })
  }

  private failure({ status, instruction, message }: NativeResult): GlossaError {
    const origin = this.instructions[instruction ?? -1]?.origin ?? "unknown instruction"
    if (status === "notFinite")
      return new GlossaError("NOT_FINITE", {
        where: `${this.name}, instruction ${instruction}: ${origin}`,
        wanted: "finite numbers",
        came: "a NaN or an infinity",
      })
    const code = /bad_alloc|memory/.test(message ?? "") ? "OUT_OF_MEMORY" : "INTERNAL"
    const came = message ?? "no word why"
    return new GlossaError(code, { where: `${this.name}, ${origin}`, wanted: "the run to finish", came })
  }

  print(): string {
    return printPlan(this.plan)
  }
  dispose(): void {
    for (const watcher of this.watchers) watcher.close()
    void this.executor.inTurn(() => this.executor.addon.disposeProgram(this.program))
  }
}

function constantBytes({ constants, constantBytes: bytes, exchangeOffsets }: Plan): Uint8Array {
  const result = new Uint8Array(bytes)
  for (const value of constants) {
    if (value.home.kind !== "constant") continue
    const { data } = value.home
    result.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), exchangeOffsets.get(value) as number)
  }
  return result
}
