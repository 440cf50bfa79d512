/** Operations that are also written in terms of simpler ones: both ways agree within the operation's tolerance. */
import { describe, expect, test } from "vitest"
import { compile, createExecutor, OPS, type Tensor } from "../../src/engine/index.ts"
import { OP_CASES } from "../../src/engine/ops/index.cases.ts"
import type { OpCases } from "../../src/engine/ops/op-case.cases.ts"
import { caseNumbers, caseSpecs, caseTensors, firstDifference, runCase } from "./run-case.ts"

const executor = createExecutor()
const lowered = Object.entries(OP_CASES as Record<string, OpCases>).filter(([, { op }]) => op.lower)

describe(`fused against lowered, ${executor.name}`, () => {
  test.each(lowered)("%s", async (_, { op, cases, tolerance }) => {
    const faults: string[] = []
    for (const opCase of cases) {
      using program = compile(
        caseSpecs(opCase.inputs),
        (traced: Readonly<Record<string, Tensor>>) => {
          const tensors = op.lower?.(caseTensors(opCase.inputs, traced), (opCase.attributes ?? {}) as never) ?? []
          return { outputs: Object.fromEntries(tensors.map((tensor, index) => [`output${index}`, tensor])) }
        },
        { executor, precision: "f32" },
      )
      const wanted = Object.values(await program.run(caseNumbers(opCase.inputs)))
      const outputs = await runCase(op, opCase, { executor })
      outputs.forEach((output, index) => {
        const difference = firstDifference(output, wanted[index], opCase.tolerance ?? tolerance)
        if (difference) faults.push(`${opCase.title}: output ${index}, ${difference}`)
      })
    }
    expect(faults).toEqual([])
  })
})

test("every operation has a native kernel or a lowered form, is a view, or joins the elementwise kernel", () => {
  for (const [name, { native, lower, traits, reference }] of Object.entries(OPS)) {
    expect(native ?? lower ?? traits?.view, name).toBeTruthy()
    expect(reference, name).toBeTruthy()
  }
})
