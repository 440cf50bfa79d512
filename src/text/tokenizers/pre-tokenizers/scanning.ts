/** What pre-tokenizers share whose pieces are neighbours and leave nothing out. */
import type { PartJson } from "../parts.ts"
import type { PieceScanner } from "../piece-scanners.ts"
import type { PreTokenizer } from "./index.ts"

/** A pre-tokenizer from a scanner. */
export function scanningPreTokenizer(scan: PieceScanner, settings: PartJson): PreTokenizer {
  return {
    split(text) {
      const pieces: string[] = []
      for (let from = 0; from < text.length; ) {
        const to = scan(text, from)
        pieces.push(text.slice(from, to))
        from = to
      }
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
  for (let from = 0; from < text.length; ) {
    const to = scan(text, from)
    ranges.push(from, to)
    from = to
  }
  return ranges
}
