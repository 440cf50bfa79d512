/** Decoders: how a token of the vocabulary becomes bytes again. */
import type { Part, PartDefinition } from "../parts.ts"
import { byteFallbackDecoder } from "./byte-fallback.ts"
import { byteLevelDecoder } from "./byte-level.ts"
import { fuseDecoder } from "./fuse.ts"
import { metaspaceDecoder } from "./metaspace.ts"
import { replaceDecoder } from "./replace.ts"
import { sequenceDecoder } from "./sequence.ts"
import { stripDecoder } from "./strip.ts"

/** Turns tokens back into bytes, one at a time, so that decoding can stream. */
export interface Decoder extends Part {
  /**
   * The bytes that `token` adds to the text.
   *
   * @param isFirst  whether it is the first token of the text, which some decoders treat apart
   */
  bytesOf(token: string, isFirst: boolean): Uint8Array
  /**
   * As `bytesOf`, after `Fuse` made one text of all tokens: `token` is then a stretch of that text. Absent where a
   * stretch alone does not tell what becomes of it.
   */
  bytesOfStretch?(stretch: string, isFirst: boolean): Uint8Array
  /** Whether the steps after this one in a `Sequence` meet one text instead of tokens. */
  readonly fuses?: boolean
}

/** Every decoder that tokenizer.json may name, by type. */
export const DECODERS: readonly PartDefinition<Decoder>[] = [
  byteFallbackDecoder,
  byteLevelDecoder,
  fuseDecoder,
  metaspaceDecoder,
  replaceDecoder,
  sequenceDecoder,
  stripDecoder,
]
