/**
 * SentencePiece's `.model`: a Protocol Buffers message with the pieces, what the trainer was told and how text is
 * normalized. Field numbers: sentencepiece_model.proto of github.com/google/sentencepiece.
 */
import { tokenizerInvalid } from "../parts.ts"
import { type ProtobufField, ProtobufWriter, readProtobuf } from "./protobuf.ts"

export type PieceType = "normal" | "unknown" | "control" | "userDefined" | "byte" | "unused"

const PIECE_TYPES: readonly (PieceType | undefined)[] = [
  undefined,
  "normal",
  "unknown",
  "control",
  "userDefined",
  "unused",
  "byte",
]

export interface SentencePiece {
  readonly text: string
  /** Of Unigram the log-probability, in nats; of BPE, the better the higher. */
  readonly score: number
  readonly type: PieceType
}

/** What a `.model` says, as far as it matters to encoding. */
export interface SentencePieceModel {
  readonly kind: "unigram" | "bpe" | "word" | "char"
  /** By id. */
  readonly pieces: readonly SentencePiece[]
  readonly byteFallback: boolean
  /** SentencePiece's table of replacements; empty where text is left as it is. */
  readonly characterMap: Uint8Array
  /** A space is put before every text. */
  readonly addsDummyPrefix: boolean
  /** Spaces at the ends go, and of several in a row one stays. */
  readonly removesExtraSpaces: boolean
  /** Spaces are spelled `▁`. */
  readonly escapesSpaces: boolean
  /** The mark of a space ends words instead of beginning them. */
  readonly spaceIsSuffix: boolean
  /** Names of the tokens with a part to play; each is of the pieces when the model has it. */
  readonly special: { readonly bos: string; readonly eos: string; readonly pad: string; readonly unk: string }
}

const KINDS = [undefined, "unigram", "bpe", "word", "char"] as const
const MODEL = { pieces: 1, trainer: 2, normalizer: 3 } as const
const PIECE = { text: 1, score: 2, type: 3 } as const
const TRAINER = { kind: 3, spaceIsSuffix: 24, byteFallback: 35, unk: 45, bos: 46, eos: 47, pad: 48 } as const
const NORMALIZER = { name: 1, characterMap: 2, addsDummyPrefix: 3, removesExtraSpaces: 4, escapesSpaces: 5 } as const

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/**
 * Reads a `.model`.
 *
 * @throws TOKENIZER_INVALID when the bytes are no such file
 */
export function readSentencePieceModel(bytes: Uint8Array, where: string): SentencePieceModel {
  const pieces: SentencePiece[] = []
  let trainer: readonly ProtobufField[] = []
  let normalizer: readonly ProtobufField[] = []
  for (const part of readProtobuf(bytes, where)) {
    if (part.kind !== "bytes") continue
    if (part.field === MODEL.pieces) pieces.push(readPiece(part.value, `${where}: piece ${pieces.length}`))
    if (part.field === MODEL.trainer) trainer = [...readProtobuf(part.value, `${where}: trainer_spec`)]
    if (part.field === MODEL.normalizer) normalizer = [...readProtobuf(part.value, `${where}: normalizer_spec`)]
  }
  if (pieces.length === 0) throw tokenizerInvalid(where, "a SentencePiece model with pieces", "none")
  const flag = (fields: readonly ProtobufField[], field: number, fallback: boolean) => {
    const found = last(fields, field, "varint")
    return found === undefined ? fallback : found !== 0n
  }
  const name = (field: number, fallback: string) => {
    const found = last(trainer, field, "bytes")
    return found === undefined ? fallback : readText(found, `${where}: trainer_spec`)
  }
  const kind = KINDS[Number(last(trainer, TRAINER.kind, "varint") ?? 1n)]
  if (!kind) throw tokenizerInvalid(`${where}: trainer_spec.model_type`, "1 to 4", "another number")
  return {
    kind,
    pieces,
    byteFallback: flag(trainer, TRAINER.byteFallback, false),
    spaceIsSuffix: flag(trainer, TRAINER.spaceIsSuffix, false),
    characterMap: last(normalizer, NORMALIZER.characterMap, "bytes") ?? new Uint8Array(0),
    addsDummyPrefix: flag(normalizer, NORMALIZER.addsDummyPrefix, true),
    removesExtraSpaces: flag(normalizer, NORMALIZER.removesExtraSpaces, true),
    escapesSpaces: flag(normalizer, NORMALIZER.escapesSpaces, true),
    special: {
      unk: name(TRAINER.unk, "<unk>"),
      bos: name(TRAINER.bos, "<s>"),
      eos: name(TRAINER.eos, "</s>"),
      pad: name(TRAINER.pad, "<pad>"),
    },
  }
}

/** The bytes of a `.model`, which SentencePiece reads. */
export function writeSentencePieceModel(model: SentencePieceModel): Uint8Array {
  const idOf = (name: string) => model.pieces.findIndex(({ text }) => text === name)
  const file = new ProtobufWriter()
  for (const { text, score, type } of model.pieces) {
    const piece = new ProtobufWriter().text(PIECE.text, text).float(PIECE.score, score)
    if (type !== "normal") piece.number(PIECE.type, PIECE_TYPES.indexOf(type))
    file.bytes(MODEL.pieces, piece.finish())
  }
  const { special } = model
  const trainer = new ProtobufWriter()
    .number(TRAINER.kind, KINDS.indexOf(model.kind))
    .number(4, model.pieces.length) // vocab_size
    .number(TRAINER.spaceIsSuffix, Number(model.spaceIsSuffix))
    .number(TRAINER.byteFallback, Number(model.byteFallback))
    // unk_id, bos_id, eos_id, pad_id; −1 where there is none.
    .number(40, Math.max(0, idOf(special.unk)))
    .number(41, idOf(special.bos))
    .number(42, idOf(special.eos))
    .number(43, idOf(special.pad))
    .text(TRAINER.unk, special.unk)
    .text(TRAINER.bos, special.bos)
    .text(TRAINER.eos, special.eos)
    .text(TRAINER.pad, special.pad)
  const normalizer = new ProtobufWriter()
    .text(NORMALIZER.name, model.characterMap.length > 0 ? "user_defined" : "identity")
    .bytes(NORMALIZER.characterMap, model.characterMap)
    .number(NORMALIZER.addsDummyPrefix, Number(model.addsDummyPrefix))
    .number(NORMALIZER.removesExtraSpaces, Number(model.removesExtraSpaces))
    .number(NORMALIZER.escapesSpaces, Number(model.escapesSpaces))
  return file.bytes(MODEL.trainer, trainer.finish()).bytes(MODEL.normalizer, normalizer.finish()).finish()
}

function readPiece(bytes: Uint8Array, where: string): SentencePiece {
  const fields = [...readProtobuf(bytes, where)]
  const text = last(fields, PIECE.text, "bytes")
  if (text === undefined) throw tokenizerInvalid(where, "a text", "none")
  const score = last(fields, PIECE.score, "fixed32") ?? 0
  if (!Number.isFinite(score)) throw tokenizerInvalid(where, "a finite score", `${score}`)
  const type = PIECE_TYPES[Number(last(fields, PIECE.type, "varint") ?? 1n)]
  if (!type) throw tokenizerInvalid(where, "a type from 1 to 6", "another number")
  return { text: readText(text, where), score, type }
}

/** What each kind of field holds. */
interface FieldValues {
  readonly varint: bigint
  readonly fixed32: number
  readonly bytes: Uint8Array
}

/** The value of a field; of a field that comes again, the last one counts. */
function last<Kind extends keyof FieldValues>(
  fields: readonly ProtobufField[],
  field: number,
  kind: Kind,
): FieldValues[Kind] | undefined {
  const found = fields.findLast((candidate) => candidate.field === field && candidate.kind === kind)
  return found?.value as FieldValues[Kind] | undefined
}

function readText(bytes: Uint8Array, where: string): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw tokenizerInvalid(where, "UTF-8", "bytes that are not", cause)
  }
}
