/** How a text becomes ids, step by step, from the very tables that encode it. */
import type { AddedToken } from "../added-tokens.ts"
import type { EncodeOptions, Tokenizer } from "../tokenizer.ts"
import { legibleToken } from "./legible.ts"
import type { PieceSteps, VocabularyToken } from "./piece-steps.ts"

export interface ExplainOptions extends Omit<EncodeOptions, "sampling"> {
  /** How many of the next best ways to cut a piece are told, where there are such ways. Default 3. */
  readonly alternatives?: number
}

/** How a text becomes ids. Raw bytes in its texts are lone surrogates (U+DC80 to U+DCFF). */
export interface Explanation {
  /** Added tokens and the text between them, in order. */
  readonly parts: readonly (ExplainedAddedToken | ExplainedStretch)[]
  /** Every token as `encode` gives it, with those that the post-processor puts around the text. */
  readonly tokens: readonly ExplainedToken[]
}

/** A part of the text that an added token takes before anything else is looked at. */
export interface ExplainedAddedToken {
  readonly kind: "added"
  readonly token: AddedToken
  /** What it stands for in the text. */
  readonly source: string
}

/** Text between added tokens. */
export interface ExplainedStretch {
  readonly kind: "stretch"
  readonly source: string
  /** What the normalizer makes of it. */
  readonly normalized: string
  /** What the pre-tokenizer makes of that, with added tokens that are looked for in normalized text. */
  readonly parts: readonly (ExplainedAddedToken | ExplainedPiece)[]
}

/** A piece in which the model works. */
export interface ExplainedPiece {
  readonly kind: "piece"
  readonly source: string
  /** As the model is given it: byte-level pre-tokenizers spell each byte as a character. */
  readonly spelled: string
  readonly steps: PieceSteps
  readonly tokens: readonly VocabularyToken[]
}

export interface ExplainedToken extends VocabularyToken {
  /** The token for people: see `legibleToken`. */
  readonly legible: string
  /** What the id adds inside a text; of special tokens, their names. */
  readonly bytes: Uint8Array
  /** Whether the post-processor put it there. */
  readonly isPutAround: boolean
}

/**
 * How a text becomes ids: added tokens, normalizer, pre-tokenizer, and for each piece what the model does.
 *
 * @throws TOKEN_UNKNOWN when the vocabulary cannot spell the text and has no token for what is unknown
 * @example
 * for (const { id, legible } of explain(tokenizer, "Call me Ishmael.").tokens) console.log(id, legible)
 */
export function explain(tokenizer: Tokenizer, text: string | Uint8Array, options: ExplainOptions = {}): Explanation {
  const { alternatives = 3, addSpecialTokens = true, parseSpecialTokens = false } = options
  const encoding = tokenizer.encodeFull(text, {
    addSpecialTokens,
    parseSpecialTokens,
    truncation: false,
    padding: false,
  })
  return {
    parts: tokenizer.partsOf(text, { parseSpecialTokens, alternatives }),
    tokens: encoding.ids.map((id, index) => ({
      id,
      token: tokenizer.idToToken(id) ?? "",
      legible: legibleToken(tokenizer, id),
      bytes: tokenizer.tokenBytes(id),
      isPutAround: encoding.specialTokensMask[index] === 1,
    })),
  }
}
