/** A split of a corpus as one stream of token ids. */
import { IdBuffer, type Tokenizer } from "../tokenizers/index.ts"
import type { CorpusDocument } from "./documents.ts"

/** Documents one after another as ids. */
export interface TokenizedSplit {
  /** All ids: each document begins with `bos` and, unless it goes on in the next, ends with `eos`. */
  readonly tokens: Uint16Array | Uint32Array
  /** Index in `tokens` where each document begins; ascending. */
  readonly documentStarts: Uint32Array
  /** UTF-8 bytes of the text, the denominator of bits per byte. */
  readonly bytes: number
}

export interface TokenizeProgress {
  readonly documents: number
  readonly totalDocuments: number
  readonly tokens: number
}

/**
 * Encodes documents into one stream. Special tokens written out in the text stay text. A tokenizer without `bos` or
 * `eos` adds none.
 */
export function tokenizeCorpus(
  documents: readonly Pick<CorpusDocument, "text" | "continues">[],
  tokenizer: Tokenizer,
  onProgress?: (progress: TokenizeProgress) => void,
): TokenizedSplit {
  const Ids = tokenizer.vocabularySize <= 2 ** 16 ? Uint16Array : Uint32Array
  const { bosId, eosId } = tokenizer
  const documentStarts = new Uint32Array(documents.length)
  let tokens = new Ids(1 << 16)
  let length = 0
  let bytes = 0
  const ids = new IdBuffer()
  documents.forEach(({ text, continues }, index) => {
    ids.clear()
    tokenizer.encodeInto(text, ids, { addSpecialTokens: false })
    bytes += Buffer.byteLength(text)
    if (length + ids.length + 2 > tokens.length) {
      const larger = new Ids(Math.max(tokens.length * 2, length + ids.length + 2))
      larger.set(tokens.subarray(0, length))
      tokens = larger
    }
    documentStarts[index] = length
    if (bosId !== undefined) tokens[length++] = bosId
    tokens.set(ids.view(), length)
    length += ids.length
    if (eosId !== undefined && !continues) tokens[length++] = eosId
    onProgress?.({ documents: index + 1, totalDocuments: documents.length, tokens: length })
  })
  return { tokens: tokens.slice(0, length), documentStarts, bytes }
}
