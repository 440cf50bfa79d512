/**
 * Tokenizers of llama2.c (tokenizer.bin) as tokenizer.json. Such a file lists SentencePiece's pieces by id, each with a
 * score; SentencePiece's mark for a space was written as a space.
 */

import { SPACE_MARK } from "../metaspace.ts"
import { byteToken } from "../models/vocabulary.ts"
import { describeValue, tokenizerInvalid } from "../parts.ts"
import { templateWithFirst } from "../post-processors/template.ts"
import { Tokenizer, type TokenizerCompanions } from "../tokenizer.ts"
import { mergesOf, type ScoredPiece, sentencePieceParts } from "./sentencepiece-bpe.ts"

/** Ids 0 to 2. */
const SPECIAL_TOKENS = ["<unk>", "<s>", "</s>"]
const ROLES = { unk: "<unk>", bos: "<s>", eos: "</s>" }
/** Ids 3 to 258 are the 256 bytes, for characters without a piece of their own. */
const FIRST_BYTE = 3

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/**
 * A tokenizer from the contents of a tokenizer.bin.
 *
 * @param where  what to call the file in error texts
 * @throws TOKENIZER_INVALID when the file is cut short, altered or of another format
 */
export function tokenizerFromLlama2c(bytes: Uint8Array, where = "tokenizer.bin"): Tokenizer {
  const pieces = readPieces(bytes, where)
  const vocabulary = new Map<string, number>()
  for (const [id, { text }] of pieces.entries()) {
    const other = vocabulary.get(text)
    if (other !== undefined)
      throw tokenizerInvalid(`${where}: piece ${id}`, "each piece once", `${describeValue(text)}, as piece ${other}`)
    vocabulary.set(text, id)
  }
  const [, bos] = SPECIAL_TOKENS
  const json = {
    version: "1.0",
    added_tokens: SPECIAL_TOKENS.map((content, id) => ({ id, content, special: true })),
    ...sentencePieceParts(true),
    post_processor: templateWithFirst(bos, SPECIAL_TOKENS.indexOf(bos)),
    model: {
      type: "BPE",
      unk_token: SPECIAL_TOKENS[0],
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(vocabulary),
      merges: mergesOf(pieces.slice(FIRST_BYTE + 256), vocabulary),
    },
  }
  const companions: TokenizerCompanions = { roles: ROLES, config: { add_bos_token: true, add_eos_token: false } }
  return Tokenizer.fromJson(json, companions, where)
}

/** The file: the longest piece's length, then of each piece its score (float32), its length (int32) and its UTF-8. */
function readPieces(bytes: Uint8Array, where: string): ScoredPiece[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const pieces: ScoredPiece[] = []
  let place = 4
  while (place < bytes.length) {
    const here = `${where}: piece ${pieces.length}`
    const start = place + 8
    if (start > bytes.length) throw tokenizerInvalid(here, "a score and a length", "the end of the file")
    const score = view.getFloat32(place, true)
    const length = view.getInt32(place + 4, true)
    if (length < 1 || start + length > bytes.length)
      throw tokenizerInvalid(here, `a length of 1 to ${bytes.length - start}`, `${length}`)
    if (!Number.isFinite(score)) throw tokenizerInvalid(here, "a finite score", `${score}`)
    pieces.push({ score, text: pieceText(bytes.subarray(start, start + length), pieces.length, here) })
    place = start + length
  }
  const least = FIRST_BYTE + 256
  if (pieces.length < least) throw tokenizerInvalid(where, `at least ${least} pieces`, `${pieces.length}`)
  return pieces
}

function pieceText(bytes: Uint8Array, id: number, where: string): string {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch (cause) {
    throw tokenizerInvalid(where, "UTF-8", "bytes that are not", cause)
  }
  const wanted = id < FIRST_BYTE ? SPECIAL_TOKENS[id] : id < FIRST_BYTE + 256 ? byteToken(id - FIRST_BYTE) : undefined
  if (wanted === undefined) return text.replaceAll(" ", SPACE_MARK)
  // The marks of a text's start and end were written on lines of their own.
  if (text.trim() !== wanted) throw tokenizerInvalid(where, describeValue(wanted), describeValue(text))
  return wanted
}
