/** What rounding to blocks costs, and that weights in blocks are read and trained in no other way than meant. */
import { describe, expect, test } from "vitest"
import {
  compile,
  createExecutor,
  f32,
  grad,
  matmul,
  normalNumbers,
  quantizedMatmul,
  reshape,
  rows,
  Store,
  sum,
} from "../../src/engine/index.ts"

const executor = createExecutor()

describe.each(["q8_0", "q4_0"] as const)(`%s, ${executor.name}`, (dtype) => {
  test("rounding activations changes a product by less than 1 % of its size", async () => {
    const [inputs, outputs, count] = [768, 100, 20]
    using store = new Store(executor)
    const weight = store.create("weight", [outputs, inputs], { dtype })
    await weight.write(normalNumbers([1, 2], outputs * inputs))
    const plain = store.create("plain", [outputs, inputs])
    await plain.write(await weight.read())
    using program = compile(
      { x: f32(rows(32), inputs) },
      ({ x }) => ({
        outputs: { rounded: quantizedMatmul(x, weight), exact: matmul(x, plain, { transposeRight: true }) },
      }),
      { precision: "f32" },
    )
    const { rounded, exact } = await program.run({ x: normalNumbers([3, 4], count * inputs) })
    const size = Math.hypot(...exact)
    const error = Math.hypot(...exact.map((value, place) => value - rounded[place])) / size
    // Uniform rounding by 1/127 of a maximum near 2.1 deviations: 2.1 / 127 / √12 = 0.5 %.
    expect(error).toBeGreaterThan(0.002)
    expect(error).toBeLessThan(0.01)
  })

  test("a gradient through it is refused in plain words", () => {
    using store = new Store(executor)
    const weight = store.create("weight", [32, 32], { dtype })
    const trained = store.create("trained", [4, 32])
    const body = () => {
      const y = quantizedMatmul(reshape(trained, [4, 32]), weight)
      return { outputs: { slope: grad(reshape(sum(sum(y, 0), 1), []), [trained])[0] } }
    }
    expect(() => compile({}, body)).toThrow(/weights in blocks are for generation only; train on float weights/)
  })
})
