/** Stores of state: the numbers that live from run to run. */
import { GlossaError, nearestName } from "../../errors.ts"
import { StateHandle } from "../graph/index.ts"
import { countElements, type DType, formatShape, type HostArray } from "../tensor/index.ts"
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
  /** A copy of the numbers, once the runs before have ended; bfloat16 comes widened. */
  read(): Promise<HostArray> {
    return this.storage.read()
  }
  /** @throws SHAPE_MISMATCH when `data` has not one number for each place */
  async write(data: HostArray): Promise<void> {
    if (data.length !== this.length)
      throw new GlossaError("SHAPE_MISMATCH", {
        where: this.path,
        wanted: `${this.length} numbers for ${formatShape(this.shape)}`,
        came: `${data.length}`,
      })
    await this.storage.write(data)
  }
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
