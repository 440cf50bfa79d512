/** Offsets without the white space at a token's ends, as byte-level post-processors give them. */
import { BYTE_CHARACTERS } from "../byte-alphabet.ts"
import { type Encoding, mapEncodings, type Offsets } from "../encoding.ts"

const SPELLED_SPACE = BYTE_CHARACTERS[0x20]
const WHITE_SPACE = /^\p{White_Space}$/u

/**
 * The same tokens with trimmed offsets, each character of white space in the token counting one.
 *
 * @param addsPrefixSpace  whether one space before the text was added and so has no place of its own
 */
export function trimOffsets(encoding: Encoding, addsPrefixSpace: boolean): Encoding {
  return mapEncodings(encoding, (one) => ({
    ...one,
    offsets: one.offsets.map((offsets, index) => trimmed(one.tokens[index], offsets, index === 0, addsPrefixSpace)),
  }))
}

function trimmed(token: string, [start, end]: Offsets, isFirstToken: boolean, addsPrefixSpace: boolean): Offsets {
  const characters = [...token]
  let leading = 0
  while (leading < characters.length && isSpace(characters[leading])) leading += 1
  let trailing = 0
  while (trailing < characters.length && isSpace(characters[characters.length - 1 - trailing])) trailing += 1
  if (leading > 0) {
    if (leading === 1 && addsPrefixSpace && (isFirstToken || start === 0)) leading = 0
    start = Math.min(start + leading, end)
  }
  if (trailing > 0 && end >= trailing) end = Math.max(end - trailing, start)
  return [start, end]
}

function isSpace(character: string): boolean {
  return character === SPELLED_SPACE || WHITE_SPACE.test(character)
}
