/** Which executor serves: the native one where it was built, the reference elsewhere, or as the environment says. */
import { availableParallelism } from "node:os"
import { GlossaError } from "../../errors.ts"
import type { Executor, ExecutorName } from "./executor.ts"
import { loadNative, NativeExecutor } from "./native-executor.ts"
import { ReferenceExecutor } from "./reference-executor.ts"

export interface ExecutorOptions {
  /** `auto` (the default, or GLOSSA_EXECUTOR): native where it was built. */
  readonly kind?: "auto" | ExecutorName
  /** Threads that a program may use; GLOSSA_THREADS or the processor's count when left out. */
  readonly threads?: number
}

const MOST_THREADS = 64

/** @throws EXECUTOR_UNAVAILABLE when `native` is asked for where it cannot be loaded */
export function createExecutor({ kind, threads }: ExecutorOptions = {}): Executor {
  const wanted = kind ?? executorFromEnvironment()
  const count = checkThreads(threads ?? threadsFromEnvironment() ?? availableParallelism())
  if (wanted === "reference") return new ReferenceExecutor()
  const native = loadNative()
  if ("addon" in native) return new NativeExecutor(native.addon, count)
  if (wanted === "auto") return new ReferenceExecutor()
  throw new GlossaError("EXECUTOR_UNAVAILABLE", {
    where: "native executor",
    wanted: "its addon, built when the package was installed",
    came: native.why,
    fix: "install a C++20 compiler and run `npm rebuild glossa`, or use GLOSSA_EXECUTOR=reference",
  })
}

let shared: Executor | undefined

/** The executor that serves where none is named; made when first asked for. */
export function defaultExecutor(): Executor {
  shared ??= createExecutor()
  return shared
}

/** Replaces the default executor for programs and stores made from now on; for the command line's flags. */
export function setDefaultExecutor(executor: Executor): void {
  shared = executor
}

function executorFromEnvironment(): "auto" | ExecutorName {
  const value = process.env["GLOSSA_EXECUTOR"] ?? "auto"
  if (value === "auto" || value === "native" || value === "reference") return value
  throw new GlossaError("COMMAND_INVALID", {
    where: "GLOSSA_EXECUTOR",
    wanted: "auto, native or reference",
    came: value,
  })
}

function threadsFromEnvironment(): number | undefined {
  const value = process.env["GLOSSA_THREADS"]
  return value ? Number(value) : undefined
}

function checkThreads(count: number): number {
  if (Number.isInteger(count) && count >= 1 && count <= MOST_THREADS) return count
  throw new GlossaError("COMMAND_INVALID", {
    where: "threads",
    wanted: `a whole number from 1 to ${MOST_THREADS}`,
    came: String(count),
  })
}
