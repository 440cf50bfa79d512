/** What pre-tokenizers share whose pieces are neighbours and leave nothing out. */
import type { PartJson } from "../parts.ts"
import type { PieceScanner } from "../piece-scanners.ts"
import { TextUnits } from "../text-units.ts"
import type { PreTokenizer } from "./index.ts"

/** The text at hand: many are single words, for which memory of their own would cost more than cutting them. */
const reading = new TextUnits()

/** A pre-tokenizer from a scanner. */
export function scanningPreTokenizer(scan: PieceScanner, settings: PartJson): PreTokenizer {
  return {
    split(text) {
      const pieces: string[] = []
      const ranges = scannedRanges(text, scan)
      for (let at = 0; at < ranges.length; at += 2) pieces.push(text.slice(ranges[at], ranges[at + 1]))
      return pieces
    },
    splitAligned: (text) => text.parts(scannedRanges(text.text, scan)),
    scan,
    toJson: () => settings,
  }
}

/** The pieces of a text as from, to, from, to, … */
export function scannedRanges(text: string, scan: PieceScanner): number[] {
  const ranges: number[] = []
  const units = reading.load(text)
  for (let from = 0; from < text.length; ) {
    const to = scan(units, from, text.length)
    ranges.push(from, to)
    from = to
  }
  return ranges
}
