/** Places in a text: UTF-16 indices, which JavaScript has, as bytes of UTF-8 or as characters of Unicode. */
import type { Offsets } from "./encoding.ts"
import type { PlacedToken } from "./text-pipeline.ts"

/** `bytes` of UTF-8, `characters` (code points, as Hugging Face's Python and Node packages count), or `utf16` indices. */
export type OffsetUnit = "bytes" | "characters" | "utf16"

/** The places of tokens in the unit asked for. A raw byte (a lone surrogate of `byte-text.ts`) is one byte. */
export function offsetsIn(unit: OffsetUnit, text: string, tokens: readonly PlacedToken[]): Offsets[] {
  if (unit === "utf16" || isAscii(text)) return tokens.map(({ start, end }) => [start, end])
  const places = unit === "bytes" ? placesByIndex(text, bytesOf) : placesByIndex(text, () => 1)
  return tokens.map(({ start, end }) => [places[start], places[end]])
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text)
}

/** For each UTF-16 index of a text, and its end, how much lies before it. */
function placesByIndex(text: string, measure: (code: number) => number): Int32Array {
  const places = new Int32Array(text.length + 1)
  let place = 0
  for (let index = 0; index < text.length; ) {
    const code = text.codePointAt(index) as number
    const next = index + (code > 0xffff ? 2 : 1)
    for (; index < next; index++) places[index] = place
    place += measure(code)
  }
  places[text.length] = place
  return places
}

function bytesOf(code: number): number {
  if (code < 0x80) return 1
  if (code < 0x800) return 2
  if (code >= 0xdc80 && code <= 0xdcff) return 1
  return code < 0x10000 ? 3 : 4
}
