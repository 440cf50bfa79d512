/**
 * The UTF-16 units of texts in flat memory: scanners and tables read them there twice as fast as from a string, which has
 * to be asked for its form at every unit.
 */

/** A string of fewer units is read by asking it, which is faster there than a call into the engine. */
const SHORT = 32
/** Memory for a longer text is not kept for the next one. */
const MOST_KEPT_UNITS = 2 ** 20

export const UNIT_ENCODING = "utf16le"

/** The units of one text after another, in memory that is used again. */
export class TextUnits {
  #units = new Uint16Array(SHORT)
  #bytes = bytesOf(this.#units)

  /** The units of a text, from place 0 on; what lies behind them means nothing. Good until the next call. */
  load(text: string): Uint16Array {
    const { length } = text
    if (length > MOST_KEPT_UNITS) return unitsOf(text)
    const units = this.#room(length)
    if (length < SHORT) for (let at = 0; at < length; at++) units[at] = text.charCodeAt(at)
    else this.#bytes.write(text, 0, UNIT_ENCODING)
    return units
  }

  /** As `load`, of what lies between two places in other memory. */
  copy(source: Uint16Array, from: number, to: number): Uint16Array {
    if (to - from > MOST_KEPT_UNITS) return source.slice(from, to)
    const units = this.#room(to - from)
    units.set(source.subarray(from, to))
    return units
  }

  #room(length: number): Uint16Array {
    if (length > this.#units.length) {
      this.#units = new Uint16Array(2 ** Math.ceil(Math.log2(length)))
      this.#bytes = bytesOf(this.#units)
    }
    return this.#units
  }
}

/** The units of a text in memory of their own. */
export function unitsOf(text: string): Uint16Array {
  const units = new Uint16Array(text.length)
  bytesOf(units).write(text, 0, UNIT_ENCODING)
  return units
}

/** The text of the units between two places. */
export function textOfUnits(units: Uint16Array, from: number, to: number): string {
  if (to - from >= SHORT) return bytesOf(units).toString(UNIT_ENCODING, 2 * from, 2 * to)
  let text = ""
  for (let at = from; at < to; at++) text += String.fromCharCode(units[at])
  return text
}

/** The memory of units as bytes; texts are written low byte first, as every processor that Node runs on has them. */
function bytesOf(units: Uint16Array): Buffer {
  return Buffer.from(units.buffer, units.byteOffset, units.byteLength)
}
