/** Counts the distinct pieces of documents in one thread; what exceeds its share of memory goes to disk, sorted. */
import { textFromBytes, toWellFormed } from "../../byte-text.ts"
import { ownCopy } from "../../piece-cache.ts"
import { type CountedPiece, writeRun } from "./piece-runs.ts"

/**
 * Bytes that a distinct piece takes, at most: its text and its entry in a table while it is counted, its symbols, their
 * links and places when a vocabulary is learned.
 */
export function pieceBytes(text: string): number {
  return 128 + 64 * text.length
}

/** What one thread counted. */
export interface CountedShard {
  readonly texts: readonly string[]
  readonly counts: readonly number[]
  /** Files with what did not fit, each a sorted run. */
  readonly runs: readonly string[]
}

export interface PieceCounterSettings {
  /** Cuts a document into pieces. */
  readonly split: (text: string) => readonly string[]
  /** Bytes (see `pieceBytes`) that may be held in memory. */
  readonly memoryLimit: number
  /** Path that the names of runs begin with. */
  readonly runPrefix: string
}

export class PieceCounter {
  readonly #settings: PieceCounterSettings
  readonly #indices = new Map<string, number>()
  #texts: string[] = []
  #counts: number[] = []
  #bytes = 0
  readonly #runs: string[] = []

  constructor(settings: PieceCounterSettings) {
    this.#settings = settings
  }

  /** @throws FILE_UNWRITABLE when what does not fit into memory does not fit on disk either */
  count(document: string | Uint8Array): void {
    const text = typeof document === "string" ? toWellFormed(document) : textFromBytes(document)
    for (const piece of this.#settings.split(text)) {
      const index = this.#indices.get(piece)
      if (index !== undefined) {
        this.#counts[index] += 1
        continue
      }
      const own = ownCopy(piece)
      this.#indices.set(own, this.#texts.length)
      this.#texts.push(own)
      this.#counts.push(1)
      this.#bytes += pieceBytes(own)
      if (this.#bytes > this.#settings.memoryLimit) this.#spill()
    }
  }

  finish(): CountedShard {
    return { texts: this.#texts, counts: this.#counts, runs: this.#runs }
  }

  #spill(): void {
    const path = `${this.#settings.runPrefix}-${this.#runs.length}`
    writeRun(path, sortedPieces(this.#texts, this.#counts))
    this.#runs.push(path)
    this.#indices.clear()
    this.#texts = []
    this.#counts = []
    this.#bytes = 0
  }
}

/** Pieces in ascending order of their UTF-16 units. */
export function* sortedPieces(texts: readonly string[], counts: readonly number[]): Generator<CountedPiece> {
  const order = Uint32Array.from(texts, (_, index) => index)
  order.sort((left, right) => (texts[left] < texts[right] ? -1 : 1))
  for (const index of order) yield [texts[index], counts[index]]
}
