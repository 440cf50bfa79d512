/** What pre-tokenizers share that only cut: pieces are stretches of the text, told by their UTF-16 indices. */
import type { PartJson } from "../parts.ts"
import type { PreTokenizer } from "./index.ts"

/** What becomes of the stretches that a pattern matches. */
export type SplitBehavior = "Removed" | "Isolated" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous"

/** Every behaviour, as tokenizer.json spells it. */
export const SPLIT_BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"] as const

/** A pre-tokenizer from a function that gives the pieces of a text as from, to, from, to, … */
export function cuttingPreTokenizer(cut: (text: string) => readonly number[], settings: PartJson): PreTokenizer {
  return {
    split(text) {
      const ranges = cut(text)
      const pieces: string[] = []
      for (let at = 0; at < ranges.length; at += 2) pieces.push(text.slice(ranges[at], ranges[at + 1]))
      return pieces
    },
    splitAligned: (text) => text.parts(cut(text.text)),
    toJson: () => settings,
  }
}

/**
 * Where a global pattern matches, as from, to, from, to, … As Oniguruma has it, an empty match right behind another
 * match does not count.
 */
export function matchRanges(text: string, pattern: RegExp): number[] {
  const ranges: number[] = []
  if (text === "") return ranges
  for (const match of text.matchAll(pattern)) {
    const end = match.index + match[0].length
    if (match[0] !== "" || end !== ranges.at(-1)) ranges.push(match.index, end)
  }
  return ranges
}

/**
 * The pieces that matches cut a text into; none is empty.
 *
 * @param matches  from, to, from, to, … in order
 * @param invert  whether the stretches between the matches are what the behaviour speaks of
 */
export function rangesByMatches(
  text: string,
  matches: readonly number[],
  behavior: SplitBehavior,
  invert = false,
): number[] {
  const pieces: number[] = []
  /** Adds a stretch to the last piece, or as one of its own. */
  const add = (from: number, to: number, joins: boolean) => {
    if (joins && pieces.length > 0) pieces[pieces.length - 1] = to
    else pieces.push(from, to)
  }
  /** Whether the stretch before matched; a stretch that joins the next one waits here. */
  let afterMatch = false
  let waits = false
  const visit = (from: number, to: number, isMatch: boolean) => {
    if (behavior === "Isolated") add(from, to, false)
    else if (behavior === "Removed") {
      if (!isMatch) add(from, to, false)
    } else if (behavior === "Contiguous") add(from, to, isMatch === afterMatch)
    else if (behavior === "MergedWithPrevious") add(from, to, isMatch && !afterMatch)
    else {
      add(from, to, !isMatch && waits)
      waits = isMatch
    }
    afterMatch = isMatch
  }
  let from = 0
  for (let at = 0; at < matches.length; at += 2) {
    if (matches[at] > from) visit(from, matches[at], invert)
    visit(matches[at], matches[at + 1], !invert)
    from = matches[at + 1]
  }
  if (from < text.length) visit(from, text.length, invert)
  return withoutEmpty(pieces)
}

function withoutEmpty(pieces: number[]): number[] {
  let kept = 0
  for (let at = 0; at < pieces.length; at += 2) {
    if (pieces[at] === pieces[at + 1]) continue
    pieces[kept++] = pieces[at]
    pieces[kept++] = pieces[at + 1]
  }
  pieces.length = kept
  return pieces
}
