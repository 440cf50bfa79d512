/**
 * Prints, as JSON, a hash of what each of a fixed list of programs gives on this process's instruction-set level: every
 * operation's cases in float32 and bf16, and for each family a training step and what it then generates. Run by
 * `levels.test.ts`, a process a level.
 */
import { createHash } from "node:crypto"
import { createExecutor, type HostArray } from "../../src/engine/index.ts"
import { OP_CASES } from "../../src/engine/ops/index.cases.ts"
import type { OpCases } from "../../src/engine/ops/op-case.cases.ts"
import { generateTogether, trainedBits } from "../invariants/tiny-programs.ts"
import { runCase } from "./run-case.ts"

const executor = createExecutor({ kind: "native", threads: 2 })

/** NaNs are one number here: which of their bits are set is no part of the contract. */
function hashArrays(arrays: readonly HostArray[]): string {
  const hash = createHash("sha256")
  for (const array of arrays) {
    hash.update(`${array.constructor.name} ${array.length} `)
    hash.update(array.map((value) => (Number.isNaN(value) ? Number.NaN : value)))
  }
  return hash.digest("hex").slice(0, 16)
}

async function hashOp({ op, cases }: OpCases, precision: "f32" | "bf16"): Promise<string> {
  const arrays: HostArray[] = []
  for (const opCase of cases) arrays.push(...(await runCase(op, opCase, { executor, precision })).outputs)
  return hashArrays(arrays)
}

const hashes: Record<string, string> = {}
for (const [name, opCases] of Object.entries(OP_CASES as Record<string, OpCases>)) {
  hashes[name] = await hashOp(opCases, "f32")
  if (opCases.bf16) hashes[`${name}, bf16`] = await hashOp(opCases, "bf16")
}
for (const family of ["llama", "gpt2"] as const)
  for (const precision of ["f32", "bf16"] as const) {
    hashes[`training ${family}, ${precision}`] = hashArrays(
      Object.values(await trainedBits(executor, { family, precision })),
    )
    hashes[`generating ${family}, ${precision}`] = hashArrays(
      Object.values(await generateTogether(executor, { family, precision })),
    )
  }
process.stdout.write(JSON.stringify({ level: executor.describe().level, hashes }))
