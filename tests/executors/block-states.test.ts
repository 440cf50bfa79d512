/** States of weights in blocks: what goes in comes out, on each executor, and nothing else may touch them. */
import { describe, expect, test } from "vitest"
import { asTensor } from "../../src/engine/graph/index.ts"
import {
  add,
  type BlockDType,
  blockBytes,
  compile,
  dequantizeRows,
  matmul,
  quantizeRows,
  reshape,
  Store,
} from "../../src/engine/index.ts"
import { EXECUTORS } from "./executors.ts"

const KINDS: readonly BlockDType[] = ["q8_0", "q4_0"]

describe.each(EXECUTORS)("%s", (_, executor) => {
  test.each(KINDS)("%s: blocks and numbers in, blocks and numbers out", async (dtype) => {
    using store = new Store(executor)
    const state = store.create("weight", [21, 96], { dtype })
    expect(await state.readBlocks()).toEqual(new Uint8Array(21 * 3 * blockBytes(dtype)))
    expect((await state.read()).every((value) => value === 0)).toBe(true)
    const numbers = Float32Array.from({ length: 21 * 96 }, (_, index) => Math.sin(index * index))
    const blocks = quantizeRows(numbers, dtype)
    await state.write(blocks)
    const { version } = state
    expect(await state.readBlocks()).toEqual(blocks)
    expect(await state.read()).toEqual(dequantizeRows(blocks, dtype))
    await state.write(numbers.map((value) => -2 * value))
    expect(state.version).toBeGreaterThan(version)
    expect(await state.readBlocks()).toEqual(
      quantizeRows(
        numbers.map((value) => -2 * value),
        dtype,
      ),
    )
  })

  test("other shapes, lengths and kinds are refused in plain words", async () => {
    using store = new Store(executor)
    expect(() => store.create("a", [4, 33], { dtype: "q8_0" })).toThrow(/inputs a multiple of 32; came \[4, 33\]/)
    expect(() => store.create("a", [64], { dtype: "q4_0" })).toThrow("SHAPE_MISMATCH")
    const state = store.create("a", [4, 32], { dtype: "q8_0" })
    await expect(state.write(new Uint8Array(135))).rejects.toThrow("wanted 136 bytes of q8_0 for [4, 32]; came 135")
    await expect(state.write(new Float32Array(127))).rejects.toThrow("wanted 128 numbers for [4, 32]; came 127")
    await expect(state.write(new Float32Array(128).fill(Number.NaN))).rejects.toThrow("INPUT_INVALID")
    const plain = store.create("b", [4, 32])
    await expect(plain.write(new Uint8Array(128))).rejects.toThrow("DTYPE_MISMATCH")
    await expect(plain.readBlocks()).rejects.toThrow(/wanted a state of q8_0 or q4_0 blocks; came f32/)
  })

  test("operations for plain numbers, outputs and updates refuse them", () => {
    using store = new Store(executor)
    const left = store.create("left", [32, 32], { dtype: "q8_0" })
    const right = store.create("right", [32, 32], { dtype: "q8_0" })
    for (const use of [() => matmul(left, right), () => add(left, 1), () => reshape(left, [1024])])
      expect(() => compile({}, () => ({ outputs: { y: use() } }))).toThrow(/numbers that are not in blocks.*DTYPE/)
    const handedOn = /outputs and updates of numbers that are not in blocks; came q8_0/
    expect(() => compile({}, () => ({ outputs: { left: asTensor(left) } }))).toThrow(handedOn)
    const updates = () => [{ state: left, value: asTensor(right) }]
    expect(() => compile({}, () => ({ outputs: {}, updates: updates() }))).toThrow(handedOn)
  })
})
