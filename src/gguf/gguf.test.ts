import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { GlossaError } from "../errors.ts"
import { GgufFile, type GgufValue, isGgufPath, writeGguf } from "./index.ts"

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glossa-gguf-"))
})
afterAll(() => rm(folder, { recursive: true }))

async function opened(bytes: Uint8Array): Promise<GgufFile> {
  const path = join(folder, "some.gguf")
  await writeFile(path, bytes)
  return GgufFile.open(path)
}

/** The error that opening these bytes ends in. */
async function faultOf(bytes: Uint8Array): Promise<GlossaError> {
  const file = await opened(bytes).catch((error: unknown) => error as GlossaError)
  if (!(file instanceof GgufFile)) return file
  await file.close()
  throw new Error("no error came")
}

// Pieces of a file as the format's description has them, apart from the writer under test.
const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer)
const u64 = (value: number | bigint) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer)
const text = (value: string) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)])
const entry = (name: string, sizes: number[], type: number, place: number | bigint) => [
  text(name),
  u32(sizes.length),
  ...sizes.map(u64),
  u32(type),
  u64(place),
]

interface Pieces {
  readonly magic?: string
  readonly version?: number
  readonly tensorCount?: number | bigint
  readonly valueCount?: number | bigint
  readonly values?: readonly Uint8Array[]
  readonly tensors?: readonly Uint8Array[]
  readonly data?: Uint8Array
}

/** A file with one value (`general.name`) and two tensors, and what is asked for changed. */
function built(changes: Pieces = {}): Uint8Array {
  const { magic, version, tensorCount, valueCount, values, tensors, data } = {
    magic: "GGUF",
    version: 3,
    tensorCount: 2,
    valueCount: 1,
    values: [text("general.name"), u32(8), text("tiny")],
    tensors: [...entry("a", [3, 2], 0, 0), ...entry("b", [32, 1], 8, 32)],
    data: Buffer.concat([Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6).buffer), Buffer.alloc(8), Buffer.alloc(34, 7)]),
    ...changes,
  }
  const header = Buffer.concat([
    Buffer.from(magic),
    u32(version),
    u64(tensorCount),
    u64(valueCount),
    ...values,
    ...tensors,
  ])
  return Buffer.concat([header, Buffer.alloc((32 - (header.length % 32)) % 32), data])
}

describe("a file built by hand", () => {
  it.each([2, 3])("is read, in version %i", async (version) => {
    const file = await opened(built({ version }))
    expect(file.metadata.text("general.name")).toBe("tiny")
    expect([...file.tensors.values()]).toEqual([
      { name: "a", type: "F32", shape: [2, 3], begin: 0, end: 24 },
      { name: "b", type: "Q8_0", shape: [1, 32], begin: 32, end: 66 },
    ])
    const bytes = await file.read("a")
    expect([...new Float32Array(bytes.buffer)]).toEqual([1, 2, 3, 4, 5, 6])
    expect([...(await file.read("b"))]).toEqual(Array.from({ length: 34 }, () => 7))
    expect(() => file.tensor("c")).toThrow("wanted a tensor c")
    await file.close()
  })

  it("may put its data at other multiples", async () => {
    const values = [text("general.alignment"), u32(4), u32(64)]
    const tensors = entry("a", [2], 0, 0)
    const header = built({ values, tensors, tensorCount: 1, data: new Uint8Array(0) })
    const padded = Buffer.concat([header, Buffer.alloc((64 - (header.length % 64)) % 64), Buffer.alloc(8, 1)])
    const file = await opened(padded)
    expect([...(await file.read("a"))]).toEqual(Array.from({ length: 8 }, () => 1))
    await file.close()
  })

  it("may have rows of no numbers, and no tensors at all", async () => {
    const empty = await opened(built({ tensors: entry("a", [0, 5], 0, 0), tensorCount: 1 }))
    expect(await empty.read("a")).toHaveLength(0)
    await empty.close()
    const none = await opened(built({ tensors: [], tensorCount: 0, data: new Uint8Array(0) }))
    expect(none.tensors.size).toBe(0)
    await none.close()
  })
})

describe("what is written", () => {
  const values = new Map<string, GgufValue>([
    ["u8", { type: "uint8", value: 255 }],
    ["i8", { type: "int8", value: -128 }],
    ["u16", { type: "uint16", value: 65535 }],
    ["i16", { type: "int16", value: -32768 }],
    ["u32", { type: "uint32", value: 4294967295 }],
    ["i32", { type: "int32", value: -2147483648 }],
    ["f32", { type: "float32", value: 0.5 }],
    ["f64", { type: "float64", value: 0.1 }],
    ["u64", { type: "uint64", value: 2n ** 64n - 1n }],
    ["i64", { type: "int64", value: -(2n ** 63n) }],
    ["yes", { type: "bool", value: true }],
    ["text", { type: "string", value: "né 😀\n" }],
    ["texts", { type: "array", items: "string", value: ["", "b"] }],
    ["floats", { type: "array", items: "float32", value: Float32Array.of(1.5, -2) }],
    ["longs", { type: "array", items: "int64", value: BigInt64Array.of(-1n, 5n) }],
    ["flags", { type: "array", items: "bool", value: [true, false] }],
    [
      "nested",
      {
        type: "array",
        items: "array",
        value: [
          { type: "array", items: "uint8", value: Uint8Array.of(1, 2) },
          { type: "array", items: "string", value: ["x"] },
        ],
      },
    ],
  ])
  const tensors = [
    { name: "one", type: "F16", shape: [5], read: async () => Uint8Array.from({ length: 10 }, (_, at) => at) },
    { name: "two", type: "Q4_0", shape: [2, 64], read: async () => new Uint8Array(72).fill(9) },
  ] as const

  it("is read again: every kind of value, every tensor", async () => {
    const parts: Uint8Array[] = []
    await writeGguf({ write: async (bytes) => void parts.push(bytes.slice()) }, values, tensors)
    const file = await opened(Buffer.concat(parts))
    expect(new Map(file.metadata.values)).toEqual(values)
    for (const { name, type, shape, read } of tensors) {
      expect(file.tensor(name)).toMatchObject({ type, shape })
      expect([...(await file.read(name))]).toEqual([...(await read())])
    }
    expect(file.metadata.whole("u32")).toBe(4294967295)
    expect(file.metadata.number("i64")).toBe(-(2 ** 63))
    expect(file.metadata.whole("absent")).toBeUndefined()
    const { metadata } = file
    expect(() => metadata.text("u8")).toThrow(/u8: wanted a text; came uint8/)
    expect(() => metadata.whole("i8")).toThrow(/i8: wanted a whole number; came -128/)
    expect(() => metadata.flag("text")).toThrow(/wanted true or false; came string/)
    expect(() => metadata.texts("floats")).toThrow(/wanted a list of texts; came a list of float32/)
    expect(() => metadata.numbers("longs")).toThrow(/wanted a list of numbers; came a list of int64/)
    await file.close()
  })

  it("has a header longer than is read at first", async () => {
    const long = new Map<string, GgufValue>([
      [
        "tokens",
        { type: "array", items: "string", value: Array.from({ length: 60_000 }, (_, id) => `a token named ${id}`) },
      ],
    ])
    const parts: Uint8Array[] = []
    await writeGguf({ write: async (bytes) => void parts.push(bytes.slice()) }, long, tensors)
    const file = await opened(Buffer.concat(parts))
    expect(file.metadata.texts("tokens")?.at(-1)).toBe("a token named 59999")
    expect([...(await file.read("two"))]).toEqual(Array.from({ length: 72 }, () => 9))
    await file.close()
  })
})

describe("damage costs one clear line", () => {
  const value = (type: number, ...content: Uint8Array[]) => ({ values: [text("key"), u32(type), ...content] })
  it.each<[string, Pieces, RegExp]>([
    ["another format", { magic: "GGML" }, /wanted a GGUF file, which begins with the word GGUF; came "GGML"/],
    ["an older version", { version: 1 }, /wanted version 2 or 3 of the format; came 1/],
    ["a big-endian file", { version: 0x03000000 }, /wanted numbers with the lowest byte first/],
    [
      "too many tensors",
      { tensorCount: 2n ** 63n },
      /tensors: wanted at most \d+, which would fill the file; came 9223/,
    ],
    ["too many values", { valueCount: 2n ** 40n }, /metadata values: wanted at most \d+/],
    ["a value more than there is", { valueCount: 9 }, /wanted|bytes/],
    ["a key beyond the file", { values: [u64(2n ** 50n)] }, /bytes of name of value 0: wanted at most/],
    ["a kind of value that is none", value(13, u32(0)), /key: wanted a kind from 0 to 12; came 13/],
    ["a truth value of 2", value(7, Uint8Array.of(2)), /key: wanted 0 or 1 for a truth value; came 2/],
    ["text that is not UTF-8", value(8, u64(1), Uint8Array.of(255)), /key: wanted text in UTF-8/],
    ["an array beyond the file", value(9, u32(6), u64(2n ** 61n)), /items of key: wanted at most \d+/],
    ["an array of unknown items", value(9, u32(77), u64(1)), /key: wanted a kind from 0 to 12; came 77/],
    [
      "arrays in arrays without end",
      value(9, ...Array.from({ length: 9 }, () => [u32(9), u64(1)]).flat(), u32(0), u64(0)),
      /key: wanted arrays at most 4 deep/,
    ],
    ["an odd alignment", { values: [text("general.alignment"), u32(4), u32(48)] }, /wanted a power of two/],
    [
      "five dimensions",
      { tensors: entry("a", [1, 1, 1, 1, 1], 0, 0), tensorCount: 1 },
      /a: wanted at most 4 dimensions/,
    ],
    ["a shape beyond counting", { tensors: entry("a", [2 ** 40, 2 ** 40], 0, 0), tensorCount: 1 }, /fewer than 2⁵³/],
    ["an unknown kind of numbers", { tensors: entry("a", [1], 99, 0), tensorCount: 1 }, /a: wanted a kind of numbers/],
    ["half a block", { tensors: entry("a", [33], 8, 0), tensorCount: 1 }, /rows of whole blocks.*rows of 33/],
    [
      "a crooked place",
      { tensors: entry("a", [1], 0, 4), tensorCount: 1 },
      /a: wanted a place that is a multiple of 32/,
    ],
    [
      "a place beyond the file",
      { tensors: entry("a", [1], 0, 2n ** 60n), tensorCount: 1 },
      /a: wanted 4 bytes from 1152/,
    ],
    [
      "numbers beyond the file",
      { tensors: entry("a", [1000], 0, 0), tensorCount: 1 },
      /wanted 4000 bytes from 0; came data/,
    ],
    [
      "two tensors in one place",
      { tensors: [...entry("a", [9], 0, 0), ...entry("b", [1], 0, 32)] },
      /b: wanted a place of its own; came one that overlaps/,
    ],
    [
      "one name twice",
      { tensors: [...entry("a", [1], 0, 0), ...entry("a", [1], 0, 32)] },
      /each tensor once; came a again/,
    ],
    [
      "one key twice",
      { values: [text("k"), u32(0), Uint8Array.of(1), text("k"), u32(0), Uint8Array.of(1)], valueCount: 2 },
      /each metadata key once/,
    ],
  ])("%s", async (_, pieces, message) => {
    const fault = await faultOf(built(pieces))
    expect(fault.code).toBe("CHECKPOINT_DAMAGED")
    expect(fault.message).toMatch(message)
  })

  it("cut short anywhere", async () => {
    const whole = built()
    for (let length = 0; length < whole.length; length++) {
      const fault = await faultOf(whole.subarray(0, length))
      expect([length, fault.code]).toEqual([length, "CHECKPOINT_DAMAGED"])
    }
  })

  it("a file that is none", async () => {
    await expect(GgufFile.open(join(folder, "none.gguf"))).rejects.toThrow("wanted a GGUF file; came no such file")
    await expect(GgufFile.open(folder)).rejects.toThrow("wanted a GGUF file; came no file")
    expect(await isGgufPath(join(folder, "none.gguf"))).toBe(true)
    expect(await isGgufPath(join(folder, "none"))).toBe(false)
    expect(await isGgufPath(folder)).toBe(false)
  })
})
