import { describe, expect, test } from "vitest"
import { dequantizeRows, fromBlockPanels, fromF16Bits, quantizeRows, toBlockPanels, toF16Bits } from "./index.ts"

/** 32 numbers: the given ones first, then zeros. */
function block(...values: number[]): Float32Array {
  const numbers = new Float32Array(32)
  numbers.set(values)
  return numbers
}

/** Bytes that differ from their neighbours. */
function someBytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 167 + (index >> 8) * 13) & 0xff)
}

describe("float16", () => {
  test("every number becomes its own bits again", () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = fromF16Bits(bits)
      if (Number.isNaN(value)) expect(Number.isNaN(fromF16Bits(toF16Bits(value)))).toBe(true)
      else if (toF16Bits(value) !== bits) expect(toF16Bits(value), `${value}`).toBe(bits)
    }
  })

  test("numbers between two take the nearer, ties the even one", () => {
    expect(toF16Bits(1 + 2 ** -11)).toBe(0x3c00)
    expect(toF16Bits(1 + 3 * 2 ** -11)).toBe(0x3c02)
    expect(toF16Bits(1 + 2 ** -11 + 2 ** -20)).toBe(0x3c01)
    expect(toF16Bits(2 ** -25)).toBe(0)
    expect(toF16Bits(3 * 2 ** -25)).toBe(2)
    expect(toF16Bits(-(2 ** -25) - 2 ** -40)).toBe(0x8001)
    expect(toF16Bits(1023.5 * 2 ** -24)).toBe(0x400)
    expect(toF16Bits(65519)).toBe(0x7bff)
    expect(toF16Bits(65520)).toBe(0x7c00)
    expect(toF16Bits(Number.NEGATIVE_INFINITY)).toBe(0xfc00)
  })
})

describe("blocks", () => {
  // Worked by hand from the rules of ggml's reference.
  test("q8_0: the largest magnitude becomes 127, halves go away from zero", () => {
    const bytes = quantizeRows(block(127, -127, 0.5, -0.5, 0.49, 1.5, 2.5, -2.5), "q8_0")
    expect([...bytes.subarray(0, 11)]).toEqual([0x00, 0x3c, 127, 129, 1, 255, 0, 2, 3, 253, 0])
    expect(bytes.length).toBe(34)
    expect([...dequantizeRows(bytes, "q8_0").subarray(0, 8)]).toEqual([127, -127, 1, -1, 0, 2, 3, -3])
    // scale 254/127 = 2
    expect([...quantizeRows(block(-254, 10), "q8_0").subarray(0, 4)]).toEqual([0x00, 0x40, 129, 5])
  })

  test("q4_0: the number of largest magnitude becomes −8, the others reach +7", () => {
    // scale = 8 / −8 = −1: x is kept as 8 − x.
    const numbers = block(8, -8, 1, 0.5, 0.4)
    numbers[16] = 3
    const bytes = quantizeRows(numbers, "q4_0")
    // q of place i low: 0, 15 (16 is one too many), 7, 8, 8; of place 16 high: 5; zeros are 8.
    expect([...bytes]).toEqual([0x00, 0xbc, 0x50, 0x8f, 0x87, 0x88, 0x88, ...new Array(11).fill(0x88)])
    expect([...dequantizeRows(bytes, "q4_0").subarray(0, 5)]).toEqual([8, -7, 1, -0, -0])
    expect(dequantizeRows(bytes, "q4_0")[16]).toBe(3)
  })

  test("of two equal magnitudes the first gives q4_0 its sign", () => {
    expect(quantizeRows(block(-2, 2), "q4_0").subarray(0, 2)).toEqual(Uint8Array.of(0x00, 0x34))
    expect(quantizeRows(block(2, -2), "q4_0").subarray(0, 2)).toEqual(Uint8Array.of(0x00, 0xb4))
  })

  test("zeros stay zero, and so do numbers too small for a float16 scale", () => {
    for (const dtype of ["q8_0", "q4_0"] as const)
      for (const numbers of [block(), block(1e-9, -1e-9), block(1e-42)])
        expect(dequantizeRows(quantizeRows(numbers, dtype), dtype).every((value) => value === 0)).toBe(true)
  })

  test("a weight is off by half a step and the rounding of its scale, at most", () => {
    for (const dtype of ["q8_0", "q4_0"] as const) {
      const numbers = Float32Array.from({ length: 320 }, (_, index) => Math.sin(index * 1.7) * (1 + (index >> 5)))
      const once = dequantizeRows(quantizeRows(numbers, dtype), dtype)
      // q8_0: 1/254 + 2⁻¹¹; q4_0 cuts +8 off to +7, a whole step.
      const step = dtype === "q8_0" ? 1 / 225 : 1 / 7.9
      once.forEach((value, index) => {
        expect(Math.abs(value - numbers[index])).toBeLessThan(step * (1 + (index >> 5)))
      })
    }
  })

  test("incomplete blocks and numbers that are none are refused", () => {
    expect(() => quantizeRows(new Float32Array(33), "q8_0")).toThrow("wanted a multiple of 32 numbers; came 33")
    expect(() => dequantizeRows(new Uint8Array(35), "q4_0")).toThrow("wanted a multiple of 18 bytes; came 35")
    const late = new Float32Array(64)
    late[40] = Number.NaN
    expect(() => quantizeRows(late, "q4_0")).toThrow("came NaN among numbers 32 to 63")
    expect(() => quantizeRows(block(Number.NEGATIVE_INFINITY), "q8_0")).toThrow("came -Infinity")
    expect(() => quantizeRows(block(8.5e6), "q8_0")).toThrow("INPUT_INVALID")
  })
})

describe("panels of blocks", () => {
  test("hold each byte once, where the kernels look for it", () => {
    // One panel of two blocks, of which 3 outputs are there.
    const rows = someBytes(3 * 2 * 34)
    const panels = toBlockPanels(rows, [3, 64], "q8_0")
    expect(panels.length).toBe(16 * 2 * 34)
    for (const [output, input] of [
      [0, 0],
      [1, 7],
      [2, 63],
    ]) {
      const place = (input >> 5) * 512 + ((input & 31) >> 2) * 64 + output * 4 + (input & 3)
      expect(panels[place]).toBe(rows[(output * 2 + (input >> 5)) * 34 + 2 + (input & 31)])
    }
    expect(panels[2 * 512 + 32 + 2 * 2 + 1]).toBe(rows[(2 * 2 + 1) * 34 + 1])
    const four = someBytes(17 * 18)
    const fourPanels = toBlockPanels(four, [17, 32], "q4_0")
    expect(fourPanels[256 + 3 * 64 + 2]).toBe(four[16 * 18 + 2 + 14])
    expect(fourPanels[2 * 256 + 32]).toBe(four[16 * 18])
  })

  test.each(["q8_0", "q4_0"] as const)("%s: rows come back, also from an odd place in memory", (dtype) => {
    for (const [outputs, blocks] of [
      [0, 1],
      [1, 1],
      [16, 3],
      [37, 2],
    ]) {
      const bytes = outputs * blocks * (dtype === "q8_0" ? 34 : 18)
      const rows = someBytes(bytes + 1).subarray(1)
      const panels = toBlockPanels(rows, [outputs, 32 * blocks], dtype)
      expect(fromBlockPanels(panels, [outputs, 32 * blocks], dtype)).toEqual(rows.slice())
    }
  })
})
