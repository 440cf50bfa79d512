/** Stores of state: the numbers that live from run to run. */
import { GlossaError, nearestName } from "../../errors.ts"
import { StateHandle } from "../graph/index.ts"
import {
  BLOCK_INPUTS,
  blockBytes,
  countElements,
  type DType,
  formatShape,
  type HostArray,
  isBlockDType,
} from "../tensor/index.ts"
import { defaultExecutor } from "./default-executor.ts"
import type { Executor, StateStorage } from "./executor.ts"

/** A persistent buffer with a name: a parameter, a moment of the optimizer, a page pool of a cache. */
export class State extends StateHandle {
  readonly path: string
  readonly shape: readonly number[]
  readonly dtype: DType
  readonly executor: Executor
  readonly storage: StateStorage

  constructor(path: string, shape: readonly number[], dtype: DType, executor: Executor, transient = false) {
    super()
    if (isBlockDType(dtype)) checkBlockShape(path, shape, dtype)
    this.path = path
    this.shape = shape
    this.dtype = dtype
    this.executor = executor
    this.storage = executor.allocate(shape, dtype, transient)
  }
  /** Number of places. */
  get length(): number {
    return countElements(this.shape)
  }
  /** Grows with every change. */
  get version(): number {
    return this.storage.version
  }
  /** A copy of the numbers, once the runs before have ended; bfloat16 comes widened, blocks come dequantized. */
  read(): Promise<HostArray> {
    return this.storage.read()
  }
  /**
   * A copy of a matrix in blocks as its rows, the bytes of a GGUF file, once the runs before have ended.
   *
   * @throws DTYPE_MISMATCH when the state's numbers are not in blocks
   */
  async readBlocks(): Promise<Uint8Array> {
    if (!isBlockDType(this.dtype)) throw notInBlocks(this.path, this.dtype)
    return this.storage.readBlocks()
  }
  /**
   * Takes numbers, rounded to the state's kind, or for a matrix in blocks the bytes of its rows, as GGUF files have them.
   *
   * @throws SHAPE_MISMATCH when `data` has not one number for each place, or one block for each 32 of them
   * @throws DTYPE_MISMATCH when bytes are given to a state whose numbers are not in blocks
   */
  async write(data: HostArray | Uint8Array): Promise<void> {
    const inBlocks = data instanceof Uint8Array
    if (inBlocks && !isBlockDType(this.dtype)) throw notInBlocks(this.path, this.dtype)
    const wanted =
      inBlocks && isBlockDType(this.dtype) ? (this.length / BLOCK_INPUTS) * blockBytes(this.dtype) : this.length
    if (data.length !== wanted)
      throw new GlossaError("SHAPE_MISMATCH", {
        where: this.path,
        wanted: `${wanted} ${inBlocks ? `bytes of ${this.dtype}` : "numbers"} for ${formatShape(this.shape)}`,
        came: `${data.length}`,
      })
    await this.storage.write(data)
  }
}

function checkBlockShape(path: string, shape: readonly number[], dtype: DType): void {
  if (shape.length === 2 && shape[1] % BLOCK_INPUTS === 0) return
  throw new GlossaError("SHAPE_MISMATCH", {
    where: path,
    wanted: `a matrix [outputs, inputs] for ${dtype}, inputs a multiple of ${BLOCK_INPUTS}`,
    came: formatShape(shape),
  })
}

function notInBlocks(path: string, dtype: DType): GlossaError {
  return new GlossaError("DTYPE_MISMATCH", { where: path, wanted: "a state of q8_0 or q4_0 blocks", came: dtype })
}

export interface StateOptions {
  readonly dtype?: DType
  /** Never saved, such as the pages of a cache: an executor may keep such a state in the precision it computes in. */
  readonly transient?: boolean
}

/** Named states of one executor. Disposing the store gives their memory back. */
export class Store {
  readonly executor: Executor
  private readonly byPath = new Map<string, State>()
  private disposed = false

  constructor(executor: Executor = defaultExecutor()) {
    this.executor = executor
  }

  /** A new state of zeros. @throws TRACE_MISUSE when the path is taken */
  create(path: string, shape: readonly number[], { dtype = "f32", transient }: StateOptions = {}): State {
    if (this.disposed)
      throw new GlossaError("DISPOSED", { where: path, wanted: "an open store", came: "a disposed one" })
    if (this.byPath.has(path))
      throw new GlossaError("TRACE_MISUSE", { where: path, wanted: "a path not taken yet", came: "one that is" })
    const state = new State(path, shape, dtype, this.executor, transient)
    this.byPath.set(path, state)
    return state
  }
  /** @throws CHECKPOINT_MISMATCH when there is no such state */
  get(path: string): State {
    const state = this.byPath.get(path)
    if (state) return state
    const nearest = nearestName(path, this.byPath.keys())
    throw new GlossaError("CHECKPOINT_MISMATCH", {
      where: path,
      wanted: "a state of this store",
      came: "a path it does not have",
      ...(nearest ? { fix: `did you mean ${nearest}?` } : {}),
    })
  }
  has(path: string): boolean {
    return this.byPath.has(path)
  }
  states(): State[] {
    return [...this.byPath.values()]
  }
  /** Bytes of all states. */
  get bytes(): number {
    return this.states().reduce((total, { storage }) => total + storage.bytes, 0)
  }
  remove(state: State): void {
    if (this.byPath.get(state.path) !== state) return
    this.byPath.delete(state.path)
    state.storage.dispose()
  }
  dispose(): void {
    this.disposed = true
    for (const state of this.states()) this.remove(state)
  }
  [Symbol.dispose](): void {
    this.dispose()
  }
}
