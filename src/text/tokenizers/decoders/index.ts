/** Decoders: how a token of the vocabulary becomes bytes again. */
import type { Part, PartDefinition } from "../parts.ts"
import { byteLevelDecoder } from "./byte-level.ts"

/** Turns tokens back into bytes, one at a time, so that decoding can stream. */
export interface Decoder extends Part {
  /**
   * The bytes that `token` adds to the text.
   *
   * @param isFirst  whether it is the first token of the text, which some decoders treat apart
   */
  bytesOf(token: string, isFirst: boolean): Uint8Array
}

/** Every decoder that tokenizer.json may name, by type. */
export const DECODERS: readonly PartDefinition<Decoder>[] = [byteLevelDecoder]
