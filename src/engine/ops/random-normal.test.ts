import { describe, expect, test } from "vitest"
import { compile, createExecutor, type Executor } from "../execute/index.ts"
import { constant } from "../graph/index.ts"
import { randomNormal } from "./random-normal.ts"

async function draw(count: number, key: readonly [number, number], executor: Executor): Promise<Float32Array> {
  using program = compile({}, () => ({ outputs: { y: randomNormal(constant(Int32Array.from(key), [2]), [count]) } }), {
    executor,
  })
  return (await program.run({})).y as Float32Array
}

describe.each(["auto", "reference"] as const)("random numbers of executor %s", (kind) => {
  const executor = createExecutor({ kind })

  test("have the moments of the normal distribution", async () => {
    const count = 200_000
    const numbers = await draw(count, [5, 6], executor)
    const moment = (power: number) => numbers.reduce((sum, value) => sum + value ** power, 0) / count
    // Six standard errors of each: sqrt(1, 2, 15, 96 / count).
    const error = (variance: number) => 6 * Math.sqrt(variance / count)
    expect(Math.abs(moment(1))).toBeLessThan(error(1))
    expect(Math.abs(moment(2) - 1)).toBeLessThan(error(2))
    expect(Math.abs(moment(3))).toBeLessThan(error(15))
    expect(Math.abs(moment(4) - 3)).toBeLessThan(error(96))
    expect(numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0)).toBeLessThan(5.77)
    // Neighbours, which share a radius, are uncorrelated.
    const product = numbers.reduce((sum, value, place) => sum + value * numbers[place ^ 1], 0) / count
    expect(Math.abs(product)).toBeLessThan(error(2))
  })

  test("depend on the key and the place alone", async () => {
    const long = await draw(1003, [1, 2], executor)
    expect(await draw(70, [1, 2], executor)).toEqual(long.subarray(0, 70))
    for (const key of [
      [1, 3],
      [2, 2],
      [2, 1],
    ] as const) {
      const other = await draw(1003, key, executor)
      expect(other.filter((value, place) => value === long[place]).length).toBeLessThan(3)
    }
  })
})

test("settings out of range are told", () => {
  const described = (shape: readonly number[], deviation: number) => () =>
    compile({}, () => ({ outputs: { y: randomNormal(constant(new Int32Array(shape[0]), shape), [4], { deviation }) } }))
  expect(described([2], -1)).toThrow(/deviation of 0 or more.*\[ATTRIBUTE_INVALID\]/)
  expect(described([3], 1)).toThrow(/key \[2\].*\[SHAPE_MISMATCH\]/)
})
