/** Decoders: how tokens of the vocabulary become bytes again. */
import type { Part, PartDefinition } from "../parts.ts"
import { bpeDecoder } from "./bpe.ts"
import { byteFallbackDecoder } from "./byte-fallback.ts"
import { byteLevelDecoder } from "./byte-level.ts"
import { ctcDecoder } from "./ctc.ts"
import { fuseDecoder } from "./fuse.ts"
import { metaspaceDecoder } from "./metaspace.ts"
import { replaceDecoder } from "./replace.ts"
import { sequenceDecoder } from "./sequence.ts"
import { stripDecoder } from "./strip.ts"
import { wordPieceDecoder } from "./word-piece.ts"

/** Turns tokens back into bytes, one at a time, so that decoding can stream. */
export interface Decoder extends Part {
  /**
   * The bytes that `token` adds to the text. A decoder with `follow` gives those of a token alone.
   *
   * @param isFirst  whether it is the first token of the text, which some decoders treat apart
   */
  bytesOf(token: string, isFirst: boolean): Uint8Array
  /**
   * As `bytesOf`, after `Fuse` made one text of all tokens: `token` is then a stretch of that text. Absent where a
   * stretch alone does not tell what becomes of it.
   */
  bytesOfStretch?(stretch: string, isFirst: boolean): Uint8Array
  /** Decodes a whole text's tokens in order; present where what a token becomes depends on its neighbours. */
  follow?(isFirst: boolean): TokenFollower
  /** Whether the steps after this one in a `Sequence` meet one text instead of tokens. */
  readonly fuses?: boolean
  /** Whether tokens are spelled in the alphabet of bytes, in which added tokens never are. */
  readonly spellsBytes?: boolean
}

/** Reads one text's tokens in order. The tokens that it gives on hold raw bytes as `byte-text.ts` says. */
export interface TokenFollower {
  push(token: string): readonly string[]
  /** What was held back until the end was known. */
  end(): readonly string[]
}

/** Every decoder that tokenizer.json may name, by type. */
export const DECODERS: readonly PartDefinition<Decoder>[] = [
  bpeDecoder,
  byteFallbackDecoder,
  byteLevelDecoder,
  ctcDecoder,
  fuseDecoder,
  metaspaceDecoder,
  replaceDecoder,
  sequenceDecoder,
  stripDecoder,
  wordPieceDecoder,
]
