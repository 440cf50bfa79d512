/** What is fuzzed: each target makes inputs and reads them as the product does. Only a GlossaError may come out. */
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseDocument, stringify } from "yaml"
import { GlossaError } from "../../src/errors.ts"
import { GgufFile } from "../../src/gguf/index.ts"
import { familyOf, parseConfig } from "../../src/models/families/index.ts"
import { openStoredModel, SafetensorsFile } from "../../src/models/weights/index.ts"
import { parseRecipeText } from "../../src/recipes/index.ts"
import { AutoTokenizer, Tokenizer } from "../../src/text/tokenizers/index.ts"
import { verifyCheckpoint } from "../../src/training/loop/index.ts"
import { SMALL_TOKENIZERS } from "../tokenizers/small-tokenizers.ts"
import { LONGEST_INPUT, mutateBytes, mutateValue, randomBytes } from "./mutate.ts"
import { Random } from "./random.ts"
import { TOKENIZER_FILE_TARGETS } from "./tokenizer-targets.ts"

export interface Target {
  readonly name: string
  /** Valid inputs that others are made from. */
  readonly corpus: readonly Uint8Array[]
  /** Keys and values that mean something here. */
  readonly words: readonly string[]
  /** The value that an input spells, and the input that spells a value. */
  readonly toValue: (input: Uint8Array) => unknown
  readonly fromValue: (value: unknown, random: Random) => Uint8Array
  /** Reads an input, in a folder of its own, as the product would. */
  read(input: Uint8Array, folder: string): Promise<void>
}

/** Input number `input` of a target. */
export function makeInput(target: Target, seed: number, input: number): Uint8Array {
  if (input < target.corpus.length) return target.corpus[input]
  const random = new Random(seed, input)
  const valid = random.pick(target.corpus)
  const kind = random.below(20)
  if (kind === 0) return randomBytes(random)
  if (kind < 8) return mutateBytes(valid, random.pick(target.corpus), target.words, random)
  const made = target.fromValue(mutateValue(spelledBy(target, valid), target.words, random), random)
  return made.subarray(0, LONGEST_INPUT)
}

/** What the valid inputs spell, read once. */
const values = new Map<Uint8Array, unknown>()

function spelledBy(target: Target, valid: Uint8Array): unknown {
  if (!values.has(valid)) values.set(valid, target.toValue(valid))
  return values.get(valid)
}

const encode = (text: string) => new Uint8Array(Buffer.from(text))
const json = (value: unknown) => encode(JSON.stringify(value) ?? "")
const yaml = (value: unknown) => {
  try {
    return encode(stringify(value) ?? "")
  } catch {
    return json(value) // nested too deep for the library that writes it
  }
}
const parse = (input: Uint8Array): unknown => JSON.parse(Buffer.from(input).toString())

// ---- safetensors

function safetensorsOf(table: unknown, data: Uint8Array, tableBytes?: bigint): Uint8Array {
  const text = Buffer.from(JSON.stringify(table) ?? "")
  const prefix = Buffer.alloc(8)
  prefix.writeBigUInt64LE(tableBytes ?? BigInt(text.length))
  return new Uint8Array(Buffer.concat([prefix, text, data]))
}

const TYPES = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, U16: 2, U32: 4, U64: 8, BOOL: 1 }

function safetensorsWith(types: readonly (keyof typeof TYPES)[]): Uint8Array {
  let place = 0
  const entries = types.map((dtype, index) => {
    const shape = [[3], [2, 2], [], [0, 5], [1, 2, 3]][index % 5]
    const end = place + shape.reduce((product, size) => product * size, TYPES[dtype])
    const entry = [`layer.${index}.weight`, { dtype, shape, data_offsets: [place, end] }]
    place = end
    return entry
  })
  const data = Uint8Array.from({ length: place }, (_, index) => index * 37)
  return safetensorsOf({ __metadata__: { format: "pt" }, ...Object.fromEntries(entries) }, data)
}

const safetensors: Target = {
  name: "safetensors",
  corpus: [
    safetensorsWith(["F32", "BF16", "F16"]),
    safetensorsWith(["I64", "I32", "I16", "I8", "U8", "BOOL"]),
    safetensorsWith(["F64", "U16", "U32", "U64"]),
    safetensorsOf({}, new Uint8Array(0)),
  ],
  words: ["dtype", "shape", "data_offsets", "__metadata__", "F32", "BF16", "F8_E4M3", "F31", '{"a":', "layer.0.weight"],
  toValue: (input) => parse(input.subarray(8, 8 + Number(Buffer.from(input).readBigUInt64LE()))),
  fromValue(table, random) {
    // Mostly as much data as the table speaks of.
    const ends = Object.values(Object(table)).map((entry) => Number(Object(Object(entry).data_offsets)[1]) || 0)
    const wanted = Math.min(3000, Math.max(0, ...ends))
    const data = new Uint8Array(random.chance(4) ? random.below(100) : Math.floor(wanted))
    const lengths = [0n, 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, BigInt(random.below(5000))]
    return safetensorsOf(table, data, random.chance(12) ? random.pick(lengths) : undefined)
  },
  async read(input, folder) {
    const path = join(folder, "model.safetensors")
    writeFileSync(path, input)
    const file = await SafetensorsFile.open(path)
    try {
      for (const name of file.tensors.keys()) await file.read(name)
    } finally {
      await file.close()
    }
  },
}

// ---- GGUF

/** A file as mutation sees it: [key, kind, content] of each value, [name, sizes, kind, place] of each tensor. */
interface GgufPieces {
  readonly version?: unknown
  readonly tensorCount?: unknown
  readonly valueCount?: unknown
  readonly values: readonly unknown[]
  readonly tensors: readonly unknown[]
  readonly data: unknown
}

const whole = (value: unknown) => (Number.isFinite(Number(value)) ? BigInt(Math.trunc(Number(value))) : 2n ** 63n)
const u64 = (value: unknown) => Buffer.from(BigUint64Array.of(whole(value)).buffer)
const u32 = (value: unknown) => Buffer.from(Uint32Array.of(Number(value)).buffer)
const ggufText = (value: unknown) => Buffer.concat([u64(Buffer.byteLength(String(value))), Buffer.from(String(value))])
const list = (value: unknown): unknown[] => (Array.isArray(value) ? Array.from(value) : [value])

/** Content of a kind: a small number by its size, a text, or [kind of the items, items]. */
function ggufContent(kind: unknown, value: unknown): Buffer {
  switch (kind) {
    case 4:
      return u32(value)
    case 6:
      return Buffer.from(Float32Array.of(Number(value)).buffer)
    case 8:
      return ggufText(value)
    case 9: {
      const [items, ...rest] = list(value)
      return Buffer.concat([u32(items), u64(rest.length), ...rest.map((item) => ggufContent(items, item))])
    }
    default:
      return Buffer.alloc(
        typeof kind === "number" ? ([1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8][kind] ?? 3) : 3,
        Number(value),
      )
  }
}

function ggufOf(pieces: unknown): Uint8Array {
  const { version = 3, values, tensors, data, tensorCount, valueCount } = Object(pieces) as Partial<GgufPieces>
  const valueList = list(values).map(list)
  const tensorList = list(tensors).map(list)
  const header = Buffer.concat([
    Buffer.from("GGUF"),
    u32(version),
    u64(tensorCount ?? tensorList.length),
    u64(valueCount ?? valueList.length),
    ...valueList.flatMap(([key, kind, value]) => [ggufText(key), u32(kind), ggufContent(kind, value)]),
    ...tensorList.flatMap(([name, sizes, kind, place]) => [
      ggufText(name),
      u32(list(sizes).length),
      ...list(sizes).map(u64),
      u32(kind),
      u64(place),
    ]),
  ]).subarray(0, LONGEST_INPUT)
  const content = Math.min(Math.max(0, Number(data) || 0), LONGEST_INPUT)
  return new Uint8Array(
    Buffer.concat([header, Buffer.alloc((32 - (header.length % 32)) % 32), Buffer.alloc(content, 1)]),
  )
}

/** Tensors one after another, each [name, sizes innermost first, kind, bytes]. */
function placed(tensors: readonly (readonly [string, readonly number[], number, number])[]) {
  let place = 0
  const entries = tensors.map(([name, sizes, kind, bytes]) => {
    const entry = [name, sizes, kind, place]
    place += Math.ceil(bytes / 32) * 32
    return entry
  })
  return { tensors: entries, data: place }
}

const matrix = (name: string, columns: number, rows: number) =>
  [`${name}.weight`, [columns, rows], 0, 4 * rows * columns] as const
const row = (name: string) => [`${name}.weight`, [8], 0, 32] as const
const pieces = ["<unk>", "<s>", "</s>", "▁", "a", "▁a", "<0x61>", "é"]
const GGUF_FILES: readonly GgufPieces[] = [
  {
    values: [
      ["general.architecture", 8, "llama"],
      ...Object.entries({ block_count: 1, context_length: 4, embedding_length: 8, feed_forward_length: 8 }).map(
        ([key, value]) => [`llama.${key}`, 4, value],
      ),
      ["llama.attention.head_count", 4, 2],
      ["llama.attention.head_count_kv", 4, 1],
      ["llama.attention.layer_norm_rms_epsilon", 6, 1e-5],
      ["llama.rope.freq_base", 6, 10000],
      ["tokenizer.ggml.model", 8, "llama"],
      ["tokenizer.ggml.tokens", 9, [8, ...pieces]],
      ["tokenizer.ggml.scores", 9, [6, ...pieces.map((_, id) => -id)]],
      ["tokenizer.ggml.token_type", 9, [4, 2, 3, 3, 1, 1, 1, 6, 4]],
      ["tokenizer.ggml.bos_token_id", 4, 1],
    ],
    ...placed([
      matrix("token_embd", 8, 8),
      row("blk.0.attn_norm"),
      matrix("blk.0.attn_q", 8, 8),
      matrix("blk.0.attn_k", 8, 4),
      matrix("blk.0.attn_v", 8, 4),
      matrix("blk.0.attn_output", 8, 8),
      row("blk.0.ffn_norm"),
      matrix("blk.0.ffn_gate", 8, 8),
      matrix("blk.0.ffn_up", 8, 8),
      matrix("blk.0.ffn_down", 8, 8),
      row("output_norm"),
    ]),
  },
  {
    values: [
      ["general.architecture", 8, "gpt2"],
      ["tokenizer.ggml.model", 8, "gpt2"],
      ["tokenizer.ggml.pre", 8, "gpt-2"],
      ["tokenizer.ggml.tokens", 9, [8, "a", "b", "ab", "Ġ", "<|end|>"]],
      ["tokenizer.ggml.merges", 9, [8, "a b"]],
      ["tokenizer.ggml.token_type", 9, [4, 1, 1, 1, 1, 3]],
      ["tokenizer.ggml.add_bos_token", 7, 1],
      ["tokenizer.ggml.bos_token_id", 4, 4],
      ["tokenizer.chat_template", 8, "{{ messages }}"],
    ],
    tensors: [["token_embd.weight", [32, 5], 8, 0]],
    data: 170,
  },
  {
    version: 2,
    values: [
      ...Array.from({ length: 13 }, (_, kind) => [`kind ${kind}`, kind, kind === 9 ? [9, [9, [4, 7]]] : 1]),
      ["general.alignment", 4, 64],
    ],
    tensors: [
      ["f16", [4, 2], 1, 0],
      ["bf16", [4], 30, 64],
      ["q4_0", [32, 2], 2, 128],
      ["q4_k", [256], 12, 192],
      ["none", [0, 3], 0, 0],
    ],
    data: 400,
  },
]
const ggufInputs = new Map(GGUF_FILES.map((pieces) => [ggufOf(pieces), pieces]))

const gguf: Target = {
  name: "gguf",
  corpus: [...ggufInputs.keys()],
  words: [
    ...["llama", "gpt2", "general.architecture", "general.alignment", "tokenizer.ggml.tokens", "blk.0.attn_q.weight"],
    ...["llama.block_count", "llama.rope.scaling.type", "yarn", "linear", "rope_freqs.weight", "output.weight"],
    ...["tokenizer.ggml.pre", "default", "qwen2", "tensorCount", "valueCount", "version", "<0x00>", "▁"],
  ],
  toValue: (input) => ggufInputs.get(input),
  fromValue: (value) => ggufOf(value),
  async read(input, folder) {
    const path = join(folder, "model.gguf")
    writeFileSync(path, input)
    const file = await GgufFile.open(path)
    try {
      for (const name of file.tensors.keys()) await file.read(name)
    } finally {
      await file.close()
    }
    await told(async () => {
      const tokenizer = await AutoTokenizer.fromPretrained(path)
      tokenizer.decode(tokenizer.encode(TEXT).filter((id) => tokenizer.idToToken(id) !== undefined))
    })
    const model = await openStoredModel(path)
    try {
      for (const { path: parameter } of model.parameters.specs) await model.parameters.get(parameter).read()
      for (const blocks of model.blocks.values()) await blocks.read()
    } finally {
      await model.close()
    }
  },
}

/** Goes on after an error that is told as it should be. */
async function told(action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (error) {
    if (!(error instanceof GlossaError)) throw error
  }
}

// ---- tokenizer.json

const TEXT = "Call me Ishmael; it's 1851,  né 😀 <|bos|>\n"

function tokenizerOf(parts: object, extra: object = {}): Uint8Array {
  const characters = [..." !,;'0158CImaehlst<|bo>é\nĠĊÃ©"]
  const vocab = Object.fromEntries(
    [...new Set([...characters, "<unk>", "<0x0A>", "me", "Ish", "sh", "Ġm"])].map((t, i) => [t, i]),
  )
  return json({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [
      { id: 60, content: "<|bos|>", single_word: false, lstrip: false, rstrip: true, normalized: false, special: true },
      { id: 61, content: "né", single_word: true, lstrip: true, rstrip: false, normalized: true, special: false },
    ],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: "<unk>",
      vocab,
      merges: ["m e", ["s", "h"], "I sh", "Ġ m"],
      ...extra,
    },
    ...parts,
  })
}

const template = {
  type: "TemplateProcessing",
  single: [{ SpecialToken: { id: "<|bos|>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
  pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
  special_tokens: { "<|bos|>": { id: "<|bos|>", ids: [60], tokens: ["<|bos|>"] } },
}
const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true }
const gptSplit = "'s|'t|(?i:'ll)| ?\\p{L}+| ?\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

const tokenizers: Target = {
  name: "tokenizer.json",
  corpus: [
    tokenizerOf({ pre_tokenizer: byteLevel, decoder: byteLevel, post_processor: byteLevel }),
    tokenizerOf({
      normalizer: { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "NFKD" }] },
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [
          { type: "Split", pattern: { Regex: gptSplit }, behavior: "Isolated", invert: false },
          { type: "Digits", individual_digits: true },
          { ...byteLevel, use_regex: false },
        ],
      },
      post_processor: { type: "Sequence", processors: [byteLevel, template] },
      decoder: byteLevel,
    }),
    tokenizerOf(
      {
        pre_tokenizer: { type: "Split", pattern: { String: " " }, behavior: "MergedWithNext", invert: true },
        post_processor: template,
      },
      { byte_fallback: true, fuse_unk: true, ignore_merges: true, end_of_word_suffix: "</w>" },
    ),
    ...Object.values(SMALL_TOKENIZERS)
      .map(json)
      .filter(({ length }) => length <= LONGEST_INPUT),
  ],
  words: [
    ...["type", "BPE", "ByteLevel", "Split", "Sequence", "Digits", "NFC", "TemplateProcessing", "Regex", "String"],
    ...["vocab", "merges", "added_tokens", "content", "id", "special", "\\p{L}", "(?i:", "(?>", "[^\\s]", "a+", "*"],
    ...["Metaspace", "Replace", "Prepend", "Fuse", "Strip", "ByteFallback", "Lowercase", "prepend_scheme", "▁"],
  ],
  toValue: parse,
  fromValue: json,
  async read(input, folder) {
    let tokenizer: Tokenizer
    if (input.length % 16 === 0) {
      // Now and then by way of the file, as people do.
      writeFileSync(join(folder, "tokenizer.json"), input)
      tokenizer = await AutoTokenizer.fromPretrained(folder)
    } else {
      let value: unknown
      try {
        value = parse(input)
      } catch {
        return // what is not JSON is told by `fromPretrained`, above
      }
      tokenizer = Tokenizer.fromJson(value)
    }
    const ids = tokenizer.encode(TEXT, { parseSpecialTokens: true })
    const known = ids.filter((id) => tokenizer.idToToken(id) !== undefined)
    tokenizer.decode(known)
    const full = tokenizer.encodeFull(TEXT, { parseSpecialTokens: true, truncation: false, padding: false })
    if (full.ids.join() !== ids.join()) throw new Error("encode and encodeFull give other ids")
    // What was read once is read again from what it writes, and says the same.
    const again = Tokenizer.fromJson(JSON.parse(JSON.stringify(tokenizer.toJson())))
    if (again.encode(TEXT, { parseSpecialTokens: true }).join() !== ids.join())
      throw new Error("other ids after toJson")
  },
}

// ---- recipes

const recipeFolder = fileURLToPath(new URL("../../recipes/", import.meta.url))

const recipes: Target = {
  name: "recipes",
  corpus: [
    ...readdirSync(recipeFolder).map((name) => new Uint8Array(readFileSync(join(recipeFolder, name)))),
    encode("a: &a {b: 1}\ndepth: *a\n<<: [*a, *a]\n? [x, y]\n: !!set {z}\ntext: |2-\n   lines\n"),
    encode("model: {model_type: gpt2, n_embd: 64, n_head: 2, n_layer: 1}\ncorpus: {sources: [a.txt, 'b/*.jsonl']}\n"),
  ].filter(({ length }) => length <= LONGEST_INPUT),
  words: [
    ...["depth", "model", "from", "training", "steps", "corpus", "sources", "tokenizer", "vocabularySize", "context"],
    ...[
      "batchTokens",
      "learningRate",
      "evaluateEvery",
      "minutes",
      "npm:x",
      "&a",
      "*a",
      "<<",
      "!!binary",
      "|",
      ">-",
      "? ",
    ],
    ...[
      "---\n",
      "...\n",
      "%YAML 1.2\n",
      "\n  ",
      ".inf",
      ".nan",
      "0x7f",
      "llama",
      "gpt2",
      "num_hidden_layers",
      "hidden_size",
    ],
  ],
  toValue: (input) => parseDocument(Buffer.from(input).toString(), { logLevel: "silent" }).toJS(),
  fromValue: (value, random) => (random.chance(6) ? yaml(value) : json(value)),
  async read(input) {
    parseRecipeText(Buffer.from(input).toString())
  },
}

// ---- manifests

const FILES: Readonly<Record<string, string>> = { "config.json": "{}", "model.safetensors": "some numbers", empty: "" }

function manifestOf(changes: object = {}): Uint8Array {
  const files = Object.fromEntries(
    Object.entries(FILES).map(([name, text]) => [
      name,
      { bytes: text.length, sha256: createHash("sha256").update(text).digest("hex") },
    ]),
  )
  return json({ formatVersion: 1, step: 100, files, ...changes })
}

const manifests: Target = {
  name: "manifests",
  corpus: [manifestOf(), manifestOf({ files: {} }), manifestOf({ note: "more" })],
  words: ["files", "bytes", "sha256", "formatVersion", "step", "config.json", "empty", "../empty", "/dev/zero", "."],
  toValue: parse,
  fromValue: json,
  async read(input, folder) {
    if (!existsSync(join(folder, "empty")))
      for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text)
    writeFileSync(join(folder, "manifest.json"), input)
    const fault = await verifyCheckpoint(folder)
    if (fault) throw fault
  },
}

// ---- config.json

const configs: Target = {
  name: "config.json",
  corpus: [
    json({ model_type: "gpt2", vocab_size: 100, n_embd: 64, n_head: 4, n_layer: 2, n_positions: 64 }),
    json({
      model_type: "llama",
      vocab_size: 100,
      hidden_size: 64,
      intermediate_size: 128,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      max_position_embeddings: 64,
      rope_theta: 10000,
      tie_word_embeddings: true,
    }),
  ],
  words: ["hidden_size", "num_attention_heads", "head_dim", "rope_scaling", "rope_parameters", "dtype", "model_type"],
  toValue: parse,
  fromValue: json,
  async read(input) {
    let value: unknown
    try {
      value = parse(input)
    } catch {
      return
    }
    const modelType = (value as { model_type?: unknown } | null)?.model_type
    const family = familyOf(modelType, "config.json: model_type")
    family.describe(parseConfig(family, value, { where: "config.json", unknownKeys: "keep" }))
  },
}

/** The slowest first, those that wait for files beside those that do not: some are run at a time. */
export const TARGETS: readonly Target[] = [
  gguf,
  recipes,
  manifests,
  tokenizers,
  ...TOKENIZER_FILE_TARGETS,
  safetensors,
  configs,
]
