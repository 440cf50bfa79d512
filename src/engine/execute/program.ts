/** Compiling: a function over symbolic tensors becomes a program that runs many times. */
import { GlossaError, nearestName } from "../../errors.ts"
import {
  type Graph,
  graphRoots,
  input,
  isInput,
  isState,
  type Node,
  printGraph,
  reachableNodes,
  type StateUpdate,
  stateOf,
  type Tensor,
  trace,
  verifyGraph,
} from "../graph/index.ts"
import { applyPrecision, joinContinuedSums } from "../plan/index.ts"
import {
  countElements,
  type Dimension,
  formatShape,
  type HostArray,
  type HostInput,
  maximumShape,
  Rows,
  type Shape,
} from "../tensor/index.ts"
import { debugging } from "./debug.ts"
import { defaultExecutor } from "./default-executor.ts"
import type {
  Executor,
  InstructionTime,
  PrecisionPolicy,
  PreparedProgram,
  ProgramMemory,
  RunRequest,
} from "./executor.ts"
import { cancelled } from "./reference-executor.ts"
import type { State } from "./store.ts"

/** The type of one input of a program. */
export interface InputSpec {
  readonly shape: Shape
  readonly dtype: "f32" | "i32"
}

/** A float32 input; the first dimension may be `rows(maximum)`. */
export function f32(...shape: Dimension[]): InputSpec {
  return { shape, dtype: "f32" }
}
/** An i32 input; the first dimension may be `rows(maximum)`. */
export function i32(...shape: Dimension[]): InputSpec {
  return { shape, dtype: "i32" }
}

export interface ProgramDescription {
  readonly outputs: Readonly<Record<string, Tensor>>
  /** States and the values they have after a run. Every read sees the value before it. */
  readonly updates?: readonly StateUpdate[]
  /** When given, the updates happen only if this scalar is nonzero. */
  readonly when?: Tensor
}

export interface CompileOptions {
  /** Executor of the states used, or the default one, when left out. */
  readonly executor?: Executor
  readonly precision?: PrecisionPolicy
  /** Named in errors, prints and traces. */
  readonly name?: string
}

/**
 * Traces `body` once and plans everything it will do.
 *
 * @example
 * const double = compile({ x: f32(rows(8)) }, ({ x }) => ({ outputs: { y: multiply(x, 2) } }))
 * const { y } = await double.run({ x: [1, 2, 3] })
 *
 * @throws SHAPE_MISMATCH and its like while tracing, naming operation, shapes and module path
 */
export function compile<Specs extends Record<string, InputSpec>>(
  specs: Specs,
  body: (inputs: { readonly [Name in keyof Specs]: Tensor }) => ProgramDescription,
  { executor, precision = "auto", name = "program" }: CompileOptions = {},
): Program {
  const traced = trace((): Graph => {
    const inputs = Object.entries(specs).map(([key, { shape, dtype }]) => [key, input(key, shape, dtype)] as const)
    const description = body(Object.fromEntries(inputs) as { [Name in keyof Specs]: Tensor })
    return {
      inputs: inputs.map(([, tensor]) => tensor),
      outputs: description.outputs,
      updates: description.updates ?? [],
      ...(description.when ? { when: description.when } : {}),
    }
  })
  verifyGraph(traced)
  const chosen = executor ?? executorOf(traced) ?? defaultExecutor()
  const graph = joinContinuedSums(applyPrecision(traced, chosen.resolvePrecision(precision)))
  if (debugging("graph")) process.stderr.write(`graph of ${name}\n${printGraph(graph)}`)
  return new Program(name, specs, graph, chosen.prepare(graph, name))
}

/** The executor that the states of a graph live on. */
function executorOf(graph: Graph): Executor | undefined {
  const states = reachableNodes(graphRoots(graph))
    .filter(isState)
    .map((node) => stateOf(node) as State)
  const [first] = states
  const stranger = states.find(({ executor }) => executor !== first.executor)
  if (stranger)
    throw new GlossaError("TRACE_MISUSE", {
      where: stranger.path,
      wanted: `a state of the executor that ${first.path} lives on`,
      came: "a state of another",
    })
  return first?.executor
}

/** A planned computation. Runs of one executor happen one after another, in the order they were asked for. */
export class Program {
  readonly name: string
  private readonly specs: readonly (readonly [name: string, spec: InputSpec])[]
  private readonly ranges: ReadonlyMap<string, { readonly minimum: number; readonly limit: number }>
  private readonly prepared: PreparedProgram
  private disposed = false

  constructor(name: string, specs: Readonly<Record<string, InputSpec>>, graph: Graph, prepared: PreparedProgram) {
    this.name = name
    this.specs = Object.entries(specs)
    this.ranges = inputRanges(graph)
    this.prepared = prepared
  }

  /** What a run needs, known before the first one. */
  get memory(): ProgramMemory {
    return this.prepared.memory
  }

  /**
   * Runs once. Inputs are copied before this returns; the count of a bounded dimension follows from their lengths.
   *
   * @returns the outputs by name; bfloat16 comes widened to float32
   * @throws INPUT_INVALID naming the input; CANCELLED when `signal` came before anything was changed; DISPOSED
   */
  async run(
    inputs: Readonly<Record<string, HostInput>>,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<Record<string, HostArray>> {
    return this.prepared.run(this.request(inputs, signal))
  }

  /**
   * Runs once, updates included, and gives the time of each instruction in place of the outputs.
   *
   * @throws EXECUTOR_UNAVAILABLE on the reference executor, whose steps are not instructions; what `run` throws
   */
  async time(inputs: Readonly<Record<string, HostInput>>): Promise<readonly InstructionTime[]> {
    if (!this.prepared.time)
      throw new GlossaError("EXECUTOR_UNAVAILABLE", {
        where: `times of ${this.name}`,
        wanted: "the native executor",
        came: "one that does not time its instructions",
      })
    return this.prepared.time(this.request(inputs))
  }

  /** The inputs checked and typed. */
  private request(inputs: Readonly<Record<string, HostInput>>, signal?: AbortSignal): RunRequest {
    if (this.disposed)
      throw new GlossaError("DISPOSED", { where: this.name, wanted: "an open program", came: "a disposed one" })
    if (signal?.aborted) throw cancelled()
    this.checkNames(inputs)
    const arrays = this.specs.map(([name, spec]) => toArray(inputs[name], spec))
    const rowCount = this.countRows(arrays)
    this.specs.forEach(([name, spec], index) => {
      if (spec.dtype === "i32") this.checkRange(name, arrays[index])
    })
    return { inputs: arrays, rowCount, ...(signal ? { signal } : {}) }
  }

  /** The plan as text. */
  print(): string {
    return this.prepared.print()
  }
  dispose(): void {
    if (!this.disposed) this.prepared.dispose()
    this.disposed = true
  }
  [Symbol.dispose](): void {
    this.dispose()
  }

  private fault(name: string, wanted: string, came: string, fix?: string): GlossaError {
    return new GlossaError("INPUT_INVALID", {
      where: `${this.name}, input ${name}`,
      wanted,
      came,
      ...(fix ? { fix } : {}),
    })
  }

  private checkNames(inputs: Readonly<Record<string, HostInput>>): void {
    for (const [name] of this.specs) if (!(name in inputs)) throw this.fault(name, "a value", "none")
    for (const name of Object.keys(inputs))
      if (!this.specs.some(([known]) => known === name)) {
        const nearest = nearestName(
          name,
          this.specs.map(([known]) => known),
        )
        throw this.fault(name, "an input of the program", "an unknown one", nearest && `did you mean ${nearest}?`)
      }
  }

  private countRows(arrays: readonly HostArray[]): number {
    let rowCount: number | undefined
    this.specs.forEach(([name, { shape }], index) => {
      const { length } = arrays[index]
      const bounded = shape[0] instanceof Rows ? shape[0] : undefined
      const perRow = countElements(maximumShape(bounded ? shape.slice(1) : shape))
      const fits = bounded ? length % perRow === 0 && length / perRow <= bounded.maximum : length === perRow
      if (!fits) throw this.fault(name, `numbers for ${formatShape(shape)}`, `${length} numbers`)
      if (!bounded) return
      rowCount ??= length / perRow
      if (rowCount !== length / perRow)
        throw this.fault(name, `${rowCount} rows, as the inputs before it`, `${length / perRow} rows`)
    })
    return rowCount ?? 0
  }

  private checkRange(name: string, values: HostArray): void {
    const range = this.ranges.get(name)
    if (!range) return
    for (let place = 0; place < values.length; place++)
      if (values[place] < range.minimum || values[place] >= range.limit)
        throw this.fault(
          name,
          `numbers from ${range.minimum} to ${range.limit - 1}`,
          `${values[place]} at place ${place}`,
        )
  }
}

/** For each i32 input, the numbers that every operation reading it can take. */
function inputRanges(graph: Graph): Map<string, { minimum: number; limit: number }> {
  const ranges = new Map<string, { minimum: number; limit: number }>()
  for (const node of reachableNodes(graphRoots(graph)))
    for (const range of node.op.traits?.indexRanges ?? []) {
      const source = throughViews(node.inputs[range.input].node)
      if (!isInput(source)) continue
      const name = source.attributes["name"] as string
      const known = ranges.get(name) ?? { minimum: Number.NEGATIVE_INFINITY, limit: Number.POSITIVE_INFINITY }
      const limit = range.limit(node.inputs.map(({ shape, dtype }) => ({ shape, dtype })))
      ranges.set(name, { minimum: Math.max(known.minimum, range.minimum), limit: Math.min(known.limit, limit) })
    }
  return ranges
}

function throughViews(node: Node): Node {
  return node.op.traits?.view ? throughViews(node.inputs[0].node) : node
}

function toArray(value: HostInput, { dtype }: InputSpec): HostArray {
  if (dtype === "i32") {
    if (value instanceof Int32Array) return value
    return Int32Array.from(typeof value === "number" ? [value] : value)
  }
  if (value instanceof Float32Array) return value
  return Float32Array.from(typeof value === "number" ? [value] : value)
}

/**
 * Traces, runs once and gives the numbers back; for play and tests.
 *
 * @example await evaluate(() => add(1, 2))  // Float32Array [3]
 */
export async function evaluate(body: () => Tensor, options: CompileOptions = {}): Promise<HostArray> {
  using program = compile({}, () => ({ outputs: { value: body() } }), options)
  const { value } = await program.run({})
  return value
}
