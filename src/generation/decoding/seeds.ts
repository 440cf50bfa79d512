/** Seeds: how a request's one number becomes the key that its draws come from. */
import { hashText } from "../../engine/index.ts"

const WORD = 0x100000000
/** Keeps draws apart from a model's initial weights, which may be made from the same seed. */
const DRAWING = hashText("generation.draw")

/**
 * The Philox key of a seed, as i32 words. The counter is the position that the drawn token will have in its sequence, so
 * what is drawn does not depend on the company in the batch.
 *
 * @param seed  whole, 0 to 2⁵³ − 1
 */
export function drawingKey(seed: number): readonly [number, number] {
  return [(seed % WORD) | 0, Math.floor(seed / WORD) ^ DRAWING]
}

/** A seed that nobody chose: 32 bits of the system's randomness. */
export function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]
}
