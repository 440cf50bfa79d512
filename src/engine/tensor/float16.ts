/** IEEE 754 half precision (float16): 1 sign bit, 5 of exponent, 10 of fraction. */

const oneFloat = new Float32Array(1)
const oneWord = new Uint32Array(oneFloat.buffer)
/** Magnitude bits, as float32, from which a number rounds to infinity: 65,520. */
const TOO_LARGE = 0x477ff000
/** Magnitude bits of the smallest number that is not subnormal as float16: 2⁻¹⁴. */
const SMALLEST_NORMAL = 0x38800000

let numbers: Float32Array | undefined

/** The 16 bits of a float32 `value` as float16: nearest, ties to even; NaN stays NaN, 65,520 and above are infinite. */
export function toF16Bits(value: number): number {
  oneFloat[0] = value
  const sign = (oneWord[0] >>> 16) & 0x8000
  const magnitude = oneWord[0] & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00
  if (magnitude >= TOO_LARGE) return sign | 0x7c00
  if (magnitude >= SMALLEST_NORMAL) {
    const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1)
    return sign | ((rounded - 0x38000000) >>> 13)
  }
  // Subnormal numbers are multiples of 2⁻²⁴; 1,024 of them are the smallest normal number, in bits too.
  const steps = Math.abs(oneFloat[0]) * 2 ** 24
  const whole = Math.floor(steps)
  const rest = steps - whole
  return sign | (whole + (rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? 1 : 0))
}

/** The number that 16 bits of float16 stand for. */
export function fromF16Bits(bits: number): number {
  numbers ??= Float32Array.from({ length: 0x10000 }, (_, pattern) => decode(pattern))
  return numbers[bits]
}

function decode(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
