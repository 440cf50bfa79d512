/**
 * Units that sum rows, pack matrices, round and activate while a matrix is made give the bits of the same operations run
 * one after the other.
 */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  add,
  compile,
  type Executor,
  f32,
  geluTanh,
  type HostArray,
  matmul,
  multiply,
  rows,
  type Tensor,
} from "../../src/engine/index.ts"
import { geluTanhGradient, layerNormGradient, rmsNormGradient, sum } from "../../src/engine/ops/index.ts"
import { normalNumbers } from "../../src/engine/ops/philox.ts"
import { nativeExecutor } from "../ops/native-executor.ts"

const executor = nativeExecutor() as Executor

const MOST_ROWS = 150

interface Inputs {
  readonly x: Tensor
  readonly dy: Tensor
  readonly residual: Tensor
  readonly weight: Tensor
  readonly line: Tensor
  readonly scales: Tensor
}

/** Named tensors; those that end in "Within" are handed out only by the program whose units are to stay apart. */
type Build = (inputs: Inputs) => Record<string, Tensor>

const learn = (input: Tensor, gradient: Tensor): Tensor => matmul(input, gradient, { transposeLeft: true })
const read = (line: Tensor): Tensor => multiply(line, 3)

const PROGRAMS: Readonly<Record<string, { readonly build: Build; readonly kernel: string }>> = {
  "the gradients of a linear layer behind an activation": {
    kernel: "matmulElementwise",
    build: ({ x, dy, weight }) => {
      const gradient = geluTanhGradient(x, matmul(dy, weight))
      const biasWithin = sum(gradient, 0)
      return { biasWithin, bias: read(biasWithin), weight: learn(x, gradient), input: matmul(gradient, weight) }
    },
  },
  "an activation beside what it is made from": {
    kernel: "matmulElementwise",
    build: ({ x, weight, line }) => {
      const before = add(matmul(x, weight), line)
      return { before, after: geluTanh(before), next: learn(before, geluTanh(before)) }
    },
  },
  "two gradients made of one product": {
    kernel: "matmulElementwise",
    build: ({ x, dy, residual, weight }) => {
      const productWithin = matmul(dy, weight)
      const [left, right] = [geluTanhGradient(x, multiply(productWithin, residual)), multiply(productWithin, x)]
      return { productWithin, left: learn(x, left), right: learn(x, right), input: matmul(right, weight) }
    },
  },
  "a gradient that is summed and packed": {
    kernel: "elementwiseRows",
    build: ({ x, dy, scales }) => {
      const gradient = multiply(dy, scales)
      const [biasWithin, sourceWithin] = [sum(gradient, 0), sum(dy, 0)]
      return { biasWithin, sourceWithin, bias: add(biasWithin, sourceWithin), weight: learn(x, gradient) }
    },
  },
  "layerNorm's gradient and the residual stream": {
    kernel: "layerNormGradient",
    build: ({ x, dy, residual, weight, line, scales }) => {
      const [dxWithin, dWeight, dBias] = layerNormGradient(x, line, scales, scales, dy)
      const total = add(residual, dxWithin)
      const biasWithin = sum(total, 0)
      return {
        dxWithin,
        biasWithin,
        ...{ dWeight, dBias, total, bias: read(biasWithin), next: learn(x, total), input: matmul(total, weight) },
      }
    },
  },
  "rmsNorm's gradient and the residual stream": {
    kernel: "rmsNormGradient",
    build: ({ x, dy, residual, line, scales }) => {
      const [dxWithin, dWeight] = rmsNormGradient(x, line, scales, dy)
      const total = add(residual, dxWithin)
      return { dxWithin, dWeight, next: learn(x, total), total }
    },
  },
}

interface Sizes {
  readonly count: number
  readonly width: number
}

/** A square layer of `width`; what is handed out besides keeps sums and products in instructions of their own. */
async function run(build: Build, { count, width }: Sizes, precision: "f32" | "bf16", apart: boolean) {
  const matrix = f32(rows(MOST_ROWS), width)
  const specs = {
    ...{ x: matrix, dy: matrix, residual: matrix, weight: f32(width, width), line: f32(width) },
    scales: f32(rows(MOST_ROWS), 1),
  }
  using program = compile(
    specs,
    (inputs) => {
      const named = Object.entries(build(inputs))
      return { outputs: Object.fromEntries(named.filter(([name]) => apart || !name.endsWith("Within"))) }
    },
    { executor, precision },
  )
  const numbers = (seed: number, size: number) => normalNumbers([seed, 11], size)
  const outputs: Record<string, HostArray> = await program.run({
    x: numbers(1, count * width),
    dy: numbers(2, count * width),
    residual: numbers(3, count * width),
    weight: numbers(4, width * width),
    line: numbers(5, width),
    scales: numbers(6, count),
  })
  return { text: program.print(), outputs }
}

describe.skipIf(!executor)("what is taken along", () => {
  const sizes = fc.record({ count: fc.integer({ min: 0, max: MOST_ROWS }), width: fc.integer({ min: 1, max: 100 }) })
  for (const precision of ["f32", "bf16"] as const)
    test.each(Object.entries(PROGRAMS))(`%s, in ${precision}`, async (_, { build, kernel }) => {
      await fc.assert(
        fc.asyncProperty(sizes, async (size) => {
          const together = await run(build, size, precision, false)
          const apart = await run(build, size, precision, true)
          for (const [name, values] of Object.entries(together.outputs))
            expect(values, name).toEqual(apart.outputs[name])
          expect(together.text).toMatch(new RegExp(`${kernel}: .*packed`))
          expect(together.text).not.toMatch(/ sum: /)
        }),
        { numRuns: 25, seed: 5 },
      )
    })
})
