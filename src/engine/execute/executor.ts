/** What an executor promises. Nothing above this room may assume which one it talks to. */
import type { Graph } from "../graph/index.ts"
import type { DType, HostArray } from "../tensor/index.ts"

/** Which numbers products are made of: `auto` takes bf16 where the machine multiplies it faster, f32 elsewhere. */
export type PrecisionPolicy = "auto" | Precision
export type Precision = "f32" | "bf16"

export type ExecutorName = "native" | "reference"

export interface ExecutorDescription {
  readonly name: ExecutorName
  /** Instruction-set level in use: `scalar`, `avx2`, `avx512`, `amx`, `neon`; `float64` for the reference. */
  readonly level: string
  readonly levels: readonly string[]
  readonly threads: number
  readonly processor: string
  readonly cores: number
}

/** Bytes by purpose. `total` is what the program needs while it runs, states included. */
export interface ProgramMemory {
  /** States that the program reads or writes. */
  readonly states: number
  /** Matrices re-laid for products and kept from run to run. */
  readonly packs: number
  readonly constants: number
  /** The arena: every other value, at the fullest moment of a run. */
  readonly activations: number
  /** Inputs and outputs of one run. */
  readonly exchange: number
  readonly total: number
}

/** Memory behind a state. */
export interface StateStorage {
  readonly bytes: number
  /** Grows with every change. */
  readonly version: number
  /** A copy of the numbers: bfloat16 widened, blocks dequantized. */
  read(): Promise<HostArray>
  /** A copy of the rows of blocks; for states of weights in blocks only. */
  readBlocks(): Promise<Uint8Array>
  /** Takes a number for each place, rounded to the state's kind, or the rows of blocks, already of the right length. */
  write(data: HostArray | Uint8Array): Promise<void>
  dispose(): void
}

export interface RunRequest {
  /** In the order of the graph's inputs; lengths already checked. */
  readonly inputs: readonly HostArray[]
  readonly rowCount: number
  readonly signal?: AbortSignal
}

/** What one instruction of a run did. */
export interface InstructionTime {
  readonly kernel: string
  /** Operations and module path. */
  readonly origin: string
  readonly nanoseconds: number
  /** Floating-point operations of the largest run. */
  readonly operations: number
  /** Bytes it reads and writes in the largest run, each operand once. */
  readonly bytes: number
}

/** A graph made ready to run many times. */
export interface PreparedProgram {
  readonly memory: ProgramMemory
  run(request: RunRequest): Promise<Record<string, HostArray>>
  /** Runs once and gives the time of each instruction instead of the outputs; the reference executor has none. */
  time?(request: RunRequest): Promise<readonly InstructionTime[]>
  /** The plan as text. */
  print(): string
  dispose(): void
}

export interface Executor {
  readonly name: ExecutorName
  readonly threads: number
  describe(): ExecutorDescription
  resolvePrecision(policy: PrecisionPolicy): Precision
  /** Memory for a state, zeros. A `transient` one is never saved. */
  allocate(shape: readonly number[], dtype: DType, transient?: boolean): StateStorage
  prepare(graph: Graph, name: string): PreparedProgram
}
