/** Columns of wider matrices, read and written where they lie: the numbers are those of the reference executor. */
import { describe, expect, test } from "vitest"
import {
  adamWStep,
  add,
  compile,
  concatenate,
  createExecutor,
  type Executor,
  exp,
  f32,
  matmul,
  multiply,
  type ProgramDescription,
  reshape,
  rmsNorm,
  rows,
  Store,
  split,
  sum,
  type Tensor,
} from "../../src/engine/index.ts"
import { normalNumbers } from "../../src/engine/ops/philox.ts"
import { nativeExecutor } from "../ops/native-executor.ts"

const native = nativeExecutor() as Executor
const reference = createExecutor({ kind: "reference" })
const ROWS = 37

const SPECS = { x: f32(rows(50), 48), y: f32(rows(50), 16), weight: f32(16, 24), scale: f32(16) }
type Inputs = { readonly [Name in keyof typeof SPECS]: Tensor }

const GRAPHS: Readonly<Record<string, (inputs: Inputs) => ProgramDescription["outputs"]>> = {
  "parts are outputs": ({ x }) =>
    Object.fromEntries(split(x, [16, 1, 31]).map((part, index) => [`part${index}`, part])),
  "parts are multiplied, from the left and packed from the right": ({ x, weight }) => {
    const [left, , right] = split(x, [16, 16, 16])
    return { product: matmul(left, weight), square: matmul(left, right, { transposeLeft: true }) }
  },
  "two parts of one matrix are packed": ({ x, y }) => {
    const [a, b] = split(x, [16, 32])
    return { a: matmul(y, a, { transposeLeft: true }), b: matmul(y, b, { transposeLeft: true }) }
  },
  "parts of parts": ({ x, y }) => {
    const [, middle] = split(x, [8, 40])
    const [, inner] = split(exp(middle), [20, 20])
    return { inner: multiply(inner, 2), norm: add(split(inner, [16, 4])[0], y) }
  },
  "rows that are joined are copied": ({ x }) => ({ flat: sum(reshape(split(x, [24, 24])[1], [50, 24]), 1) }),
  "heads of parts": ({ x, scale }) => {
    const [, part] = split(x, [16, 32])
    return { heads: rmsNorm(reshape(part, [rows(50), 2, 16]), scale, { epsilon: 1e-5 }) }
  },
  "parts made in a concatenation": ({ x, y, weight }) => {
    const made = concatenate([exp(y), matmul(y, weight), multiply(split(x, [24, 24])[0], 3)], 1)
    return { made: multiply(made, 0.5) }
  },
  "a concatenation whose parts are read elsewhere, twice there, inputs or concatenations": ({ x, y }) => {
    const part = exp(y)
    const inner = concatenate([add(y, 1), y], 1)
    return { part: add(part, 1), twice: concatenate([part, part, y, inner, multiply(x, 2)], 1) }
  },
  "a concatenation that is an output": ({ y, weight }) => ({ whole: concatenate([matmul(y, weight), exp(y)], 1) }),
  "a part that is rounded as well": ({ y, weight }) => {
    const part = exp(y)
    return { whole: concatenate([part, part], 1), product: matmul(part, weight) }
  },
}

const numbers = (seed: number, count: number) => normalNumbers([seed, 21], count)

describe.skipIf(!native)("columns where they lie", () => {
  for (const precision of ["f32", "bf16"] as const)
    test.each(Object.keys(GRAPHS))(`%s, in ${precision}`, async (name) => {
      // Joining rows needs a fixed count of them.
      const fixed = name.startsWith("rows that are joined")
      const count = fixed ? 50 : ROWS
      const specs = fixed ? { ...SPECS, x: f32(50, 48), y: f32(50, 16) } : SPECS
      const inputs = {
        x: numbers(1, count * 48),
        y: numbers(2, count * 16),
        weight: numbers(3, 16 * 24),
        scale: numbers(4, 16),
      }
      const results = []
      for (const executor of [native, reference]) {
        using program = compile(specs, (given) => ({ outputs: GRAPHS[name](given) }), { executor, precision })
        results.push(await program.run(inputs))
      }
      const [came, wanted] = results
      expect(Object.keys(came)).toEqual(Object.keys(wanted))
      for (const key of Object.keys(wanted)) {
        expect(came[key], key).toHaveLength(wanted[key].length)
        came[key].forEach((value, place) => {
          const near = Math.abs(value - wanted[key][place]) <= 1e-4 + 1e-4 * Math.abs(wanted[key][place])
          if (!near) expect([key, place, value]).toEqual([key, place, wanted[key][place]])
        })
      }
    })

  test("an output that is a part of a state is its old value, though the state is updated in place", async () => {
    using store = new Store(native)
    const state = store.create("a", [2, 4])
    await state.write(Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8]))
    using program = compile({}, () => {
      return { outputs: { right: split(state, [1, 3])[1] }, updates: [{ state, value: add(state, 10) }] }
    })
    expect([...(await program.run({})).right]).toEqual([2, 3, 4, 6, 7, 8])
    expect([...(await state.read())]).toEqual([11, 12, 13, 14, 15, 16, 17, 18])
  })

  test("a kernel that wants its operands in one piece gets them so", async () => {
    const scalars = { learningRate: 0.1, biasCorrection1: 0.1, biasCorrection2: 0.05, gradientScale: 1 }
    const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 }
    const results: number[][] = []
    for (const executor of [native, reference]) {
      using program = compile(
        { joined: f32(6, 20), parameter: f32(6, 8), first: f32(6, 8), second: f32(6, 8) },
        ({ joined, parameter, first, second }) => {
          const [, gradient] = split(joined, [12, 8])
          const [value] = adamWStep({ parameter, moment1: first, moment2: second }, gradient, scalars, settings)
          return { outputs: { value } }
        },
        { executor, precision: "f32" },
      )
      const square = numbers(8, 48).map((value) => value * value)
      const inputs = { joined: numbers(5, 120), parameter: numbers(6, 48), first: numbers(7, 48), second: square }
      results.push([...(await program.run(inputs)).value])
    }
    results[0].forEach((value, place) => {
      expect(value).toBeCloseTo(results[1][place], 5)
    })
  })
})
