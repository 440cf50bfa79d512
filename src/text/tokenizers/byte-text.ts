/**
 * Any bytes as a string and back, without loss: a byte that is not part of valid UTF-8 becomes the lone low surrogate
 * U+DC80–U+DCFF that no valid text holds. So the whole pipeline works on strings and is still lossless for bytes.
 */

const fatalDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Lone surrogate that stands for raw byte `b` (0x80–0xFF): `RAW_BYTE + b`. */
const RAW_BYTE = 0xdc00

/** The text of `bytes`; each byte outside valid UTF-8 becomes one lone surrogate. A byte-order mark is kept. */
export function textFromBytes(bytes: Uint8Array): string {
  try {
    return fatalDecoder.decode(bytes)
  } catch {
    return textFromDamagedBytes(bytes)
  }
}

function textFromDamagedBytes(bytes: Uint8Array): string {
  const parts: string[] = []
  let validFrom = 0
  let at = 0
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at)
    if (length > 0) {
      at += length
      continue
    }
    if (at > validFrom) parts.push(fatalDecoder.decode(bytes.subarray(validFrom, at)))
    parts.push(String.fromCharCode(RAW_BYTE + bytes[at]))
    at += 1
    validFrom = at
  }
  if (at > validFrom) parts.push(fatalDecoder.decode(bytes.subarray(validFrom)))
  return parts.join("")
}

/** Bytes of the UTF-8 character that starts at `at`, or 0 when none does (RFC 3629, table 3-7 of Unicode). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]
  if (lead < 0x80) return 1
  if (lead < 0xc2 || lead > 0xf4) return 0
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  if (at + length > bytes.length) return 0
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  if (bytes[at + 1] < lowest || bytes[at + 1] > highest) return 0
  for (let next = at + 2; next < at + length; next++) if ((bytes[next] & 0xc0) !== 0x80) return 0
  return length
}

/** The byte offset of the first byte that is not UTF-8, or −1 when all of it is. */
export function firstInvalidByte(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at)
    if (length === 0) return at
    at += length
  }
  return -1
}

/** Whether a text is without lone surrogates (which stand for raw bytes here). */
export function isWellFormed(text: string): boolean {
  return text.isWellFormed()
}

/** The text with U+FFFD for every lone surrogate, as any UTF-8 encoder writes it. */
export function toWellFormed(text: string): string {
  return text.toWellFormed()
}

/** The bytes of a text made by `textFromBytes`. Lone surrogates of no byte become U+FFFD, as in any UTF-8 encoder. */
export function bytesFromText(text: string): Uint8Array {
  if (isWellFormed(text)) return encoder.encode(text)
  const bytes: number[] = []
  for (let at = 0; at < text.length; at++) at += appendBytes(text, at, bytes)
  return Uint8Array.from(bytes)
}

/**
 * Appends the bytes of the character at UTF-16 index `at` of `text` to `bytes`.
 * Returns how many more UTF-16 units than one it took: 1 for a surrogate pair, else 0.
 */
export function appendBytes(text: string, at: number, bytes: number[]): 0 | 1 {
  const code = text.codePointAt(at) as number
  if (code < 0x80) bytes.push(code)
  else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63))
  else if (code >= RAW_BYTE + 0x80 && code <= RAW_BYTE + 0xff) bytes.push(code - RAW_BYTE)
  else if (code >= 0xd800 && code <= 0xdfff) bytes.push(0xef, 0xbf, 0xbd)
  else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63))
  else {
    bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63))
    return 1
  }
  return 0
}
