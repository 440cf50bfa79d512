/**
 * SentencePiece's BPE as tokenizer.json: pieces with scores, of which a text is joined by the best score first. The merges
 * follow from the pieces and their scores.
 */
import { SPACE_MARK } from "../metaspace.ts"

export interface ScoredPiece {
  readonly text: string
  readonly score: number
}

/**
 * Every way to join one of these pieces from two of the vocabulary, the best score first; of one piece, in the order of
 * the left part's id.
 */
export function mergesOf(pieces: readonly ScoredPiece[], vocabulary: ReadonlyMap<string, number>): string[] {
  const ranked = [...pieces].sort((left, right) => right.score - left.score)
  return ranked.flatMap(({ text }) => {
    const splits: { readonly merge: string; readonly left: number }[] = []
    let at = 0
    for (const character of text) {
      at += character.length
      const left = vocabulary.get(text.slice(0, at))
      const right = vocabulary.get(text.slice(at))
      if (left !== undefined && right !== undefined)
        splits.push({ merge: `${text.slice(0, at)} ${text.slice(at)}`, left })
    }
    return splits.sort((one, other) => one.left - other.left).map(({ merge }) => merge)
  })
}

/**
 * The parts of tokenizer.json around such a model.
 *
 * @param spacePrefix  whether a text is read as if a space stood before it
 */
export function sentencePieceParts(spacePrefix: boolean) {
  const replace = { type: "Replace", pattern: { String: " " }, content: SPACE_MARK }
  const decoders = [
    { type: "Replace", pattern: { String: SPACE_MARK }, content: " " },
    { type: "ByteFallback" },
    { type: "Fuse" },
  ]
  return {
    normalizer: spacePrefix
      ? { type: "Sequence", normalizers: [{ type: "Prepend", prepend: SPACE_MARK }, replace] }
      : replace,
    pre_tokenizer: null,
    decoder: {
      type: "Sequence",
      decoders: spacePrefix ? [...decoders, { type: "Strip", content: " ", start: 1, stop: 0 }] : decoders,
    },
  }
}
