/**
 * Every case of every operation: native against the float64 reference, in float32 and, where the bf16 policy rounds,
 * under it; the bytes around each output are watched meanwhile. `GLOSSA_ISA=avx2 npm test -- ops` runs the same on another instruction-set level.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { createExecutor, OPS } from "../../src/engine/index.ts"
import { OP_CASES } from "../../src/engine/ops/index.cases.ts"
import { type OpCases, referenceOutputs, type Tolerance } from "../../src/engine/ops/op-case.cases.ts"
import { nativeExecutor } from "./native-executor.ts"
import { firstDifference, runCase } from "./run-case.ts"

const reference = createExecutor({ kind: "reference" })
const native = nativeExecutor()
beforeEach(() => vi.stubEnv("GLOSSA_CHECK", "memory"))
afterEach(() => vi.unstubAllEnvs())

const EXACTLY: Tolerance = { absolute: 0, relative: 0, why: "whole numbers" }

async function faultsOf({ op, cases }: OpCases, precision: "f32" | "bf16", tolerance: Tolerance): Promise<string[]> {
  const faults: string[] = []
  for (const opCase of cases) {
    const wanted = await runCase(op, opCase, { executor: reference, precision })
    const came = await runCase(op, opCase, { executor: native!, precision })
    came.forEach((output, index) => {
      const allowed = output instanceof Int32Array ? EXACTLY : (opCase.tolerance ?? tolerance)
      const difference = firstDifference(output, wanted[index], allowed)
      if (difference) faults.push(`${opCase.title}: output ${index}, ${difference}`)
    })
  }
  return faults
}

describe.skipIf(!native)(`native ${native?.describe().level} against the reference`, () => {
  test.each(Object.entries(OP_CASES as Record<string, OpCases>))("%s", async (_, opCases) => {
    expect(await faultsOf(opCases, "f32", opCases.tolerance)).toEqual([])
  })
  const rounding = Object.entries(OP_CASES as Record<string, OpCases>).filter(([, { bf16 }]) => bf16)
  test.each(rounding)("%s under the bf16 policy", async (_, opCases) => {
    expect(await faultsOf(opCases, "bf16", opCases.bf16 as Tolerance)).toEqual([])
  })
})

describe("cases", () => {
  test("are there for every operation, and of that operation", () => {
    expect(Object.keys(OP_CASES).sort()).toEqual(Object.keys(OPS).sort())
    for (const [name, { op, cases }] of Object.entries(OP_CASES as Record<string, OpCases>)) {
      expect(op).toBe(OPS[name as keyof typeof OPS])
      expect(cases.length, name).toBeGreaterThanOrEqual(6)
      const titles = cases.map(({ title }) => title)
      expect(new Set(titles).size, `titles of ${name}`).toBe(titles.length)
    }
  })

  test("have sizes to be timed at, unless they are elementwise or do nothing", () => {
    for (const [name, { op, atModelSizes }] of Object.entries(OP_CASES as Record<string, OpCases>))
      expect(Boolean(atModelSizes || op.traits?.elementwise || op.traits?.view || op.traits?.window), name).toBe(true)
  })

  test("name a tolerance for the bf16 policy exactly where it rounds", () => {
    for (const [name, { op, bf16 }] of Object.entries(OP_CASES as Record<string, OpCases>))
      expect(bf16 !== undefined, name).toBe(op.traits?.rounds !== undefined)
  })

  test("cover empty and large tensors", () => {
    for (const [name, { cases }] of Object.entries(OP_CASES as Record<string, OpCases>)) {
      const sizes = cases.flatMap((opCase) => [
        ...opCase.inputs.map(({ data }) => data.length),
        ...referenceOutputs(OPS[name as keyof typeof OPS], opCase.inputs, opCase.attributes).map(
          ({ data }) => data.length,
        ),
      ])
      expect(sizes, `no numbers for ${name}`).toContain(0)
      expect(Math.max(...sizes), `more than two vectors for ${name}`).toBeGreaterThan(32)
    }
  })
})
