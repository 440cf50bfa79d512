/**
 * Checkpoints of llama2.c in its first layout: seven int32 sizes, then float32 weights one kind after another, every
 * kind for all layers. It has no name or version to know it by, so that sizes and length are checked against each other.
 * Its positions turn neighbouring features; Hugging Face pairs the halves of a head, so rows are put in that order.
 */
import { type FileHandle, open } from "node:fs/promises"
import { GlossaError } from "../../errors.ts"
import { damaged } from "../../stored-file.ts"
import { type LlamaConfig, llama, parseConfig } from "../families/index.ts"
import { countParameters } from "../layers/index.ts"
import { type SaveOptions, writeModelFolder } from "./model-folder.ts"

const HEADER_BYTES = 28
/** What later layouts of llama2.c begin with, as an int32. */
const LATER_MAGIC = 0x616b3432
/** Every llama2.c model has these. */
const NORM_EPSILON = 1e-5
const BOS_ID = 1
const EOS_ID = 2

/** Sizes as the header has them. */
interface Header {
  readonly width: number
  readonly inner: number
  readonly layers: number
  readonly heads: number
  readonly kvHeads: number
  readonly vocabulary: number
  readonly context: number
  /** The token table is the output matrix, too: told by the sign of the vocabulary's size. */
  readonly tied: boolean
}

/** One kind of weights: for every layer a matrix of these rows and columns, one after another. */
interface Block {
  /** Parameter path, `*` standing for the layer; none for tables that no parameter is filled from. */
  readonly path?: string
  readonly copies: number
  readonly rows: number
  readonly columns: number
  /** Whether rows are in the order of neighbouring pairs, to be put in the order of halves. */
  readonly paired?: true
}

/**
 * Writes a llama2.c checkpoint as a model folder: config.json, generation_config.json and the weights, one matrix in
 * memory at a time. What its tokenizer.bin says is `tokenizerFromLlama2c`'s.
 *
 * @throws FILE_UNREADABLE when the checkpoint is missing or may not be read
 * @throws CHECKPOINT_DAMAGED when it is cut short, altered or of another layout
 * @throws FILE_UNWRITABLE when there is no space, no permission, or the disk is read-only
 */
export async function importLlama2c(checkpoint: string, folder: string, options?: SaveOptions): Promise<LlamaConfig> {
  const file = await openCheckpoint(checkpoint)
  try {
    const header = await readHeader(file, checkpoint)
    const blocks = blocksOf(header)
    await checkLength(file, blocks, header, checkpoint)
    const config = await configOf(file, blocks, header, checkpoint)
    const specs = llama.parameterSpecs(config)
    const places = placesOf(blocks, header)
    await writeModelFolder(
      folder,
      {
        family: llama as never,
        config,
        generation: {},
        parameters: {
          specs,
          count: countParameters(specs),
          get: (path) => ({ read: () => readMatrix(file, places, path, header, checkpoint) }),
        },
      },
      options,
    )
    return config
  } finally {
    await file.close()
  }
}

async function openCheckpoint(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, "r")
    if ((await file.stat()).isFile()) return file
    await file.close()
    throw new Error("it is no file")
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new GlossaError("FILE_UNREADABLE", {
      where: path,
      wanted: "a checkpoint of llama2.c",
      came: code === "ENOENT" ? "no such file" : message,
      cause,
    })
  }
}

async function readHeader(file: FileHandle, path: string): Promise<Header> {
  const view = new DataView((await readBytes(file, 0, HEADER_BYTES, path)).buffer)
  const [width, inner, layers, heads, kvHeads, signedVocabulary, context] = Array.from({ length: 7 }, (_, index) =>
    view.getInt32(4 * index, true),
  )
  if (width === LATER_MAGIC)
    throw damaged(path, "llama2.c's first layout", `version ${inner} of its later ones`, "export it with --version 0")
  const vocabulary = Math.abs(signedVocabulary)
  const sizes = { width, inner, layers, heads, kvHeads, vocabulary, context }
  for (const [name, size] of Object.entries(sizes))
    if (size < 1 || size > 2 ** 24) throw damaged(path, `a header of sizes, ${name} from 1 to ${2 ** 24}`, `${size}`)
  if (width % heads || (width / heads) % 2 || heads % kvHeads)
    throw damaged(
      path,
      "heads of an even size that divide the width, and key heads that divide them",
      `width ${width}, ${heads} heads, ${kvHeads} key heads`,
    )
  return { ...sizes, tied: signedVocabulary > 0 }
}

/** What lies in the file after the header, in order. */
function blocksOf({ width, inner, layers, heads, kvHeads, vocabulary, context, tied }: Header): Block[] {
  const headSize = width / heads
  const layered = (path: string, rows: number, columns: number): Block => ({
    path: `model.layers.*.${path}.weight`,
    copies: layers,
    rows,
    columns,
  })
  const angles: Block = { copies: 1, rows: context, columns: headSize / 2 }
  return [
    { path: "model.embed_tokens.weight", copies: 1, rows: vocabulary, columns: width },
    layered("input_layernorm", 1, width),
    { ...layered("self_attn.q_proj", width, width), paired: true },
    { ...layered("self_attn.k_proj", kvHeads * headSize, width), paired: true },
    layered("self_attn.v_proj", kvHeads * headSize, width),
    layered("self_attn.o_proj", width, width),
    layered("post_attention_layernorm", 1, width),
    layered("mlp.gate_proj", inner, width),
    layered("mlp.down_proj", width, inner),
    layered("mlp.up_proj", inner, width),
    { path: "model.norm.weight", copies: 1, rows: 1, columns: width },
    angles, // cosines
    angles, // sines
    ...(tied ? [] : [{ path: "lm_head.weight", copies: 1, rows: vocabulary, columns: width }]),
  ]
}

const bytesOf = ({ copies, rows, columns }: Block): number => 4 * copies * rows * columns
const startOf = (blocks: readonly Block[], index: number): number =>
  blocks.slice(0, index).reduce((total, block) => total + bytesOf(block), HEADER_BYTES)

async function checkLength(file: FileHandle, blocks: readonly Block[], header: Header, path: string): Promise<void> {
  const { size } = await file.stat()
  const wanted = startOf(blocks, blocks.length)
  if (size === wanted) return
  const { layers, width, vocabulary } = header
  throw damaged(path, `${wanted} bytes for ${layers} layers of width ${width} and ${vocabulary} tokens`, `${size}`)
}

/** The base of the positions is not in the header; the tables of angles tell it. */
async function configOf(
  file: FileHandle,
  blocks: readonly Block[],
  header: Header,
  path: string,
): Promise<LlamaConfig> {
  const { width, inner, layers, heads, kvHeads, vocabulary, context, tied } = header
  const cosines = blocks.findIndex((block) => block.path === undefined)
  const half = width / heads / 2
  const row = context > 1 ? 1 : 0
  const [cosine, sine] = await Promise.all(
    [cosines, cosines + 1].map((index) => readFloats(file, startOf(blocks, index) + 4 * half * row, half, path)),
  )
  if (cosine.some((value, pair) => !(Math.abs(value ** 2 + sine[pair] ** 2 - 1) < 1e-4)))
    throw damaged(path, "a table of cosines and sines after the weights", "other numbers")
  // The second pair turns by base^(−2/headSize) a position; with one pair, or one position, any base is as good.
  const base = half > 1 && row === 1 ? Math.round(Math.atan2(sine[1], cosine[1]) ** -half) : 10_000
  const json = {
    model_type: "llama",
    vocab_size: vocabulary,
    hidden_size: width,
    intermediate_size: inner,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    max_position_embeddings: context,
    rms_norm_eps: NORM_EPSILON,
    rope_theta: base,
    tie_word_embeddings: tied,
    bos_token_id: BOS_ID,
    eos_token_id: EOS_ID,
  }
  return parseConfig(llama, json, { where: path, unknownKeys: "refuse" })
}

interface Place {
  readonly start: number
  readonly block: Block
}

/** Where each parameter lies. */
function placesOf(blocks: readonly Block[], { layers }: Header): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>()
  for (const [index, block] of blocks.entries()) {
    if (block.path === undefined) continue
    const start = startOf(blocks, index)
    if (!block.path.includes("*")) places.set(block.path, { start, block })
    else
      for (let layer = 0; layer < layers; layer++)
        places.set(block.path.replace("*", String(layer)), { start: start + (layer * bytesOf(block)) / layers, block })
  }
  return places
}

async function readMatrix(
  file: FileHandle,
  places: ReadonlyMap<string, Place>,
  path: string,
  { width, heads }: Header,
  where: string,
): Promise<Float32Array> {
  const { start, block } = places.get(path) as Place
  const { rows, columns, paired } = block
  const numbers = await readFloats(file, start, rows * columns, where)
  return paired ? inHalves(numbers, columns, width / heads) : numbers
}

/** Rows of each head from pairs (0, 1), (2, 3), … to halves: the firsts of all pairs, then their seconds. */
function inHalves(numbers: Float32Array, columns: number, headSize: number): Float32Array {
  const result = new Float32Array(numbers.length)
  const half = headSize / 2
  for (let row = 0; row * columns < numbers.length; row++) {
    const feature = row % headSize
    const source = row - feature + (feature < half ? 2 * feature : 2 * (feature - half) + 1)
    result.set(numbers.subarray(source * columns, (source + 1) * columns), row * columns)
  }
  return result
}

async function readFloats(file: FileHandle, start: number, count: number, path: string): Promise<Float32Array> {
  const { buffer } = await readBytes(file, start, 4 * count, path)
  return new Float32Array(buffer)
}

async function readBytes(file: FileHandle, start: number, length: number, path: string) {
  const bytes = new Uint8Array(length)
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await file.read(bytes, filled, Math.min(length - filled, 2 ** 30), start + filled)
    if (bytesRead === 0) throw damaged(path, `${length} bytes from ${start}`, `a file that ends after ${filled}`)
    filled += bytesRead
  }
  return bytes
}
