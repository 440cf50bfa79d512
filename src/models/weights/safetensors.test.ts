import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { fromBf16Bits, toBf16Bits } from "../../engine/index.ts"
import { GlossaError } from "../../errors.ts"
import { replaceFiles, SafetensorsFile, type TensorToWrite, writeSafetensors } from "./index.ts"
import { fromF16Bits, narrowToBf16 } from "./stored-numbers.ts"

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glossa-safetensors-"))
})
afterAll(() => rm(folder, { recursive: true }))

const path = () => join(folder, "model.safetensors")

/** A file from its parts, right or wrong. */
async function fileOf(table: unknown, data: Uint8Array, length?: bigint): Promise<string> {
  const text = Buffer.from(typeof table === "string" ? table : JSON.stringify(table))
  const prefix = Buffer.alloc(8)
  prefix.writeBigUInt64LE(length ?? BigInt(text.length))
  await writeFile(path(), Buffer.concat([prefix, text, data]))
  return path()
}

async function readAll(place: string): Promise<Map<string, Float32Array>> {
  const file = await SafetensorsFile.open(place)
  try {
    const result = new Map<string, Float32Array>()
    for (const name of file.tensors.keys()) result.set(name, await file.read(name))
    return result
  } finally {
    await file.close()
  }
}

async function faultOf(action: () => Promise<unknown>): Promise<GlossaError> {
  try {
    await action()
  } catch (error) {
    if (error instanceof GlossaError) return error
    throw error
  }
  throw new Error("nothing was thrown")
}

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

describe("kinds of numbers", () => {
  it.each([
    ["F64", Float64Array.of(1.5, -2, 0.25)],
    ["F32", Float32Array.of(1.5, -2, 0.25)],
    ["F16", Uint16Array.of(0x3e00, 0xc000, 0x3400)],
    ["BF16", Uint16Array.of(0x3fc0, 0xc000, 0x3e80)],
  ])("%s", async (dtype, stored) => {
    const place = await fileOf({ x: { dtype, shape: [3], data_offsets: [0, stored.byteLength] } }, bytesOf(stored))
    expect([...((await readAll(place)).get("x") ?? [])]).toEqual([1.5, -2, 0.25])
  })
  it.each([
    ["I64", BigInt64Array.of(3n, -1n)],
    ["I32", Int32Array.of(3, -1)],
    ["I16", Int16Array.of(3, -1)],
    ["I8", Int8Array.of(3, -1)],
  ])("%s", async (dtype, stored) => {
    const place = await fileOf({ x: { dtype, shape: [2, 1], data_offsets: [0, stored.byteLength] } }, bytesOf(stored))
    expect([...((await readAll(place)).get("x") ?? [])]).toEqual([3, -1])
  })
  it.each([
    ["U64", BigUint64Array.of(3n, 200n)],
    ["U32", Uint32Array.of(3, 200)],
    ["U16", Uint16Array.of(3, 200)],
    ["U8", Uint8Array.of(3, 200)],
    ["BOOL", Uint8Array.of(3, 200)],
  ])("%s", async (dtype, stored) => {
    const place = await fileOf({ x: { dtype, shape: [2], data_offsets: [0, stored.byteLength] } }, bytesOf(stored))
    expect([...((await readAll(place)).get("x") ?? [])]).toEqual([3, 200])
  })
  it("half precision has subnormals, infinities and NaN", () => {
    expect(fromF16Bits(0x0001)).toBe(2 ** -24)
    expect(fromF16Bits(0x03ff)).toBe(1023 * 2 ** -24)
    expect(fromF16Bits(0x7bff)).toBe(65504)
    expect(fromF16Bits(0xfc00)).toBe(Number.NEGATIVE_INFINITY)
    expect(fromF16Bits(0x7e00)).toBeNaN()
    expect(Object.is(fromF16Bits(0x8000), -0)).toBe(true)
  })
  it("bfloat16 is written as the engine rounds", () => {
    const hard = [0, -0, 1, -1.5, 1 / 3, 3.3e38, 1e-40, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 257, 259]
    const written = narrowToBf16(Float32Array.from(hard))
    expect([...written]).toEqual(hard.map(toBf16Bits))
    const [nan] = narrowToBf16(Float32Array.of(Number.NaN))
    expect(fromBf16Bits(nan)).toBeNaN()
  })
  it("eight-bit floats are refused: their scales lie elsewhere", async () => {
    const place = await fileOf({ x: { dtype: "F8_E4M3", shape: [1], data_offsets: [0, 1] } }, new Uint8Array(1))
    const fault = await faultOf(() => readAll(place))
    expect(fault.message).toContain("model.safetensors: x: wanted numbers that stand for themselves; came F8_E4M3")
  })
})

describe("round trip", () => {
  const tensors = fc.uniqueArray(
    fc.record({
      name: fc.string({ minLength: 1, unit: "binary" }).filter((name) => name !== "__metadata__"),
      shape: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
      seed: fc.integer(),
    }),
    { selector: ({ name }) => name, maxLength: 6 },
  )
  const numbersFor = (shape: number[], seed: number) => {
    const bits = Int32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, i) =>
      Math.imul(seed + i, 0x9e3779b1),
    )
    return new Float32Array(bits.buffer)
  }
  it("keeps every bit of float32, whatever the names and shapes", async () => {
    await fc.assert(
      fc.asyncProperty(tensors, async (drawn) => {
        const written = drawn.map(
          ({ name, shape, seed }): TensorToWrite => ({
            name,
            type: "F32",
            shape,
            read: async () => numbersFor(shape, seed),
          }),
        )
        await replaceFiles(folder, [{ name: "model.safetensors", content: (sink) => writeSafetensors(sink, written) }])
        const read = await readAll(path())
        expect(read.size).toBe(drawn.length)
        for (const { name, shape, seed } of drawn)
          expect(Buffer.compare(bytesOf(read.get(name) as Float32Array), bytesOf(numbersFor(shape, seed)))).toBe(0)
      }),
      { numRuns: 60 },
    )
  })
  it("crosses the pieces that numbers are read in", async () => {
    const shape = [3, 1 << 20] // 12 MiB, in three pieces
    const numbers = Float32Array.from({ length: 3 << 20 }, (_, i) => i % 65_537)
    const write = (type: "F32" | "BF16") =>
      replaceFiles(folder, [
        {
          name: "model.safetensors",
          content: (sink) => writeSafetensors(sink, [{ name: "x", type, shape, read: async () => numbers }]),
        },
      ])
    await write("F32")
    expect(Buffer.compare(bytesOf((await readAll(path())).get("x") as Float32Array), bytesOf(numbers))).toBe(0)
    await write("BF16")
    const rounded = (await readAll(path())).get("x") as Float32Array
    // Eight bits of significand: half a unit of the last place is at most 1/256 of the value.
    expect(numbers.every((value, i) => Math.abs(rounded[i] - value) <= value / 256)).toBe(true)
    expect(rounded[255]).toBe(255)
    expect(rounded[257]).toBe(256) // a tie goes to even
  })
  it("starts the numbers at a multiple of eight bytes and says where they come from", async () => {
    const one: TensorToWrite = { name: "x", type: "I32", shape: [1], read: async () => Int32Array.of(-7) }
    await replaceFiles(folder, [
      { name: "model.safetensors", content: (sink) => writeSafetensors(sink, [one], { step: "12" }) },
    ])
    const bytes = await readFile(path())
    expect((8 + Number(bytes.readBigUInt64LE())) % 8).toBe(0)
    const file = await SafetensorsFile.open(path())
    expect(file.metadata).toEqual({ format: "pt", step: "12" })
    expect([...(await file.read("x"))]).toEqual([-7])
    await file.close()
  })
})

describe("damaged files", () => {
  const eight = new Uint8Array(8)
  const x = { dtype: "F32", shape: [2], data_offsets: [0, 8] }
  it.each([
    ["no bytes for a number", { x: { ...x, shape: [3] } }, eight, "x: wanted 12 bytes for F32 [3]; came 8"],
    ["a kind that is none", { x: { ...x, dtype: "F31" } }, eight, 'came "F31"'],
    ["a kind from Object", { x: { ...x, dtype: "constructor" } }, eight, 'came "constructor"'],
    ["a negative size", { x: { ...x, shape: [-2] } }, eight, "x: wanted a shape of whole numbers; came [-2]"],
    [
      "a shape that overflows",
      { x: { ...x, shape: [2 ** 31, 2 ** 31, 2 ** 31] } },
      eight,
      "came 8 by its data_offsets",
    ],
    ["places the wrong way round", { x: { ...x, data_offsets: [8, 0] } }, eight, "came [8,0]"],
    ["places beyond the file", { x: { ...x, shape: [2000], data_offsets: [0, 8000] } }, eight, "ends after 8 of them"],
    ["an overlap", { x, y: { ...x, data_offsets: [4, 12] } }, new Uint8Array(12), "y: wanted a place of its own"],
    ["a gap", { x, y: { ...x, data_offsets: [12, 20] } }, new Uint8Array(20), "y: wanted data from byte 8; came a gap"],
    ["bytes after the last", { x }, new Uint8Array(9), "wanted 8 bytes of numbers; came 9"],
    ["an entry that is no object", { x: 3 }, eight, "x: wanted dtype, shape and data_offsets"],
    ["an entry without places", { x: { dtype: "F32", shape: [2] } }, eight, "data_offsets"],
    ["metadata of numbers", { __metadata__: { a: 1 }, x }, eight, "__metadata__: wanted texts by name"],
    ["a list", [], new Uint8Array(0), "came JSON of another form"],
    ["half a table", '{"x":{"dtype":', eight, "wanted a table of tensors in JSON"],
  ])("%s", async (_, table, data, text) => {
    const place = await fileOf(table, data)
    const fault = await faultOf(() => readAll(place))
    expect(fault.code).toBe("CHECKPOINT_DAMAGED")
    expect(fault.message).toContain("model.safetensors")
    expect(fault.message).toContain(text)
    expect(fault.message).not.toContain("\n")
  })
  it("a table that claims to be longer than the file, or than any table, takes no memory", async () => {
    for (const length of [9n, 1n << 40n, (1n << 64n) - 1n]) {
      const place = await fileOf("{}", new Uint8Array(0), length)
      expect((await faultOf(() => readAll(place))).code).toBe("CHECKPOINT_DAMAGED")
    }
  })
  it("any file cut short is told, wherever the cut", async () => {
    const whole = await readFile(await fileOf({ x, y: { ...x, data_offsets: [8, 16] } }, new Uint8Array(16)))
    for (let length = 0; length < whole.length; length++) {
      await writeFile(path(), whole.subarray(0, length))
      expect((await faultOf(() => readAll(path()))).code).toBe("CHECKPOINT_DAMAGED")
    }
  })
  it("any altered bytes before the numbers are told or harmless, never a crash", async () => {
    const whole = await readFile(await fileOf({ x, y: { ...x, data_offsets: [8, 16] } }, new Uint8Array(16)))
    const change = fc.record({ place: fc.nat(whole.length - 17), value: fc.nat(255) })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const altered = Buffer.from(whole)
        for (const { place, value } of changes) altered[place] = value
        await writeFile(path(), altered)
        await readAll(path()).catch((error: unknown) => {
          expect(error).toBeInstanceOf(GlossaError)
          expect((error as GlossaError).code).toBe("CHECKPOINT_DAMAGED")
        })
      }),
      { numRuns: 300 },
    )
  })
  it("a file that is missing, or a folder, is unreadable", async () => {
    expect((await faultOf(() => SafetensorsFile.open(join(folder, "none")))).message).toContain("came no such file")
    expect((await faultOf(() => SafetensorsFile.open(folder))).code).toBe("FILE_UNREADABLE")
  })
  it("a file that shrinks while it is read is told, naming the tensor", async () => {
    const file = await SafetensorsFile.open(await fileOf({ x }, eight))
    const bytes = await readFile(path())
    await writeFile(path(), bytes.subarray(0, bytes.length - 3))
    const fault = await faultOf(() => file.read("x"))
    expect(fault.code).toBe("CHECKPOINT_DAMAGED")
    expect(fault.message).toContain("model.safetensors: x: wanted 8 bytes")
    await file.close()
  })
})
