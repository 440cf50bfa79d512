/**
 * SentencePiece models as tokenizers and back: Unigram with its table of replacements and Metaspace; BPE with the merges
 * that its scores imply. Pieces that SentencePiece never makes from text (control, unknown, bytes, unused) stay so.
 */
import { SPACE_MARK } from "../metaspace.ts"
import { describeValue, type PartJson, tokenizerInvalid } from "../parts.ts"
import { Tokenizer, type TokenizerCompanions } from "../tokenizer.ts"
import { mergesOf } from "./sentencepiece-bpe.ts"
import {
  type PieceType,
  readSentencePieceModel,
  type SentencePiece,
  type SentencePieceModel,
  writeSentencePieceModel,
} from "./sentencepiece-file.ts"

/**
 * A tokenizer from the bytes of a `.model`.
 *
 * @param where  what to call the file in error texts
 * @throws TOKENIZER_INVALID when the bytes are no such file, or one of words or characters
 */
export function tokenizerFromSentencePieceFile(bytes: Uint8Array, where = "tokenizer.model"): Tokenizer {
  return tokenizerFromSentencePiece(readSentencePieceModel(bytes, where), {}, where)
}

/** What a tokenizer needs of a SentencePiece model; all but the pieces and the kind have SentencePiece's defaults. */
export type SentencePieceParts = Pick<SentencePieceModel, "kind" | "pieces"> & Partial<SentencePieceModel>

/**
 * A tokenizer from pieces, wherever they were listed.
 *
 * @param companions  roles, template and configuration; roles are by default those that the pieces have
 * @throws TOKENIZER_INVALID when a piece is there twice, or the kind is not of subwords
 */
export function tokenizerFromSentencePiece(
  model: SentencePieceParts,
  companions: TokenizerCompanions = {},
  where = "SentencePiece model",
): Tokenizer {
  const { kind, pieces } = model
  if (kind !== "unigram" && kind !== "bpe")
    throw tokenizerInvalid(`${where}: trainer_spec.model_type`, "unigram or bpe", kind)
  const vocabulary = new Map<string, number>()
  for (const [id, { text }] of pieces.entries()) {
    const other = vocabulary.get(text)
    if (other !== undefined)
      throw tokenizerInvalid(`${where}: piece ${id}`, "each piece once", `${describeValue(text)}, as piece ${other}`)
    if (text === "") throw tokenizerInvalid(`${where}: piece ${id}`, "a text", "none")
    vocabulary.set(text, id)
  }
  if (model.spaceIsSuffix)
    throw tokenizerInvalid(`${where}: treat_whitespace_as_suffix`, "spaces that begin words", "spaces that end them")
  const unknown = pieces.findIndex(({ type }) => type === "unknown")
  const special = { unk: "<unk>", bos: "<s>", eos: "</s>", pad: "<pad>", ...model.special }
  const roles = Object.fromEntries(
    Object.entries({ ...special, unk: pieces[unknown]?.text ?? special.unk }).filter(([, token]) =>
      vocabulary.has(token),
    ),
  )
  const added = pieces.flatMap(({ text, type }, id) =>
    type === "control" || type === "unknown" || type === "userDefined"
      ? [{ id, content: text, special: type !== "userDefined", normalized: false }]
      : [],
  )
  const json = {
    version: "1.0",
    added_tokens: added,
    ...(kind === "unigram" ? unigramParts(model, unknown) : bpeParts(model, unknown, vocabulary)),
  }
  return Tokenizer.fromJson(json, { roles, ...companions }, where)
}

/** The normalizer's steps that both kinds share. */
function cleaning(model: SentencePieceParts): PartJson[] {
  const steps: PartJson[] = []
  if (model.characterMap && model.characterMap.length > 0)
    steps.push({ type: "Precompiled", precompiled_charsmap: Buffer.from(model.characterMap).toString("base64") })
  if (model.removesExtraSpaces ?? true)
    steps.push(
      { type: "Replace", pattern: { Regex: "\\A +| +\\z" }, content: "" },
      { type: "Replace", pattern: { Regex: " {2,}" }, content: " " },
    )
  return steps
}

function sequenceOf(steps: readonly PartJson[]): PartJson | null {
  return steps.length === 0 ? null : { type: "Sequence", normalizers: steps }
}

function unigramParts(model: SentencePieceParts, unknown: number) {
  const metaspace = {
    type: "Metaspace",
    replacement: SPACE_MARK,
    prepend_scheme: (model.addsDummyPrefix ?? true) ? "always" : "never",
    split: true,
  }
  // What is never made from text gets the lowest score, as Unigram has no other way to leave it out.
  const scores = model.pieces.map(({ score }) => score)
  const least = scores.reduce((low, score) => Math.min(low, score), 0)
  return {
    normalizer: sequenceOf(cleaning(model)),
    pre_tokenizer: metaspace,
    post_processor: null,
    decoder: model.byteFallback ? byteDecoder(model) : metaspace,
    model: {
      type: "Unigram",
      unk_id: unknown < 0 ? null : unknown,
      byte_fallback: model.byteFallback ?? false,
      vocab: model.pieces.map(({ text, type }, id) => [text, type === "unused" ? least - 1e6 : scores[id]]),
    },
  }
}

function bpeParts(model: SentencePieceParts, unknown: number, vocabulary: ReadonlyMap<string, number>) {
  const steps = cleaning(model)
  if (model.addsDummyPrefix ?? true) steps.push({ type: "Prepend", prepend: SPACE_MARK })
  steps.push({ type: "Replace", pattern: { String: " " }, content: SPACE_MARK })
  const learned = model.pieces.filter(({ type }) => type === "normal" || type === "userDefined" || type === "unused")
  const parts = new Map(learned.map(({ text }) => [text, vocabulary.get(text) as number]))
  const joined = learned.filter(({ type, text }) => type !== "userDefined" && !text.includes(" "))
  return {
    normalizer: sequenceOf(steps),
    pre_tokenizer: null,
    post_processor: null,
    decoder: byteDecoder(model),
    model: {
      type: "BPE",
      unk_token: model.pieces[unknown]?.text ?? null,
      fuse_unk: true,
      byte_fallback: model.byteFallback ?? false,
      vocab: Object.fromEntries(vocabulary),
      merges: mergesOf(joined, parts),
    },
  }
}

function byteDecoder(model: SentencePieceParts) {
  const strip = { type: "Strip", content: " ", start: 1, stop: 0 }
  return {
    type: "Sequence",
    decoders: [
      { type: "Replace", pattern: { String: SPACE_MARK }, content: " " },
      { type: "ByteFallback" },
      { type: "Fuse" },
      ...((model.addsDummyPrefix ?? true) ? [strip] : []),
    ],
  }
}

/**
 * The bytes of a `.model` for a tokenizer that SentencePiece can stand for: Unigram or BPE, with `▁` for spaces.
 *
 * @throws TOKENIZER_INVALID when it cannot
 */
export function sentencePieceFileOf(tokenizer: Tokenizer, where = "tokenizer"): Uint8Array {
  return writeSentencePieceModel(sentencePieceOf(tokenizer, where))
}

interface ModelJson {
  readonly type: string
  readonly unk_id?: number | null
  readonly unk_token?: string | null
  readonly byte_fallback?: boolean
  readonly vocab: Readonly<Record<string, number>> | readonly (readonly [string, number])[]
  readonly merges?: readonly (string | readonly [string, string])[]
}

/** A tokenizer as SentencePiece would list it. */
export function sentencePieceOf(tokenizer: Tokenizer, where = "tokenizer"): SentencePieceModel {
  const json = tokenizer.toJson()
  const model = json.model as ModelJson
  const kind = model.type === "Unigram" ? "unigram" : model.type === "BPE" ? "bpe" : undefined
  if (!kind) throw tokenizerInvalid(`${where}: model.type`, "Unigram or BPE, which SentencePiece has", model.type)
  const normalization = normalizationOf(json.normalizer, json.pre_tokenizer, where)
  const addedTypes = new Map(
    tokenizer.addedTokens.map(({ id, special }): [number, PieceType] => [id, special ? "control" : "userDefined"]),
  )
  const unknownId = kind === "unigram" ? (model.unk_id ?? undefined) : tokenizer.tokenToId(model.unk_token ?? "\0 none")
  const scores = kind === "unigram" ? undefined : scoresOfMerges(model)
  const pieces = Array.from({ length: tokenizer.vocabularySize }, (_, id): SentencePiece => {
    const text = tokenizer.idToToken(id)
    if (text === undefined) return { text: `<unused_${id}>`, score: 0, type: "unused" }
    const isByte = (model.byte_fallback ?? false) && /^<0x[0-9A-F]{2}>$/.test(text)
    const type = id === unknownId ? "unknown" : (addedTypes.get(id) ?? (isByte ? "byte" : "normal"))
    const score = scores ? scores.get(text) : (model.vocab as readonly (readonly [string, number])[])[id]?.[1]
    return { text, score: type === "normal" ? (score ?? -(tokenizer.vocabularySize + id)) : 0, type }
  })
  const { bos = "<s>", eos = "</s>", pad = "<pad>" } = tokenizer.roles
  const unk = (unknownId === undefined ? undefined : tokenizer.idToToken(unknownId)) ?? "<unk>"
  return {
    kind,
    pieces,
    byteFallback: model.byte_fallback ?? false,
    ...normalization,
    escapesSpaces: true,
    spaceIsSuffix: false,
    special: { bos, eos, pad, unk },
  }
}

/** A score for each joined piece, falling with the rank of its first merge. */
function scoresOfMerges(model: ModelJson): Map<string, number> {
  const scores = new Map<string, number>()
  for (const [rank, merge] of (model.merges ?? []).entries()) {
    const text = typeof merge === "string" ? merge.replace(" ", "") : merge.join("")
    if (!scores.has(text)) scores.set(text, -rank)
  }
  return scores
}

type Normalization = Pick<SentencePieceModel, "characterMap" | "addsDummyPrefix" | "removesExtraSpaces">

/** What the normalizer and the pre-tokenizer together do, when SentencePiece can do the same. */
function normalizationOf(normalizer: unknown, preTokenizer: unknown, where: string): Normalization {
  let characterMap = new Uint8Array(0)
  let addsDummyPrefix = false
  let removesExtraSpaces = false
  let marksSpaces = false
  const refuse = (part: unknown) =>
    tokenizerInvalid(where, "normalizers and pre-tokenizers that SentencePiece has", describeValue(part))
  for (const step of stepsOf(normalizer)) {
    const pattern = step["pattern"] as { Regex?: string; String?: string } | undefined
    if (step.type === "Precompiled")
      characterMap = new Uint8Array(Buffer.from(`${step["precompiled_charsmap"]}`, "base64"))
    else if (step.type === "Prepend" && step["prepend"] === SPACE_MARK) addsDummyPrefix = true
    else if (step.type === "Replace" && pattern?.String === " " && step["content"] === SPACE_MARK) marksSpaces = true
    else if (step.type === "Replace" && / \{2,\}$|^(?:\^|\\A) \+/.test(pattern?.Regex ?? "")) removesExtraSpaces = true
    else if (step.type === "Strip") removesExtraSpaces = true
    else throw refuse(step)
  }
  const cutter = preTokenizer as PartJson | null
  if (cutter?.type === "Metaspace" && cutter["replacement"] === SPACE_MARK) {
    addsDummyPrefix ||= cutter["prepend_scheme"] !== "never"
    marksSpaces = true
  } else if (cutter) throw refuse(cutter)
  if (!marksSpaces) throw refuse(normalizer)
  return { characterMap, addsDummyPrefix, removesExtraSpaces }
}

function stepsOf(part: unknown): readonly PartJson[] {
  if (part === null || part === undefined) return []
  const json = part as PartJson & { readonly normalizers?: readonly unknown[] }
  return json.type === "Sequence" ? (json.normalizers ?? []).flatMap(stepsOf) : [json]
}
