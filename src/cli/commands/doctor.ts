/** `glossa doctor`: what this machine is and what it can do at best. */
import { availableParallelism, freemem, totalmem } from "node:os"
import {
  type Ceilings,
  createExecutor,
  defaultExecutor,
  type Executor,
  type ExecutorDescription,
  measureCeilings,
} from "../../engine/index.ts"
import { GlossaError } from "../../errors.ts"
import { type Call, COMMON_FLAGS, defineCommand, JSON_FLAG } from "../command.ts"
import { printJson, printLine } from "../terminal.ts"
import { byteSize } from "../wording.ts"

const flags = { ...COMMON_FLAGS, ...JSON_FLAG }

export const doctor = defineCommand({
  flags,
  example: "glossa doctor --json",
  async run({ flags: given, terminal }: Call<typeof flags>) {
    const executor = defaultExecutor()
    const found = diagnosis(executor, await measureCeilings(executor))
    if (given.json) printJson(terminal, found)
    else for (const line of describe(found)) printLine(terminal, line)
  },
})

/** What doctor finds, named as its JSON is. */
export function diagnosis(executor: Executor, ceilings: Ceilings) {
  const description = executor.describe()
  const native = nativeDescription(executor)
  const levels = native && "levels" in native ? native.levels : []
  return {
    processor: description.processor,
    architecture: process.arch,
    system: `${process.platform} ${process.arch}, Node ${process.versions.node}`,
    cores: availableParallelism(),
    threads: executor.threads,
    instruction_sets: levels,
    instruction_set_in_use: description.level,
    amx: levels.includes("amx"),
    memory_bytes: totalmem(),
    free_memory_bytes: freemem(),
    executor: executor.name,
    executor_reason: reason(executor, native),
    precision: executor.resolvePrecision("auto"),
    matmul_size: ceilings.matmulSize,
    matmul_f32_gflops: rounded(ceilings.matmulFlops.f32 / 1e9),
    matmul_bf16_gflops: rounded(ceilings.matmulFlops.bf16 / 1e9),
    memory_read_gb_per_s: ceilings.memoryBytesPerSecond === null ? null : rounded(ceilings.memoryBytesPerSecond / 1e9),
  }
}

/** The native executor's description, or why there is none. */
function nativeDescription(executor: Executor): ExecutorDescription | { readonly why: string } {
  if (executor.name === "native") return executor.describe()
  try {
    return createExecutor({ kind: "native" }).describe()
  } catch (error) {
    if (error instanceof GlossaError && error.code === "EXECUTOR_UNAVAILABLE") return { why: error.fields.came }
    throw error
  }
}

function reason({ name }: Executor, native: ExecutorDescription | { readonly why: string }): string {
  if (name === "native")
    return process.env["GLOSSA_EXECUTOR"] === "native" ? "GLOSSA_EXECUTOR asks for it" : "its addon is built"
  if ("why" in native) return `the native addon cannot be loaded: ${native.why}`
  return "GLOSSA_EXECUTOR asks for it"
}

function describe(found: ReturnType<typeof diagnosis>): string[] {
  const bandwidth = found.memory_read_gb_per_s
  return [
    `processor         ${found.processor}, ${found.cores} cores, ${found.architecture}`,
    `instruction sets  ${found.instruction_sets.join(", ") || "none of ours"}; in use ${found.instruction_set_in_use}; AMX ${found.amx ? "yes" : "no"}`,
    `memory            ${byteSize(found.memory_bytes)}, of which free ${byteSize(found.free_memory_bytes)}`,
    `system            ${found.system}`,
    `executor          ${found.executor} (${found.executor_reason}), ${found.threads} threads, precision ${found.precision}`,
    `matmul            ${found.matmul_f32_gflops} GFLOP/s f32, ${found.matmul_bf16_gflops} GFLOP/s bf16 (${found.matmul_size}³)`,
    `memory reads      ${bandwidth === null ? "not measured by this executor" : `${bandwidth} GB/s`}`,
  ]
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}
