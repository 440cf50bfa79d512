/** Texts in one buffer, which goes to another thread without being copied again; lone surrogates stay as they are. */

export interface PackedTexts {
  /** UTF-16 units of all the texts, one after another, low byte first. */
  readonly units: ArrayBuffer
  /** Units of each. */
  readonly lengths: Int32Array
}

const BYTES = 2
const ENCODING = "utf16le"

export function packTexts(texts: readonly string[]): PackedTexts {
  const lengths = Int32Array.from(texts, ({ length }) => length)
  const units = new ArrayBuffer(BYTES * lengths.reduce((sum, length) => sum + length, 0))
  const buffer = Buffer.from(units)
  let at = 0
  for (const text of texts) at += buffer.write(text, at, ENCODING)
  return { units, lengths }
}

export function unpackTexts({ units, lengths }: PackedTexts): string[] {
  const buffer = Buffer.from(units)
  let at = 0
  return Array.from(lengths, (length) => {
    const from = at
    at += BYTES * length
    return buffer.toString(ENCODING, from, at)
  })
}
