/**
 * Learning of a Unigram vocabulary: from many frequent substrings, expectation-maximisation finds probabilities, and
 * the pieces whose loss costs the text's likelihood least are pruned, in turns, until as many are left as were asked
 * for. Kudo 2018, arXiv:1804.10959.
 */
import type { SymbolWords } from "../merging/symbol-words.ts"
import type { TrainingProgress } from "../progress.ts"
import { BestCuts } from "./best-cut.ts"
import { expectPieces } from "./expectation.ts"
import { PieceLattice } from "./piece-lattice.ts"
import { findSeedPieces } from "./seed-pieces.ts"

export interface LearnPiecesSettings {
  /** Pieces to end with, characters included. */
  readonly size: number
  /** Symbols in the longest piece. */
  readonly maximumLength: number
  /** Seeds of two symbols and more. */
  readonly seedPieces: number
  readonly shrinkingFactor: number
  readonly subIterations: number
  readonly onProgress?: (progress: TrainingProgress) => void
}

/** One piece of a learned vocabulary. */
export interface LearnedPiece {
  readonly symbols: Int32Array
  /** Natural logarithm of the piece's probability; all pieces' probabilities add up to 1. */
  readonly logProbability: number
}

/** A piece expected less often is dropped as long as there are too many; one that stays counts as expected so often. */
const LEAST_EXPECTED = 0.5
/** Pruning by turns ends at this many times the size; the last step goes straight to the size. */
const LAST_TURN = 1.1
/** Loss of a piece that the likeliest cuts have no use for: below that of any other. */
const USELESS = -1
/** Steps of expectation-maximisation on the final pieces. */
const LAST_STEPS = 4

/** Learns `size` pieces, or as many as there are seeds; every symbol of the words is one of them in any case. */
export function learnPieces(words: SymbolWords, settings: LearnPiecesSettings): LearnedPiece[] {
  const { shrinkingFactor, subIterations, maximumLength, seedPieces, onProgress } = settings
  const seeds = findSeedPieces(words, { maximumLength, maximumPieces: seedPieces })
  const lattice = new PieceLattice(words, seeds)
  const characters = lattice.lengths.filter((length) => length === 1).length
  const size = Math.max(settings.size, characters)
  const model = new PieceModel(lattice, seeds, size)
  const total = Math.max(0, lattice.size - size)
  const report = () => onProgress?.({ stage: "prune", done: total - Math.max(0, lattice.size - size), total })

  const turnSize = Math.floor(size * LAST_TURN)
  for (;;) {
    for (let step = 0; step < subIterations; step++) model.estimate()
    report()
    if (lattice.size <= turnSize) break
    model.prune(Math.max(turnSize, Math.floor(lattice.size * shrinkingFactor)))
  }
  if (lattice.size > size) model.prune(size)
  for (let step = 0; step < LAST_STEPS; step++) model.estimate()
  report()
  return model.pieces()
}

/** The pieces of a lattice with their probabilities. */
export class PieceModel {
  /** Of each piece of the lattice; they add up to 1. */
  probabilities: Float64Array
  readonly #lattice: PieceLattice
  readonly #size: number

  /**
   * Begins with probabilities in proportion to count × length.
   *
   * @param seeds  the pieces' counts and lengths
   * @param size  pieces to end with: never are fewer kept
   */
  constructor(
    lattice: PieceLattice,
    seeds: { readonly counts: Float64Array; readonly lengths: Int32Array },
    size: number,
  ) {
    this.#lattice = lattice
    this.#size = size
    const { counts, lengths } = seeds
    this.probabilities = inProportion(counts.map((count, piece) => count * lengths[piece]))
  }

  /**
   * One step of expectation-maximisation: each piece's probability becomes its share of the expected pieces, and pieces
   * hardly expected are dropped. Returns the words' log-likelihood in nats before the step.
   */
  estimate(): number {
    const { lengths, size } = this.#lattice
    const expected = new Float64Array(size)
    const logLikelihood = expectPieces(this.#lattice, this.probabilities, expected)
    const rare: number[] = []
    for (let piece = 0; piece < size; piece++) {
      if (expected[piece] < LEAST_EXPECTED && lengths[piece] > 1) rare.push(piece)
    }
    rare.sort((left, right) => expected[left] - expected[right] || left - right)
    const kept = new Uint8Array(size).fill(1)
    for (const piece of rare.slice(0, Math.max(0, size - this.#size))) kept[piece] = 0
    this.probabilities = expected.map((count) => Math.max(count, LEAST_EXPECTED))
    this.#keep(kept)
    return logLikelihood
  }

  /**
   * Keeps `size` pieces, or all characters if they are more: those without which the likeliest cut of the words would
   * lose the most. Pieces that it does not use, or that could be cut to advantage themselves, come last.
   */
  prune(size: number): void {
    const { lengths, places, words } = this.#lattice
    const logProbabilities = this.probabilities.map(Math.log)
    const cuts = new BestCuts(this.#lattice, logProbabilities)
    const used = new Float64Array(lengths.length)
    let sum = 0
    for (let word = 0; word < words.counts.length; word++) {
      for (const piece of cuts.cut(words.starts[word], words.starts[word + 1])) {
        used[piece] += words.counts[word]
        sum += words.counts[word]
      }
    }
    const kept = Uint8Array.from(lengths, (length) => (length === 1 ? 1 : 0))
    const candidates: number[] = []
    const losses = new Float64Array(lengths.length)
    for (let piece = 0; piece < lengths.length; piece++) {
      if (kept[piece]) continue
      candidates.push(piece)
      losses[piece] = USELESS
      if (used[piece] === 0) continue
      const [begin, end] = [places[piece], places[piece] + lengths[piece]]
      if (cuts.cut(begin, end).length > 1) continue
      const others = cuts.cut(begin, end, piece)
      // Without the piece, its uses go to the others, and there are more pieces in all.
      const sumWithout = sum + used[piece] * (others.length - 1)
      let logWithout = 0
      for (const other of others) logWithout += Math.log((used[other] + used[piece]) / sumWithout)
      losses[piece] = Math.max(0, (used[piece] / sum) * (Math.log(used[piece] / sum) - logWithout))
    }
    const { probabilities } = this
    candidates.sort(
      (left, right) => losses[right] - losses[left] || probabilities[right] - probabilities[left] || left - right,
    )
    const room = Math.max(0, size - kept.reduce((count, keep) => count + keep, 0))
    for (const piece of candidates.slice(0, room)) kept[piece] = 1
    this.#keep(kept)
  }

  pieces(): LearnedPiece[] {
    const { lengths, places, words } = this.#lattice
    return Array.from(lengths, (length, piece) => ({
      symbols: words.symbols.subarray(places[piece], places[piece] + length),
      logProbability: Math.log(this.probabilities[piece]),
    }))
  }

  #keep(kept: Uint8Array): void {
    this.probabilities = inProportion(this.probabilities.filter((_, piece) => kept[piece]))
    this.#lattice.keep(kept)
  }
}

function inProportion(amounts: Float64Array): Float64Array {
  const sum = amounts.reduce((total, amount) => total + amount, 0)
  return amounts.map((amount) => amount / sum)
}
