/** `BertPreTokenizer`: leaves white space out and makes every punctuation character a piece. */
import type { PartDefinition } from "../parts.ts"
import { cuttingPreTokenizer, matchRanges } from "./cutting.ts"
import type { PreTokenizer } from "./index.ts"

/** The same punctuation as in `punctuation.ts`. */
const PIECES = /[\p{P}$+<=>^`|~]|[^\p{P}$+<=>^`|~\p{White_Space}]+/gu

export const bertPreTokenizer: PartDefinition<PreTokenizer> = {
  type: "BertPreTokenizer",
  build: () => cuttingPreTokenizer((text) => matchRanges(text, PIECES), { type: "BertPreTokenizer" }),
}
