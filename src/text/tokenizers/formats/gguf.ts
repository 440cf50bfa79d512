/**
 * Tokenizers of GGUF files, in and out. `tokenizer.ggml.model` says which kind: `llama` is SentencePiece's BPE (pieces with
 * scores, bytes as a last resort), `gpt2` is byte-level BPE (tokens and merges, cut as `tokenizer.ggml.pre` says).
 */
import type { GgufMetadata } from "../../../gguf/index.ts"
import { describeValue, tokenizerInvalid } from "../parts.ts"
import type { SpecialRoles } from "../special-tokens.ts"
import { Tokenizer } from "../tokenizer.ts"
import { ggufSplitOf } from "./gguf-splits.ts"
import { mergesOf, sentencePieceParts } from "./sentencepiece-bpe.ts"

/** What a token is, by its number in `tokenizer.ggml.token_type`. */
export const GGUF_TOKEN_TYPES = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const
const KINDS = Object.values(GGUF_TOKEN_TYPES)

/** Ids of `llama` vocabularies whose files do not say. */
const LLAMA_IDS = { bos: 1, eos: 2, unk: 0 } as const
/** The name of each role in the file's keys. */
const ROLE_KEYS = { bos: "bos", eos: "eos", pad: "padding", unk: "unknown" } as const

/** A vocabulary as the file has it. */
interface Vocabulary {
  readonly tokens: readonly string[]
  /** What each token is. */
  readonly kinds: ArrayLike<number>
  readonly ids: ReadonlyMap<string, number>
}

/** Whether a file has a tokenizer; without one, a model takes and gives ids. */
export function hasGgufTokenizer(metadata: GgufMetadata): boolean {
  return metadata.has("tokenizer.ggml.tokens")
}

/**
 * The tokenizer in a file's metadata, its chat template included.
 *
 * @throws TOKENIZER_INVALID when there is none, it contradicts itself, or is of a kind that is not read
 * @throws CHECKPOINT_DAMAGED when a key is of another kind than the format says
 */
export function tokenizerFromGguf(metadata: GgufMetadata): Tokenizer {
  const model = metadata.text("tokenizer.ggml.model")
  const vocabulary = readVocabulary(metadata)
  if (model === "llama") return build(metadata, vocabulary, sentencePieceJson(metadata, vocabulary), LLAMA_IDS, true)
  if (model === "gpt2") return byteLevelTokenizer(metadata, vocabulary)
  const came = model === undefined ? "nothing" : describeValue(model)
  throw tokenizerInvalid(`${metadata.where}: tokenizer.ggml.model`, "llama or gpt2", came)
}

function readVocabulary(metadata: GgufMetadata): Vocabulary {
  const { where } = metadata
  const tokens = metadata.texts("tokenizer.ggml.tokens")
  if (tokens === undefined || tokens.length === 0)
    throw tokenizerInvalid(`${where}: tokenizer.ggml.tokens`, "a vocabulary", "none")
  const kinds = metadata.numbers("tokenizer.ggml.token_type") ?? new Int32Array(tokens.length).fill(1)
  checkLength(kinds, tokens, `${where}: tokenizer.ggml.token_type`)
  for (let id = 0; id < kinds.length; id++)
    if (!(KINDS as readonly number[]).includes(kinds[id]))
      throw tokenizerInvalid(`${where}: tokenizer.ggml.token_type[${id}]`, "a kind from 1 to 6", `${kinds[id]}`)
  const ids = new Map<string, number>()
  for (const [id, token] of tokens.entries()) {
    const place = `${where}: tokenizer.ggml.tokens[${id}]`
    if (token === "") throw tokenizerInvalid(place, "a token of at least one character", "none")
    const other = ids.get(token)
    if (other !== undefined) throw tokenizerInvalid(place, "each token once", `${describeValue(token)}, as id ${other}`)
    ids.set(token, id)
  }
  return { tokens, kinds, ids }
}

function checkLength(values: ArrayLike<unknown>, tokens: readonly string[], where: string): void {
  if (values.length !== tokens.length)
    throw tokenizerInvalid(where, `one for each of the ${tokens.length} tokens`, `${values.length}`)
}

function sentencePieceJson(metadata: GgufMetadata, { tokens, kinds, ids }: Vocabulary) {
  const where = `${metadata.where}: tokenizer.ggml.scores`
  const scores = metadata.numbers("tokenizer.ggml.scores")
  if (scores === undefined) throw tokenizerInvalid(where, "a score for each token", "none")
  checkLength(scores, tokens, where)
  const pieces = tokens.flatMap((text, id) => (isJoined(kinds[id]) ? [{ text, score: scores[id] }] : []))
  const strange = pieces.find(({ score }) => Number.isNaN(score))
  if (strange) throw tokenizerInvalid(where, "numbers", `NaN for ${describeValue(strange.text)}`)
  const unknown = tokens[metadata.whole("tokenizer.ggml.unknown_token_id") ?? LLAMA_IDS.unk]
  return {
    ...sentencePieceParts(metadata.flag("tokenizer.ggml.add_space_prefix") ?? true),
    model: {
      type: "BPE",
      unk_token: unknown ?? null,
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(ids),
      // A space inside a piece cannot be: it is written as a mark; tokenizer.json's merges put one between the parts.
      merges: mergesOf(
        pieces.filter(({ text }) => !text.includes(" ")),
        ids,
      ),
    },
  }
}

/** Whether text is joined into a token of this kind. */
function isJoined(kind: number): boolean {
  return kind === GGUF_TOKEN_TYPES.normal || kind === GGUF_TOKEN_TYPES.unused
}

function byteLevelTokenizer(metadata: GgufMetadata, vocabulary: Vocabulary): Tokenizer {
  const { tokens, kinds } = vocabulary
  const pre = metadata.text("tokenizer.ggml.pre") ?? "default"
  const split = ggufSplitOf(pre)
  if (!split)
    throw tokenizerInvalid(
      `${metadata.where}: tokenizer.ggml.pre`,
      "a way to cut text that is known here",
      describeValue(pre),
    )
  const merges = metadata.texts("tokenizer.ggml.merges")
  if (merges === undefined) throw tokenizerInvalid(`${metadata.where}: tokenizer.ggml.merges`, "merges", "none")
  const isAdded = (id: number) => isAddedToken(kinds[id])
  const json = {
    normalizer: null,
    pre_tokenizer: split.preTokenizer,
    decoder: { type: "ByteLevel" },
    model: {
      type: "BPE",
      ignore_merges: split.ignoreMerges ?? false,
      vocab: Object.fromEntries(tokens.flatMap((token, id) => (isAdded(id) ? [] : [[token, id]]))),
      merges,
    },
  }
  return build(metadata, vocabulary, json, {}, split.addsBos ?? false)
}

function isAddedToken(kind: number): boolean {
  return kind === GGUF_TOKEN_TYPES.control || kind === GGUF_TOKEN_TYPES.userDefined || kind === GGUF_TOKEN_TYPES.unknown
}

function build(
  metadata: GgufMetadata,
  { tokens, kinds }: Vocabulary,
  parts: Readonly<Record<string, unknown>>,
  defaults: Readonly<Partial<Record<keyof typeof ROLE_KEYS, number>>>,
  addsBosByDefault: boolean,
): Tokenizer {
  const roles = rolesOf(metadata, tokens, defaults)
  const addsBos = metadata.flag("tokenizer.ggml.add_bos_token") ?? addsBosByDefault
  const addsEos = metadata.flag("tokenizer.ggml.add_eos_token") ?? false
  const first = addsBos ? roles.bos : undefined
  const last = addsEos ? roles.eos : undefined
  const json = {
    version: "1.0",
    added_tokens: tokens.flatMap((content, id) =>
      isAddedToken(kinds[id]) ? [{ id, content, special: kinds[id] !== GGUF_TOKEN_TYPES.userDefined }] : [],
    ),
    post_processor: templateAround(first, last, tokens),
    ...parts,
  }
  const chatTemplate = metadata.text("tokenizer.chat_template")
  const config = { add_bos_token: first !== undefined, add_eos_token: last !== undefined }
  return Tokenizer.fromJson(json, { roles, config, ...(chatTemplate ? { chatTemplate } : {}) }, metadata.where)
}

function rolesOf(
  metadata: GgufMetadata,
  tokens: readonly string[],
  defaults: Readonly<Partial<Record<keyof typeof ROLE_KEYS, number>>>,
): SpecialRoles {
  const roles: Record<string, string> = {}
  for (const [role, name] of Object.entries(ROLE_KEYS)) {
    const key = `tokenizer.ggml.${name}_token_id`
    const told = metadata.whole(key)
    const id = told ?? defaults[role as keyof typeof ROLE_KEYS]
    if (id === undefined) continue
    if (told !== undefined && told >= tokens.length)
      throw tokenizerInvalid(`${metadata.where}: ${key}`, `an id below ${tokens.length}`, `${told}`)
    if (id < tokens.length) roles[role] = tokens[id]
  }
  return roles
}

/** The post-processor that puts tokens around a text, or null for none. */
function templateAround(first: string | undefined, last: string | undefined, tokens: readonly string[]) {
  const around = [first, last].filter((token) => token !== undefined)
  if (around.length === 0) return null
  const special = (token: string | undefined) =>
    token === undefined ? [] : [{ SpecialToken: { id: token, type_id: 0 } }]
  const text = (id: "A" | "B") => ({ Sequence: { id, type_id: id === "A" ? 0 : 1 } })
  const entry = (token: string) => ({ id: token, ids: [tokens.indexOf(token)], tokens: [token] })
  return {
    type: "TemplateProcessing",
    single: [...special(first), text("A"), ...special(last)],
    pair: [...special(first), text("A"), text("B"), ...special(last)],
    special_tokens: Object.fromEntries(around.map((token) => [token, entry(token)])),
  }
}
