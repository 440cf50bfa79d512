/** The native executor where it was built; tests that need it skip elsewhere. */
import { createExecutor, type Executor } from "../../src/engine/index.ts"

export function nativeExecutor(threads = 2): Executor | undefined {
  const executor = createExecutor({ kind: "auto", threads })
  return executor.name === "native" ? executor : undefined
}
