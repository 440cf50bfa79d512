/** What kind each character is, as one byte of flags: what hand-written scanners ask instead of a regular expression. */

/** `\p{L}` */
export const LETTER = 1
/** `\p{N}` */
export const NUMBER = 2
/** `\s`: Unicode's White_Space. */
export const SPACE = 4
/** `\r` and `\n`. */
export const LINE_END = 8
/** Letters of upper and title case and without case, and marks: `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`. */
export const UPPER = 16
/** Letters of lower case and without case, and marks: `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`. */
export const LOWER = 32
/** A high surrogate: with the low one after it, a character beyond U+FFFF. */
export const HIGH_HALF = 64

const CLASSES: readonly (readonly [flag: number, runs: RegExp])[] = [
  [LETTER, /\p{L}+/gu],
  [NUMBER, /\p{N}+/gu],
  [SPACE, /\p{White_Space}+/gu],
  [LINE_END, /[\r\n]+/gu],
  [UPPER, /[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+/gu],
  [LOWER, /[\p{Ll}\p{Lm}\p{Lo}\p{M}]+/gu],
]

/** Characters of one plane; 17 planes are all of Unicode. */
const PLANE = 0x10000

/** Flags of the UTF-16 units: those of the characters U+0000 to U+FFFF, and HIGH_HALF. */
export const BASIC_CLASSES: Uint8Array = classesOfPlane(0).fill(HIGH_HALF, 0xd800, 0xdc00)
/** Flags of the other planes, made when met. */
const otherPlanes: (Uint8Array | undefined)[] = []

/** The flags of a character beyond U+FFFF. */
export function supplementaryClass(code: number): number {
  const plane = code >> 16
  const classes = (otherPlanes[plane] ??= classesOfPlane(plane))
  return classes[code & (PLANE - 1)]
}

function classesOfPlane(plane: number): Uint8Array {
  const classes = new Uint8Array(PLANE)
  // Slices keep the strings small; the surrogates of plane 0 form no character.
  for (let from = 0; from < PLANE; from += 0x800) {
    if (plane === 0 && from === 0xd800) continue
    const codes = Array.from({ length: 0x800 }, (_, index) => plane * PLANE + from + index)
    const text = String.fromCodePoint(...codes)
    const width = plane === 0 ? 1 : 2
    for (const [flag, runs] of CLASSES)
      for (const run of text.matchAll(runs))
        for (let at = run.index; at < run.index + run[0].length; at += width) classes[from + at / width] |= flag
  }
  return classes
}
