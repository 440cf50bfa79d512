/** The merges that SentencePiece's BPE does without listing them: whatever two pieces make a third, the best score first. */

export interface ScoredPiece {
  readonly text: string
  readonly score: number
}

/**
 * Every way to join a piece from two others, the best score first; of one piece, in the order of the left part's id,
 * then of the right's.
 *
 * @param vocabulary  the ids of the pieces that may be parts
 */
export function mergesOfPieces(
  pieces: readonly ScoredPiece[],
  vocabulary: ReadonlyMap<string, number>,
): [left: string, right: string][] {
  return [...pieces]
    .sort((left, right) => right.score - left.score)
    .flatMap(({ text }) => {
      const splits: { readonly merge: [string, string]; readonly left: number; readonly right: number }[] = []
      let at = 0
      for (const character of text) {
        at += character.length
        const merge: [string, string] = [text.slice(0, at), text.slice(at)]
        const left = vocabulary.get(merge[0])
        const right = vocabulary.get(merge[1])
        if (left !== undefined && right !== undefined) splits.push({ merge, left, right })
      }
      return splits.sort((one, other) => one.left - other.left || one.right - other.right).map(({ merge }) => merge)
    })
}
