import { expect, test } from "vitest"
import { createExecutor, type Executor } from "../index.ts"
import { timedOps, timeOps } from "./index.ts"

const SIZES = { rows: 128, sequences: 2, width: 32, heads: 4, kvHeads: 2, headSize: 8, inner: 64, vocabulary: 100 }
const CEILINGS = { matmulFlops: { f32: 1e9, bf16: 2e9 }, matmulSize: 96, memoryBytesPerSecond: 1e9 }

function native(): Executor | undefined {
  try {
    return createExecutor({ kind: "native" })
  } catch {
    return undefined
  }
}
const executor = native()

async function timesOf(...given: Parameters<typeof timeOps>) {
  const times = []
  for await (const time of timeOps(...given)) times.push(time)
  return times
}

test.skipIf(!executor)("every operation has a time at a model's sizes, in both precisions", async () => {
  for (const precision of ["f32", "bf16"] as const) {
    const times = await timesOf(executor as Executor, CEILINGS, SIZES, { precision, seconds: 0 })
    expect(new Set(times.map(({ op }) => op))).toEqual(new Set(timedOps()))
    for (const { op, nanoseconds, bytes, ofRoof, kernels } of times) {
      expect(Math.min(nanoseconds, bytes, ofRoof, kernels.length), op).toBeGreaterThan(0)
      expect(
        kernels.reduce((sum, [, share]) => sum + share, 0),
        op,
      ).toBeCloseTo(1, 6)
    }
  }
})

test.skipIf(!executor)("a product's roof is its operations, a copy's its bytes", async () => {
  const times = await timesOf(executor as Executor, CEILINGS, SIZES, {
    precision: "f32",
    ops: ["matmul", "transpose"],
    seconds: 0,
  })
  const up = times.find(({ title }) => title.startsWith("feed-forward up:"))
  expect(up).toMatchObject({ operations: 2 * 128 * 32 * 64, bytes: 4 * (128 * 32 + 32 * 64 + 128 * 64) })
  // 524,288 operations at 10⁹ a second are 524,288 ns; the bytes alone would be 57,344 ns.
  expect(up).toMatchObject({ bound: "operations", ofRoof: 524_288 / (up?.nanoseconds ?? 0) })
  const turned = times.find(({ op }) => op === "transpose")
  expect(turned).toMatchObject({ bound: "memory", operations: 0, bytes: 2 * 4 * 128 * 32 })
})

test.skipIf(!executor)("a product with weights in blocks has the roof of such products", async () => {
  const ceilings = { ...CEILINGS, blockProductOperations: { q8_0: 4e9, q4_0: 5e9 } }
  const options = { precision: "f32", ops: ["quantizedMatmul"], seconds: 0 } as const
  const times = await timesOf(executor as Executor, ceilings, SIZES, options)
  const [q8, q4] = ["q8_0", "q4_0"].map((dtype) =>
    times.find(({ title }) => title.startsWith(`feed-forward up: ${dtype}`)),
  )
  // 524,288 operations at 4 · 10⁹ and 5 · 10⁹ a second.
  expect(q8).toMatchObject({ bound: "operations", ofRoof: 131_072 / (q8?.nanoseconds ?? 0) })
  expect(q4).toMatchObject({ bound: "operations", ofRoof: 104_857.6 / (q4?.nanoseconds ?? 0) })
})

test("the reference executor says that it cannot", async () => {
  const reference = createExecutor({ kind: "reference" })
  await expect(timesOf(reference, CEILINGS, SIZES, { precision: "f32", ops: ["negate"] })).rejects.toMatchObject({
    code: "EXECUTOR_UNAVAILABLE",
  })
})
