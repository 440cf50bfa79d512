/**
 * Philox4x32-10: random numbers as a pure function of a key and a counter, so that the same place in a computation gets
 * the same number however the work is split or resumed. (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3")
 */

const MULTIPLIER_A = 0xd2511f53
const MULTIPLIER_B = 0xcd9e8d57
const WEYL_A = 0x9e3779b9
const WEYL_B = 0xbb67ae85

/** Four random 32-bit words for a 64-bit key and a 128-bit counter. */
export function philox(
  key: readonly [number, number],
  counter: readonly [number, number, number, number],
): [number, number, number, number] {
  const words = new Uint32Array(4)
  fillWords(words, key[0], key[1], counter[0], counter[1], counter[2], counter[3])
  return [words[0], words[1], words[2], words[3]]
}

/** `philox` without arrays in between: parameters of a model take many millions of numbers. */
function fillWords(words: Uint32Array, k0: number, k1: number, c0: number, c1: number, c2: number, c3: number): void {
  for (let round = 0; round < 10; round++) {
    const next0 = multiplyHigh(MULTIPLIER_B, c2) ^ c1 ^ k0
    const next2 = multiplyHigh(MULTIPLIER_A, c0) ^ c3 ^ k1
    c1 = Math.imul(MULTIPLIER_B, c2)
    c3 = Math.imul(MULTIPLIER_A, c0)
    c0 = next0
    c2 = next2
    k0 = (k0 + WEYL_A) | 0
    k1 = (k1 + WEYL_B) | 0
  }
  words[0] = c0
  words[1] = c1
  words[2] = c2
  words[3] = c3
}

/** The upper 32 bits of the product of two unsigned 32-bit numbers. */
function multiplyHigh(left: number, right: number): number {
  const a = left >>> 16
  const b = left & 0xffff
  const c = right >>> 16
  const d = right & 0xffff
  const middle = Math.imul(a, d) + (Math.imul(b, d) >>> 16)
  const lower = (Math.imul(b, c) >>> 0) + (middle & 0xffff)
  return (Math.imul(a, c) + (middle >>> 16) + (lower >>> 16)) | 0
}

/** A number in [0, 1) from a random word: its upper 24 bits, so that float32 holds it exactly. */
export function toUnitInterval(word: number): number {
  return (word >>> 8) / 0x1000000
}

/** `count` numbers of the standard normal distribution, as the operation `randomNormal` makes them, but in float64. */
export function normalNumbers(key: readonly [number, number], count: number): Float32Array {
  const result = new Float32Array(count)
  fillNormal(result, key, 1)
  return result
}

/** Fills an array with normal numbers around 0: Box and Muller's transform of Philox's words. */
export function fillNormal(
  target: Float32Array | Float64Array,
  key: readonly [number, number],
  deviation: number,
): void {
  const words = new Uint32Array(4)
  const count = target.length
  for (let start = 0; start < count; start += 4) {
    fillWords(words, key[0], key[1], start / 4, 0, 0, 0)
    for (let pair = 0; pair < 2; pair++) {
      const radius = deviation * Math.sqrt(-2 * Math.log(((words[2 * pair] >>> 8) + 1) / 0x1000000))
      const angle = (2 * Math.PI * words[2 * pair + 1]) / 0x100000000
      // A place beyond the end takes nothing.
      target[start + 2 * pair] = radius * Math.cos(angle)
      target[start + 2 * pair + 1] = radius * Math.sin(angle)
    }
  }
}

/** 32 bits that stand for a text (FNV-1a over its UTF-16 units): turns a module path into part of a key. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}
