export { type CeilingOptions, type Ceilings, measureBlockCeilings, measureCeilings } from "./ceilings.ts"
export { createExecutor, defaultExecutor, type ExecutorOptions, setDefaultExecutor } from "./default-executor.ts"
export type {
  Executor,
  ExecutorDescription,
  ExecutorName,
  InstructionTime,
  Precision,
  PrecisionPolicy,
  ProgramMemory,
} from "./executor.ts"
export {
  type CompileOptions,
  compile,
  evaluate,
  f32,
  type InputSpec,
  i32,
  Program,
  type ProgramDescription,
} from "./program.ts"
export { State, Store } from "./store.ts"
