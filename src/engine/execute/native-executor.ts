/** The native executor: plans a graph, encodes it as a tape and hands it to the addon. */
import type { Executor } from "./executor.ts"

/** Placeholder until the addon is built. */
export function loadNative(): { readonly addon: never } | { readonly why: string } {
  return { why: "no addon" }
}
export declare class NativeExecutor implements Executor {
  constructor(addon: never, threads: number)
  readonly name: "native"
  readonly threads: number
  describe: Executor["describe"]
  resolvePrecision: Executor["resolvePrecision"]
  allocate: Executor["allocate"]
  prepare: Executor["prepare"]
}
