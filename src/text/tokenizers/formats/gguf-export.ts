/** A tokenizer as the metadata of a GGUF file. What GGUF cannot say is refused: other cuts would give other ids. */

import { GlossaError } from "../../../errors.ts"
import type { GgufValue } from "../../../gguf/index.ts"
import { SPACE_MARK } from "../metaspace.ts"
import { describeValue } from "../parts.ts"
import type { Tokenizer, TokenizerJson } from "../tokenizer.ts"
import { GGUF_TOKEN_TYPES } from "./gguf.ts"
import { ggufSplitFor } from "./gguf-splits.ts"
import { mergesOf } from "./sentencepiece-bpe.ts"

export interface GgufTokenizer {
  /** Keys `tokenizer.…`. */
  readonly values: ReadonlyMap<string, GgufValue>
  /** What a person should know, one sentence each. */
  readonly notices: readonly string[]
}

/** A BPE model of tokenizer.json, as far as it matters here. */
interface BpeJson {
  readonly type: string
  readonly byte_fallback?: boolean
  readonly ignore_merges?: boolean
  readonly vocab: Readonly<Record<string, number>>
  readonly merges: readonly (string | readonly [string, string])[]
}

/**
 * @param vocabularySize  rows of the model's token table: ids up to it get a name, as readers ask for
 * @throws TOKENIZER_INVALID when GGUF has no way to say how the tokenizer works
 */
export function ggufTokenizer(tokenizer: Tokenizer, vocabularySize = tokenizer.vocabularySize): GgufTokenizer {
  const json = tokenizer.toJson()
  const model = json.model as BpeJson
  if (model.type !== "BPE") throw inexpressible("model", "BPE", model.type)
  const kind = model.byte_fallback ? sentencePiece(tokenizer, json, model) : byteLevel(json, model)
  const size = Math.max(vocabularySize, tokenizer.vocabularySize)
  const [tokens, types] = namesAndTypes(tokenizer, size, model.byte_fallback === true)
  const values = new Map<string, GgufValue>([
    ["tokenizer.ggml.model", { type: "string", value: model.byte_fallback ? "llama" : "gpt2" }],
    ["tokenizer.ggml.tokens", { type: "array", items: "string", value: tokens }],
    ["tokenizer.ggml.token_type", { type: "array", items: "int32", value: types }],
    ...kind.values(tokens),
    ...specials(tokenizer),
  ])
  return { values, notices: kind.notices }
}

/** What is particular to a kind of vocabulary. */
interface Kind {
  readonly values: (tokens: readonly string[]) => readonly [string, GgufValue][]
  readonly notices: readonly string[]
}

function byteLevel({ normalizer, pre_tokenizer, decoder }: TokenizerJson, { ignore_merges, merges }: BpeJson): Kind {
  if ((decoder as { type?: string } | null)?.type !== "ByteLevel")
    throw inexpressible("decoder", "ByteLevel, or bytes for characters that have no token", decoder)
  if (normalizer !== null) throw inexpressible("normalizer", "none", normalizer)
  const split = ggufSplitFor(pre_tokenizer, ignore_merges === true)
  if (!split) throw inexpressible("pre_tokenizer", "cuts that GGUF has a name for, such as gpt2's", pre_tokenizer)
  const spelled = merges.map((merge) => (typeof merge === "string" ? merge : merge.join(" ")))
  return {
    values: () => [
      ["tokenizer.ggml.pre", { type: "string", value: split.names[0] }],
      ["tokenizer.ggml.merges", { type: "array", items: "string", value: spelled }],
    ],
    notices: [],
  }
}

function sentencePiece(tokenizer: Tokenizer, json: TokenizerJson, { merges, vocab }: BpeJson): Kind {
  const spacePrefix = prefixesSpace(json)
  const ranks = new Map<string, number>()
  const spelled = merges.map((merge) => (typeof merge === "string" ? merge : merge.join(" ")))
  for (const merge of spelled) {
    const piece = merge.replace(" ", "")
    if (!ranks.has(piece)) ranks.set(piece, ranks.size)
  }
  const scoreOf = (token: string, id: number) => {
    if (tokenizer.isSpecial(id)) return 0
    // Pieces that nothing joins come after those that are joined, in the order of their ids.
    return -(ranks.get(token) ?? ranks.size + id)
  }
  const pieces = [...ranks.keys()].map((text) => ({ text, score: -(ranks.get(text) as number) }))
  const implied = mergesOf(pieces, new Map(Object.entries(vocab)))
  const isSame = implied.length === spelled.length && implied.every((merge, rank) => merge === spelled[rank])
  return {
    values: (tokens) => [
      ["tokenizer.ggml.pre", { type: "string", value: "default" }],
      ["tokenizer.ggml.scores", { type: "array", items: "float32", value: Float32Array.from(tokens, scoreOf) }],
      ["tokenizer.ggml.add_space_prefix", { type: "bool", value: spacePrefix }],
    ],
    notices: isSame
      ? []
      : ["GGUF keeps a score for each piece in place of the merges: rare texts may be cut into other ids."],
  }
}

/** Whether a text is read as if a space stood before it. @throws TOKENIZER_INVALID for what is not SentencePiece's way */
function prefixesSpace({ normalizer, pre_tokenizer }: TokenizerJson): boolean {
  const steps = stepsOf(normalizer, "normalizers")
  const cuts = stepsOf(pre_tokenizer, "pretokenizers")
  const isReplacing = (step: Step) =>
    step["type"] === "Replace" && step["content"] === SPACE_MARK && JSON.stringify(step["pattern"]) === '{"String":" "}'
  const isPrepending = (step: Step) => step["type"] === "Prepend" && step["prepend"] === SPACE_MARK
  const isMarking = (step: Step) =>
    step["type"] === "Metaspace" && step["replacement"] === SPACE_MARK && step["split"] === false
  if (!steps.every((step) => isReplacing(step) || isPrepending(step)))
    throw inexpressible("normalizer", "spaces as marks alone", normalizer)
  if (!cuts.every(isMarking)) throw inexpressible("pre_tokenizer", "none, or Metaspace without cuts", pre_tokenizer)
  if (!steps.some(isReplacing) && cuts.length === 0)
    throw inexpressible("normalizer", `spaces as ${SPACE_MARK}`, normalizer)
  return steps.some(isPrepending) || cuts.some((cut) => cut["prepend_scheme"] !== "never")
}

type Step = Readonly<Record<string, unknown>>

function stepsOf(part: unknown, list: string): readonly Step[] {
  if (part === null || part === undefined) return []
  const step = part as Step
  return step["type"] === "Sequence" ? (step[list] as readonly Step[]) : [step]
}

function namesAndTypes(tokenizer: Tokenizer, size: number, hasBytes: boolean): [string[], Int32Array] {
  const added = new Set(tokenizer.addedTokens.map(({ id }) => id))
  const types = new Int32Array(size)
  const tokens = Array.from({ length: size }, (_, id) => {
    const token = tokenizer.idToToken(id)
    types[id] = GGUF_TOKEN_TYPES[kindOf(token, id)]
    return token ?? `[PAD${id}]`
  })
  function kindOf(token: string | undefined, id: number): keyof typeof GGUF_TOKEN_TYPES {
    if (token === undefined) return "unused"
    if (hasBytes && token === tokenizer.roles.unk) return "unknown"
    if (tokenizer.isSpecial(id)) return "control"
    if (added.has(id)) return "userDefined"
    return hasBytes && /^<0x[0-9A-F]{2}>$/.test(token) ? "byte" : "normal"
  }
  return [tokens, types]
}

/** Roles of tokens, what stands around a text, and the chat template. */
function specials(tokenizer: Tokenizer): [string, GgufValue][] {
  const { bosId, eosId, padId, roles, chatTemplate } = tokenizer
  const ids = { bos: bosId, eos: eosId, padding: padId, unknown: roles.unk && tokenizer.tokenToId(roles.unk) }
  const around = tokenizer.encode("a")
  const flag = (name: string, value: boolean): [string, GgufValue] => [
    `tokenizer.ggml.${name}`,
    { type: "bool", value },
  ]
  return [
    ...Object.entries(ids).flatMap(([name, id]): [string, GgufValue][] =>
      typeof id === "number" ? [[`tokenizer.ggml.${name}_token_id`, { type: "uint32", value: id }]] : [],
    ),
    flag("add_bos_token", bosId !== undefined && around[0] === bosId),
    flag("add_eos_token", eosId !== undefined && around.length > 1 && around.at(-1) === eosId),
    ...(chatTemplate === undefined
      ? []
      : [["tokenizer.chat_template", { type: "string", value: chatTemplate }] as [string, GgufValue]]),
  ]
}

function inexpressible(part: string, wanted: string, came: unknown): GlossaError {
  return new GlossaError("TOKENIZER_INVALID", {
    where: `tokenizer.json: ${part}`,
    wanted: `${wanted}, as GGUF files have it`,
    came: describeValue(came),
    fix: "keep this tokenizer beside the model as a folder",
  })
}
