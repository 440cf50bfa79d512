/**
 * Finds stop texts in text that comes in pieces. What may be the start of a stop text is held back until it is certain,
 * so nothing of a stop text is ever shown; and it does not matter where the pieces were cut.
 */

export interface MatchedPiece {
  /** Text that is certainly before any stop text. */
  readonly text: string
  /** Whether a stop text was found; nothing may be pushed after that. */
  readonly stopped: boolean
}

export class StopMatcher {
  private readonly stops: readonly string[]
  private held = ""

  /** @param stops  texts of one character or more; none means that everything passes at once */
  constructor(stops: readonly string[]) {
    this.stops = stops
  }

  /** Takes the next piece of text. The stop text that ends first wins; of those, the longest. */
  push(piece: string): MatchedPiece {
    const text = this.held + piece
    let start = -1
    let end = Number.POSITIVE_INFINITY
    for (const stop of this.stops) {
      const found = text.indexOf(stop)
      if (found < 0 || found + stop.length > end) continue
      start = found + stop.length < end ? found : Math.min(start, found)
      end = found + stop.length
    }
    if (start >= 0) {
      this.held = ""
      return { text: text.slice(0, start), stopped: true }
    }
    const held = this.heldLength(text)
    this.held = text.slice(text.length - held)
    return { text: text.slice(0, text.length - held), stopped: false }
  }

  /** What was held back, when no more text will come. */
  end(): string {
    const rest = this.held
    this.held = ""
    return rest
  }

  /** How many units at the end of `text` begin a stop text. */
  private heldLength(text: string): number {
    let longest = 0
    for (const stop of this.stops)
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length--)
        if (text.endsWith(stop.slice(0, length))) longest = length
    return longest
  }
}
