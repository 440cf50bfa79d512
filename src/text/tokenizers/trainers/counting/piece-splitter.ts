/** The first half of a tokenizer, up to its model: what training cuts text with, so that encoding later cuts the same. */
import { NORMALIZERS } from "../../normalizers/index.ts"
import { buildPart, type PartJson } from "../../parts.ts"
import { PRE_TOKENIZERS } from "../../pre-tokenizers/index.ts"

/** A normalizer and a pre-tokenizer as tokenizer.json spells them: plain data, so that threads can be handed it. */
export interface SplitterJson {
  readonly normalizer: PartJson | null
  readonly preTokenizer: PartJson
}

/**
 * A function that normalizes a text and cuts it into pieces, which are not yet respelled in an alphabet of bytes.
 *
 * @throws TOKENIZER_INVALID when a part is of an unknown kind or wrongly set
 */
export function pieceSplitter({ normalizer, preTokenizer }: SplitterJson): (text: string) => readonly string[] {
  const cutter = buildPart(PRE_TOKENIZERS, preTokenizer, "tokenizer training: pre_tokenizer")
  if (normalizer === null) return (text) => cutter.split(text, true)
  const rewriter = buildPart(NORMALIZERS, normalizer, "tokenizer training: normalizer")
  return (text) => cutter.split(rewriter.normalize(text), true)
}
