/** The executors of this machine: what they promise is tested once and holds for each. */
import { createExecutor, type Executor } from "../../src/engine/index.ts"
import { nativeExecutor } from "../ops/native-executor.ts"

const native = nativeExecutor()

export const EXECUTORS: readonly (readonly [name: string, executor: Executor])[] = [
  ["reference", createExecutor({ kind: "reference" })],
  ...(native ? ([["native", native]] as const) : []),
]
