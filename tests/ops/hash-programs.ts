/**
 * A hash of what each of a fixed list of programs gives: every operation's cases in float32 and bf16, and for each
 * family two training steps and what it generates. Programs in whose name bf16 stands have products of bfloat16.
 */
import { createHash } from "node:crypto"
import type { Executor, HostArray } from "../../src/engine/index.ts"
import { OP_CASES } from "../../src/engine/ops/index.cases.ts"
import type { OpCases } from "../../src/engine/ops/op-case.cases.ts"
import { generateTogether, trainedBits } from "../invariants/tiny-programs.ts"
import { runCase } from "./run-case.ts"

/** NaNs are one number here: which of their bits are set is no part of the contract. */
function hashArrays(arrays: readonly HostArray[]): string {
  const hash = createHash("sha256")
  for (const array of arrays) {
    hash.update(`${array.constructor.name} ${array.length} `)
    hash.update(array.map((value) => (Number.isNaN(value) ? Number.NaN : value)))
  }
  return hash.digest("hex").slice(0, 16)
}

export async function hashPrograms(executor: Executor): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {}
  for (const [name, { op, cases, bf16 }] of Object.entries(OP_CASES as Record<string, OpCases>))
    for (const opCase of cases) {
      const kind = opCase.inputs.some(({ dtype }) => dtype === "bf16") ? "bf16" : "f32"
      hashes[`${name}, ${opCase.title}, ${kind}`] = hashArrays(await runCase(op, opCase, { executor }))
      if (!bf16) continue
      const outputs = await runCase(op, opCase, { executor, precision: "bf16" })
      hashes[`${name}, ${opCase.title}, under the policy bf16`] = hashArrays(outputs)
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
  return hashes
}
