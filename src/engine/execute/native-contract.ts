/** Everything the native addon offers, typed: the one contract between TypeScript and C++. */

/** Opaque handles that the addon gives out. */
export interface NativeState {
  readonly nativeState: unique symbol
}
export interface NativeProgram {
  readonly nativeProgram: unique symbol
}

export interface NativeInfo {
  /** Instruction-set levels that this processor has, best first. */
  readonly levels: readonly string[]
  /** The level in use. */
  readonly level: string
  readonly cores: number
  readonly processor: string
  readonly alignment: number
}

export interface NativeProgramSettings {
  /** Words as `tape.ts` writes them. */
  readonly tape: Int32Array
  readonly constants: Uint8Array
  readonly states: readonly NativeState[]
  /** Indices of states that have a new version after a run. */
  readonly updatedStates: Int32Array
  /** Segment and byte of the float32 that says whether updates happen. */
  readonly predicate: readonly [segment: number, offset: number] | null
  readonly arenaBytes: number
  readonly inputBytes: number
  readonly outputBytes: number
  readonly commitInstruction: number
}

/** Bits of `run`'s flags. */
export const RUN_TIMES = 1
export const RUN_CHECK_FINITE = 2
/** The bytes around each output are watched while its kernel runs. */
export const RUN_CHECK_MARGINS = 4

export interface NativeResult {
  readonly status: "done" | "cancelled" | "notFinite" | "failed"
  readonly outputs: ArrayBuffer
  /** False when the predicate kept the updates from happening. */
  readonly applied: boolean
  /** Nanoseconds of each instruction, when asked for. */
  readonly times?: Float64Array
  /** The instruction that failed or made a NaN or infinity. */
  readonly instruction?: number
  readonly message?: string
}

export interface NativeMemory {
  readonly stateBytes: number
  readonly arenaBytes: number
  readonly constantBytes: number
}

export interface NativeAddon {
  info(): NativeInfo
  openLevel(level: string): void
  createState(bytes: number): NativeState
  writeState(state: NativeState, byteOffset: number, source: Uint8Array): void
  readState(state: NativeState, byteOffset: number, target: Uint8Array): void
  stateVersion(state: NativeState): number
  disposeState(state: NativeState): void
  createProgram(settings: NativeProgramSettings): NativeProgram
  disposeProgram(program: NativeProgram): void
  /** Copies `inputs` before it returns; `callback` is called once, on this thread. Answers an id for `cancel`. */
  run(
    program: NativeProgram,
    inputs: Uint8Array,
    rowCount: number,
    threads: number,
    flags: number,
    callback: (result: NativeResult) => void,
  ): number
  cancel(runId: number): boolean
  memory(): NativeMemory
  /** Bytes a second that `threads` threads read from memory. */
  measureMemoryBandwidth(threads: number, bytes: number): number
}
