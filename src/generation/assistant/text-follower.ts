/** Turns the ids of one request into text as they come: whole characters only, stop texts watched and left out. */
import type { Tokenizer } from "../../text/index.ts"
import { type MatchedPiece, StopMatcher } from "../decoding/index.ts"

export class TextFollower {
  private readonly tokenizer: Tokenizer
  private readonly decoder: ReturnType<Tokenizer["decodeStream"]>
  private readonly matcher: StopMatcher

  /** @param followsText  whether text came before, so that the space before the first word is kept */
  constructor(tokenizer: Tokenizer, stops: readonly string[], followsText = false) {
    this.tokenizer = tokenizer
    this.decoder = tokenizer.decodeStream({ skipSpecialTokens: true, continues: followsText })
    this.matcher = new StopMatcher(stops)
  }

  /**
   * The text that an id makes certain: often a word, sometimes nothing yet.
   *
   * @param isLast  whether no more ids will come, so that nothing need be held back
   */
  push(id: number, isLast: boolean): MatchedPiece {
    const piece = this.matcher.push(this.textOf(id))
    if (piece.stopped || !isLast) return piece
    const rest = this.matcher.push(this.decoder.end())
    return rest.stopped
      ? { text: piece.text + rest.text, stopped: true }
      : { text: piece.text + rest.text + this.matcher.end(), stopped: false }
  }

  /** A model may have more ids than its tokenizer (tables padded to round sizes); those are no text. */
  private textOf(id: number): string {
    return this.tokenizer.idToToken(id) === undefined ? "" : this.decoder.push(id)
  }
}
