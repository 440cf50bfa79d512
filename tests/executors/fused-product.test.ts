/** A product that passes through elementwise steps before it is written has the bits of the product and then the steps. */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  add,
  compile,
  type Executor,
  exp,
  f32,
  geluTanh,
  type HostArray,
  matmul,
  multiply,
  round,
  rows,
  Store,
  subtract,
  type Tensor,
} from "../../src/engine/index.ts"
import { normalNumbers } from "../../src/engine/ops/philox.ts"
import { nativeExecutor } from "../ops/native-executor.ts"

const executor = nativeExecutor() as Executor

interface Shapes {
  readonly count: number
  readonly inner: number
  readonly columns: number
}

const numbers = (seed: number, count: number) => normalNumbers([seed, 7], count)

type Steps = (product: Tensor, further: { bias: Tensor; residual: Tensor; scales: Tensor }) => Tensor

const STEPS: Readonly<Record<string, Steps>> = {
  "bias and residual": (product, { bias, residual }) => add(add(product, bias), residual),
  "bias and activation": (product, { bias }) => geluTanh(add(product, bias)),
  "a scale for each row": (product, { scales }) => multiply(product, scales),
  constants: (product) => subtract(multiply(product, 0.5), 3),
  rounded: (product, { bias }) => round(add(product, bias)),
}

/** Runs the steps on a product; `apart` hands the product out, so that it must be written before the steps. */
async function run(
  steps: Steps,
  { count, inner, columns }: Shapes,
  precision: "f32" | "bf16",
  apart: boolean,
): Promise<HostArray> {
  using program = compile(
    {
      x: f32(rows(200), inner),
      weight: f32(inner, columns),
      bias: f32(columns),
      residual: f32(rows(200), columns),
      scales: f32(rows(200), 1),
    },
    ({ x, weight, ...further }) => {
      const product = matmul(x, weight)
      return { outputs: { y: steps(product, further), ...(apart ? { product } : {}) } }
    },
    { executor, precision },
  )
  expect(program.print().includes("matmulElementwise")).toBe(!apart)
  const { y } = await program.run({
    x: numbers(1, count * inner),
    weight: numbers(2, inner * columns),
    bias: numbers(3, columns),
    residual: numbers(4, count * columns),
    scales: numbers(5, count),
  })
  return y
}

describe.skipIf(!executor)("a product with steps", () => {
  const shapes = fc.record({
    count: fc.integer({ min: 0, max: 200 }),
    inner: fc.integer({ min: 1, max: 70 }),
    columns: fc.integer({ min: 1, max: 100 }),
  })
  for (const precision of ["f32", "bf16"] as const)
    test.each(Object.keys(STEPS))(`%s, in ${precision}`, async (name) => {
      await fc.assert(
        fc.asyncProperty(shapes, async (sizes) => {
          const [together, apart] = [false, true].map((value) => run(STEPS[name], sizes, precision, value))
          expect(await together).toEqual(await apart)
        }),
        { numRuns: 25, seed: 3 },
      )
    })

  test("may write over what it reads, but not over its own factors", async () => {
    using program = compile(
      { x: f32(64, 64), weight: f32(64, 64) },
      ({ x, weight }) => {
        const first = exp(multiply(x, 0.1))
        return { outputs: { y: multiply(add(matmul(first, weight), first), 2) } }
      },
      { executor, precision: "f32" },
    )
    using apart = compile(
      { x: f32(64, 64), weight: f32(64, 64) },
      ({ x, weight }) => {
        const first = exp(multiply(x, 0.1))
        const product = matmul(first, weight)
        return { outputs: { y: multiply(add(product, first), 2), product, first } }
      },
      { executor, precision: "f32" },
    )
    const inputs = { x: numbers(1, 4096), weight: numbers(2, 4096) }
    expect((await program.run(inputs)).y).toEqual((await apart.run(inputs)).y)
  })

  test("a state that is a factor is updated by a copy, one that is only added in place", async () => {
    using store = new Store(executor)
    const [state, other] = [store.create("a", [32, 32]), store.create("b", [32, 32])]
    await state.write(numbers(1, 1024))
    await other.write(numbers(2, 1024))
    using program = compile(
      { x: f32(32, 32) },
      ({ x }) => ({
        outputs: {},
        updates: [
          { state, value: add(matmul(state, x), state) },
          { state: other, value: add(matmul(x, x), other) },
        ],
      }),
      { executor, precision: "f32" },
    )
    using wanted = compile(
      { a: f32(32, 32), b: f32(32, 32), x: f32(32, 32) },
      ({ a, b, x }) => {
        const [left, right] = [matmul(a, x), matmul(x, x)]
        return { outputs: { a: add(left, a), b: add(right, b), left, right } }
      },
      { executor, precision: "f32" },
    )
    const inputs = { x: numbers(3, 1024) }
    const { a, b } = await wanted.run({ ...inputs, a: await state.read(), b: await other.read() })
    await program.run(inputs)
    expect([await state.read(), await other.read()]).toEqual([a, b])
  })
})
