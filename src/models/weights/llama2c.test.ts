import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { compile, createExecutor, i32, matmul, rows } from "../../engine/index.ts"
import { CausalLanguageModel } from "../causal-language-model.ts"
import { packedAttention } from "../layers/index.ts"
import { importLlama2c } from "./index.ts"

const executor = createExecutor({ kind: "reference" })
let parent: string
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "glossa-llama2c-"))
})
afterAll(() => rm(parent, { recursive: true }))

const SIZES = { width: 24, inner: 20, layers: 2, heads: 4, kvHeads: 2, vocabulary: 11, context: 8 }
const HEAD = SIZES.width / SIZES.heads
const BASE = 500
type Matrix = number[][]

/** Weights in the order of the file, each kind for all layers. */
function makeWeights({ tied }: { tied: boolean }) {
  const { width, inner, layers, heads, kvHeads, vocabulary, context } = SIZES
  let count = 0
  const matrix = (rows: number, columns: number): Matrix =>
    Array.from({ length: rows }, () =>
      Array.from({ length: columns }, () => Math.fround(Math.sin(++count * 1.7) / Math.sqrt(columns))),
    )
  const each = (rows: number, columns: number) => Array.from({ length: layers }, () => matrix(rows, columns))
  const scale = () => [Array.from({ length: width }, () => Math.fround(1 + 0.1 * Math.sin(++count)))]
  const angles = (turn: (angle: number) => number): Matrix =>
    Array.from({ length: context }, (_, position) =>
      Array.from({ length: HEAD / 2 }, (_, pair) => turn(position / BASE ** ((2 * pair) / HEAD))),
    )
  return {
    embed: [matrix(vocabulary, width)],
    attentionNorm: Array.from({ length: layers }, scale),
    wq: each(heads * HEAD, width),
    wk: each(kvHeads * HEAD, width),
    wv: each(kvHeads * HEAD, width),
    wo: each(width, heads * HEAD),
    inputNorm: Array.from({ length: layers }, scale),
    w1: each(inner, width),
    w2: each(width, inner),
    w3: each(inner, width),
    norm: [scale()],
    cosines: [angles(Math.cos)],
    sines: [angles(Math.sin)],
    ...(tied ? {} : { classifier: [matrix(vocabulary, width)] }),
  }
}
type Weights = ReturnType<typeof makeWeights>

function fileOf(weights: Weights, sizes: object = {}): Buffer {
  const { width, inner, layers, heads, kvHeads, vocabulary, context } = { ...SIZES, ...sizes }
  const signed = "classifier" in weights ? -vocabulary : vocabulary
  const header = Int32Array.of(width, inner, layers, heads, kvHeads, signed, context)
  const numbers = Float32Array.from(Object.values(weights).flat(3))
  return Buffer.concat([Buffer.from(header.buffer), Buffer.from(numbers.buffer)])
}

async function imported(content: Uint8Array): Promise<string> {
  const path = join(parent, "model.bin")
  const folder = await mkdtemp(join(parent, "model-"))
  await writeFile(path, content)
  await importLlama2c(path, folder)
  return folder
}

/** Logits of a sequence by llama2.c's rules in plain float64 loops: features 2i and 2i + 1 turn together. */
function plainLogits(weights: Weights, tokens: readonly number[]): number[] {
  const { heads, kvHeads, layers } = SIZES
  const times = (matrix: Matrix, x: number[]) =>
    matrix.map((row) => row.reduce((sum, value, i) => sum + value * x[i], 0))
  const normed = (x: number[], [scale]: Matrix) => {
    const root = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length + 1e-5)
    return x.map((value, i) => (value / root) * scale[i])
  }
  const turned = (x: number[], position: number) =>
    x.map((value, i) => {
      const angle = position / BASE ** ((2 * Math.floor((i % HEAD) / 2)) / HEAD)
      const [cosine, sine] = [Math.cos(angle), Math.sin(angle)]
      return i % 2 === 0 ? value * cosine - x[i + 1] * sine : value * cosine + x[i - 1] * sine
    })
  const headOf = (x: number[], head: number) => x.slice(head * HEAD, (head + 1) * HEAD)
  let residual = tokens.map((token) => weights.embed[0][token])
  for (let layer = 0; layer < layers; layer++) {
    const inputs = residual.map((x) => normed(x, weights.attentionNorm[layer]))
    const queries = inputs.map((x, position) => turned(times(weights.wq[layer], x), position))
    const keys = inputs.map((x, position) => turned(times(weights.wk[layer], x), position))
    const values = inputs.map((x) => times(weights.wv[layer], x))
    const attended = queries.map((query, position) =>
      Array.from({ length: heads }, (_, head) => {
        const shared = Math.floor(head / (heads / kvHeads))
        const weightsOf = keys.slice(0, position + 1).map((key) => {
          const [left, right] = [headOf(query, head), headOf(key, shared)]
          return Math.exp(left.reduce((sum, value, i) => sum + value * right[i], 0) / Math.sqrt(HEAD))
        })
        const total = weightsOf.reduce((sum, value) => sum + value, 0)
        return Array.from({ length: HEAD }, (_, i) =>
          weightsOf.reduce((sum, weight, row) => sum + (weight / total) * headOf(values[row], shared)[i], 0),
        )
      }).flat(),
    )
    residual = residual.map((x, row) => {
      const middle = times(weights.wo[layer], attended[row]).map((value, i) => value + x[i])
      const input = normed(middle, weights.inputNorm[layer])
      const up = times(weights.w3[layer], input)
      const gated = times(weights.w1[layer], input).map((value, i) => (value / (1 + Math.exp(-value))) * up[i])
      return times(weights.w2[layer], gated).map((value, i) => value + middle[i])
    })
  }
  const [output] = weights.classifier ?? weights.embed
  return residual.flatMap((x) => times(output, normed(x, weights.norm[0])))
}

describe("checkpoints of llama2.c", () => {
  it.each([{ tied: true }, { tied: false }])("compute what llama2.c computes, tied: $tied", async (kind) => {
    const weights = makeWeights(kind)
    using model = await CausalLanguageModel.load(await imported(fileOf(weights)), { executor })
    expect(model.notices).toEqual([])
    expect(model.config).toMatchObject({ tie_word_embeddings: kind.tied, rope_theta: BASE, num_key_value_heads: 2 })
    expect(model.description).toMatchObject({ context: 8, bosId: 1, eosIds: [2] })
    const tokens = [1, 7, 3, 3, 10, 0]
    using program = compile(
      { tokens: i32(rows(8)), positions: i32(rows(8)), starts: i32(rows(8)) },
      (inputs) => {
        const hidden = model.hidden({ ...inputs, attention: packedAttention(inputs.starts) } as never)
        return { outputs: { logits: matmul(hidden, model.outputWeight, { transposeRight: true }) } }
      },
      { executor, precision: "f32" },
    )
    const positions = tokens.map((_, position) => position)
    const { logits } = await program.run({ tokens, positions, starts: tokens.map(() => 0) })
    const expected = plainLogits(weights, tokens)
    expect(logits.length).toBe(expected.length)
    for (const [place, value] of expected.entries()) expect(Math.abs(logits[place] - value)).toBeLessThan(1e-5)
  })

  const weights = makeWeights({ tied: true })
  const whole = fileOf(weights)
  const later = Buffer.concat([Buffer.from(Int32Array.of(0x616b3432, 1).buffer), whole])
  it.each([
    ["a file cut short", whole.subarray(0, -1), /wanted \d+ bytes for 2 layers of width 24 and 11 tokens; came \d+/],
    ["bytes too many", Buffer.concat([whole, Buffer.alloc(4)]), /wanted \d+ bytes/],
    ["less than a header", whole.subarray(0, 20), /ends after 20/],
    ["a later layout", later, /first layout; came version 1 of its later ones; export it with --version 0/],
    ["a size of zero", fileOf(weights, { layers: 0 }), /layers from 1 .* came 0/],
    ["a size beyond reason", fileOf(weights, { inner: 2 ** 30 }), /inner from 1/],
    ["heads that do not divide the width", fileOf(weights, { heads: 5 }), /came width 24, 5 heads, 2 key heads/],
    [
      "other numbers where the angles belong",
      fileOf({ ...weights, sines: weights.cosines }),
      /table of cosines and sines/,
    ],
  ])("refuse %s", async (_, content, message) => {
    const fault = await imported(content).catch((error) => error)
    expect(fault).toMatchObject({ code: "CHECKPOINT_DAMAGED" })
    expect(fault.message).toMatch(message)
  })
  it("that are missing, or folders, are unreadable", async () => {
    for (const path of [join(parent, "none.bin"), parent])
      await expect(importLlama2c(path, join(parent, "out"))).rejects.toMatchObject({ code: "FILE_UNREADABLE" })
  })
})
