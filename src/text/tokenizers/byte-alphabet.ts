/**
 * The printable spelling of the 256 bytes that GPT-2 introduced and tokenizer.json files use: bytes that print as
 * Latin-1 characters stand for themselves, the other 68 take U+0100, U+0101, … in byte order.
 */
import type { AlignedText, CharacterChange } from "./aligned-text.ts"
import { appendBytes } from "./byte-text.ts"

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
}

/** UTF-16 code of the character that spells each byte. */
const CODE_OF_BYTE = new Uint16Array(256)
/** Byte that each character below U+0200 spells, or −1. */
const BYTE_OF_CODE = new Int16Array(0x200).fill(-1)

let nextCode = 0x100
for (let byte = 0; byte < 256; byte++) {
  const code = isPrintable(byte) ? byte : nextCode++
  CODE_OF_BYTE[byte] = code
  BYTE_OF_CODE[code] = byte
}

/** UTF-16 units that are spelled at once; longer texts go in parts, as engines are slow to join single characters of many. */
const LONGEST_SPELLED = 4096

/** The character that spells each byte, by byte value. */
export const BYTE_CHARACTERS: readonly string[] = Array.from(CODE_OF_BYTE, (code) => String.fromCharCode(code))

/** Spells bytes, one character a byte. */
export function spellingOf(bytes: Uint8Array): string {
  let spelled = ""
  for (const byte of bytes) spelled += BYTE_CHARACTERS[byte]
  return spelled
}

/** Spells a text's UTF-8 bytes, one character a byte. */
export function spellBytes(text: string): string {
  if (text.length > LONGEST_SPELLED) {
    const parts: string[] = []
    for (let from = 0; from < text.length; ) {
      let to = from + LONGEST_SPELLED
      if ((text.charCodeAt(to - 1) & 0xfc00) === 0xd800) to -= 1
      parts.push(spellBytes(text.slice(from, to)))
      from = to
    }
    return parts.join("")
  }
  let spelled = ""
  /** From here on, characters spell themselves. */
  let same = 0
  const bytes: number[] = []
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 0x20 && code < 0x7f) continue
    spelled += text.slice(same, at)
    bytes.length = 0
    at += appendBytes(text, at, bytes)
    for (const byte of bytes) spelled += BYTE_CHARACTERS[byte]
    same = at + 1
  }
  return same === 0 ? text : spelled + text.slice(same)
}

/** As `spellBytes`; the bytes of a character all stand for what it stood for. */
export function spellAligned(text: AlignedText): AlignedText {
  if (/^[\0-\x7f]*$/.test(text.text)) return text.respelled(spellBytes(text.text))
  const changes: CharacterChange[] = []
  const bytes: number[] = []
  for (let at = 0; at < text.text.length; at++) {
    bytes.length = 0
    at += appendBytes(text.text, at, bytes)
    bytes.forEach((byte, index) => {
      changes.push([BYTE_CHARACTERS[byte], index === 0 ? 0 : 1])
    })
  }
  return text.transform(changes)
}

/** The bytes a spelling stands for, or undefined when a character of it spells no byte. */
export function unspellBytes(spelled: string): Uint8Array | undefined {
  const bytes = new Uint8Array(spelled.length)
  for (let at = 0; at < spelled.length; at++) {
    const code = spelled.charCodeAt(at)
    const byte = code < 0x200 ? BYTE_OF_CODE[code] : -1
    if (byte < 0) return undefined
    bytes[at] = byte
  }
  return bytes
}
