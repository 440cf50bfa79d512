/**
 * Writes a Llama of random weights as GGUF files, one for each kind of numbers, from the same seed: what speed of
 * generation is measured on. Its vocabulary is made up, of the size and kind of Llama 2's, so that it needs no download.
 */
import { join } from "node:path"
import { parseArgs } from "node:util"
import type { GgufValue } from "../../src/gguf/index.ts"
import { CausalLanguageModel, type GgufDType } from "../../src/models/index.ts"

const SIZES = {
  "15m": { num_hidden_layers: 6, hidden_size: 288, intermediate_size: 768, num_attention_heads: 6 },
  "110m": { num_hidden_layers: 12, hidden_size: 768, intermediate_size: 2048, num_attention_heads: 12 },
} as const

const VOCABULARY = 32_000
const CONTEXT = 2048
/** `tokenizer.ggml.token_type` */
const NORMAL = 1
const UNKNOWN = 2
const CONTROL = 3
const BYTE = 6

const { values: given } = parseArgs({
  options: {
    size: { type: "string", default: "110m" },
    types: { type: "string", default: "q8_0,q4_0" },
    out: { type: "string", default: "." },
  },
})
const size = given.size as keyof typeof SIZES

using model = await CausalLanguageModel.create({
  modelType: "llama",
  config: {
    ...SIZES[size],
    vocab_size: VOCABULARY,
    max_position_embeddings: CONTEXT,
    tie_word_embeddings: true,
    rms_norm_eps: 1e-5,
  },
  seed: 0,
})
const files: string[] = []
for (const dtype of given.types.split(",") as GgufDType[]) {
  const path = join(given.out, `random-llama-${size}-${dtype}.gguf`)
  await model.saveGguf(path, { dtype, name: `random-${size}`, tokenizer: madeUpTokenizer() })
  files.push(path)
}
console.log(JSON.stringify({ files, parameters: model.parameters.count }))

/** Three control pieces, 256 bytes, and pieces that no text has. */
function madeUpTokenizer(): ReadonlyMap<string, GgufValue> {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`)
  const leading = ["<unk>", "<s>", "</s>", ...bytes]
  const tokens = Array.from({ length: VOCABULARY }, (_, id) => leading[id] ?? `▁piece${id}`)
  const types = tokens.map((_, id) => (id === 0 ? UNKNOWN : id < 3 ? CONTROL : id < leading.length ? BYTE : NORMAL))
  const scores = tokens.map((_, id) => (id < leading.length ? 0 : leading.length - id))
  return new Map<string, GgufValue>([
    ["tokenizer.ggml.model", { type: "string", value: "llama" }],
    ["tokenizer.ggml.tokens", { type: "array", items: "string", value: tokens }],
    ["tokenizer.ggml.scores", { type: "array", items: "float32", value: Float32Array.from(scores) }],
    ["tokenizer.ggml.token_type", { type: "array", items: "int32", value: Int32Array.from(types) }],
    ["tokenizer.ggml.unknown_token_id", { type: "uint32", value: 0 }],
    ["tokenizer.ggml.bos_token_id", { type: "uint32", value: 1 }],
    ["tokenizer.ggml.eos_token_id", { type: "uint32", value: 2 }],
  ])
}
