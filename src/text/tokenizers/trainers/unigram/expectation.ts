/**
 * How often each piece is expected in the words when every way to cut a word counts by its probability: the forward and
 * backward sums over the lattice. Kudo 2018, arXiv:1804.10959.
 */
import type { PieceLattice } from "./piece-lattice.ts"

/** Sums below this are multiplied by SCALE, which is exact, so that words of any length neither vanish nor overflow. */
const TINY = 2 ** -256
const SCALE = 2 ** 256
const SCALE_NATS = 256 * Math.LN2

/**
 * Sets `expected[piece]` to the expected count of each piece and returns the words' log-likelihood in nats, every word
 * taken as often as it was met.
 *
 * @param probabilities  of each piece; need not add up to 1
 */
export function expectPieces(lattice: PieceLattice, probabilities: Float64Array, expected: Float64Array): number {
  const { words, lengths, starts, matches } = lattice
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0)
  const longestWord = words.starts.reduce((most, end, word) => Math.max(most, end - (words.starts[word - 1] ?? 0)), 0)
  /** Probability of all ways to a position, and from it to the word's end, both in SCALE's powers. */
  const forward = new Float64Array(longestWord + 1)
  const backward = new Float64Array(longestWord + 1)
  /** The power of each position of `forward`. */
  const powers = new Int32Array(longestWord + 1)
  let logLikelihood = 0
  expected.fill(0)

  for (let word = 0; word < words.counts.length; word++) {
    const begin = words.starts[word]
    const length = words.starts[word + 1] - begin
    forward.fill(0, 0, length + 1)
    forward[0] = 1
    let power = 0
    for (let at = 0; at < length; at++) {
      if (forward[at] < TINY && isTiny(forward, at, Math.min(length, at + longest))) {
        scaleUp(forward, at, Math.min(length, at + longest))
        power += 1
      }
      powers[at] = power
      const until = starts[begin + at + 1]
      for (let match = starts[begin + at]; match < until; match++) {
        const piece = matches[match]
        forward[at + lengths[piece]] += forward[at] * probabilities[piece]
      }
    }
    const whole = forward[length]
    logLikelihood += words.counts[word] * (Math.log(whole) - power * SCALE_NATS)

    const weight = words.counts[word] / whole
    let backwardPower = 0
    backward[length] = 1
    for (let at = length - 1; at >= 0; at--) {
      const end = Math.min(length, at + longest)
      if (backward[at + 1] < TINY && isTiny(backward, at + 1, end)) {
        scaleUp(backward, at + 1, end)
        backwardPower += 1
      }
      const shift = power - powers[at] - backwardPower
      const scale = weight * forward[at] * (shift === 0 ? 1 : SCALE ** Math.min(shift, 3))
      const until = starts[begin + at + 1]
      let sum = 0
      for (let match = starts[begin + at]; match < until; match++) {
        const piece = matches[match]
        const share = probabilities[piece] * backward[at + lengths[piece]]
        sum += share
        expected[piece] += scale * share
      }
      backward[at] = sum
    }
  }
  return logLikelihood
}

function isTiny(sums: Float64Array, from: number, to: number): boolean {
  for (let at = from; at <= to; at++) if (sums[at] >= TINY) return false
  return true
}

function scaleUp(sums: Float64Array, from: number, to: number): void {
  for (let at = from; at <= to; at++) sums[at] *= SCALE
}
