/** `Whitespace` cuts words from punctuation and leaves white space out; `WhitespaceSplit` only does the latter. */
import type { PartDefinition } from "../parts.ts"
import { cuttingPreTokenizer, matchRanges, rangesByMatches } from "./cutting.ts"
import type { PreTokenizer } from "./index.ts"

/** `\w+|[^\w\s]+` in the dialect of Rust's `regex`, whose `\w` has the joiners. */
const WORDS =
  /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu
const WHITE_SPACE = /\p{White_Space}+/gu

export const whitespacePreTokenizer: PartDefinition<PreTokenizer> = {
  type: "Whitespace",
  build: () => cuttingPreTokenizer((text) => matchRanges(text, WORDS), { type: "Whitespace" }),
}

export const whitespaceSplitPreTokenizer: PartDefinition<PreTokenizer> = {
  type: "WhitespaceSplit",
  build: () =>
    cuttingPreTokenizer((text) => rangesByMatches(text, matchRanges(text, WHITE_SPACE), "Removed"), {
      type: "WhitespaceSplit",
    }),
}
