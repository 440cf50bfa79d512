/** Which characters get a token of their own. */
import type { PieceCounts } from "./counting/count-pieces.ts"
import { optionInvalid } from "./trainer.ts"
import type { TrainerSpecialTokens } from "./trainer-special-tokens.ts"

/** The share of characters that get a token when options do not say. */
const DEFAULT_COVERAGE = 0.9995
/** Digits and brackets are rare in prose, and yet nobody wants to do without. */
const PRINTABLE_ASCII = String.fromCharCode(...Array.from({ length: 0x7e - 0x20 }, (_, index) => 0x21 + index))

/** How often each code point occurs in all pieces. Lone surrogates, which stand for bytes outside UTF-8, are left out. */
export function countCharacters({ texts, counts }: PieceCounts): Map<number, number> {
  const totals = new Map<number, number>()
  for (const [index, text] of texts.entries()) {
    for (let at = 0; at < text.length; at++) {
      const code = text.codePointAt(at) as number
      if (code > 0xffff) at += 1
      else if (code >= 0xd800 && code <= 0xdfff) continue
      totals.set(code, (totals.get(code) ?? 0) + counts[index])
    }
  }
  return totals
}

/**
 * The most frequent code points that together make up at least `coverage` of all, and those of `required` in any case;
 * most frequent first, ties by code point.
 */
export function chooseAlphabet(totals: ReadonlyMap<number, number>, coverage: number, required: string): number[] {
  const wanted = new Set(Array.from(required, (character) => character.codePointAt(0) as number))
  const all = new Map(totals)
  for (const code of wanted) if (!all.has(code)) all.set(code, 0)
  const ranked = [...all].sort(([left, leftCount], [right, rightCount]) => rightCount - leftCount || left - right)
  const sum = ranked.reduce((total, [, count]) => total + count, 0)
  let covered = 0
  return ranked.flatMap(([code, count]) => {
    const isNeeded = covered < coverage * sum && count > 0
    covered += count
    return isNeeded || wanted.has(code) ? [code] : []
  })
}

/** The alphabet that options ask for, as code points, most frequent first; `always` is in it in any case. */
export function alphabetOf(
  pieces: PieceCounts,
  options: { readonly characterCoverage?: number; readonly requiredCharacters?: string },
  always = "",
): number[] {
  const { characterCoverage = DEFAULT_COVERAGE, requiredCharacters = PRINTABLE_ASCII } = options
  return chooseAlphabet(countCharacters(pieces), characterCoverage, requiredCharacters + always)
}

/** @throws RECIPE_INVALID when a special token is spelled like one of `tokens` */
export function refuseClash(special: TrainerSpecialTokens, tokens: Iterable<string>): void {
  for (const token of tokens) {
    if (special.tokens.includes(token)) {
      throw optionInvalid("specialTokens", "texts that are no token of the alphabet", `"${token}"`)
    }
  }
}
