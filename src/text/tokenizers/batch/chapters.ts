/**
 * A batch of texts in chapters: stretches of it in memory that threads share. Each thread takes the next share of a
 * chapter by itself, so that none waits for another to hand it work.
 */
import { textFromBytes, toWellFormed } from "../byte-text.ts"
import { IdBuffer } from "../id-buffer.ts"
import type { IdEncoder } from "../id-encoder.ts"
import type { PackedStretch } from "../packed-ids.ts"
import { TextUnits, textOfUnits, UNIT_ENCODING } from "../text-units.ts"
import type { EncodeOptions } from "../tokenizer.ts"

/** UTF-16 units of a share: so small that threads finish together and the calling one often looks up. */
const SHARE_UNITS = 1 << 15
/** UTF-16 units of a chapter: so small that the first is soon there, and a large batch is not in memory twice. */
const CHAPTER_UNITS = 1 << 19

export interface Chapter {
  /** Number of its first text in the batch. */
  readonly first: number
  /** UTF-16 units of its texts, one after another; shared. What lies behind them means nothing. */
  readonly units: Uint16Array
  /** Where each text begins in `units`, and at last where they end. */
  readonly starts: Int32Array
  /** Whether lone surrogates stand for bytes that are not UTF-8. */
  readonly holdsBytes: boolean
  /** The first text of each share, counted from `first`, and at last how many texts there are. */
  readonly shares: Int32Array
  /** Place 0: the share to take next; shared. */
  readonly next: Int32Array
}

/** Memory for chapters, used again: memory that is new to a process costs more than what is written into it. */
export class ChapterMemory {
  readonly #spare: Uint16Array[] = []

  /** Memory of at least so many units. */
  take(units: number): Uint16Array {
    if (units <= CHAPTER_UNITS) return this.#spare.pop() ?? shared(CHAPTER_UNITS)
    return shared(units)
  }

  /** Gives back memory that no thread reads any more. */
  give(units: Uint16Array): void {
    if (units.length === CHAPTER_UNITS) this.#spare.push(units)
  }
}

function shared(units: number): Uint16Array {
  return new Uint16Array(new SharedArrayBuffer(2 * units))
}

/** The texts of a batch chapter by chapter, each made when it is asked for. */
export function* chaptersOf(inputs: readonly (string | Uint8Array)[], memory: ChapterMemory): Generator<Chapter> {
  for (let from = 0; from < inputs.length; ) {
    let to = from + 1
    for (let units = inputs[from].length; to < inputs.length; to++) {
      units += inputs[to].length
      if (units > CHAPTER_UNITS) break
    }
    yield chapterOf(inputs.slice(from, to), from, memory)
    from = to
  }
}

function chapterOf(inputs: readonly (string | Uint8Array)[], first: number, memory: ChapterMemory): Chapter {
  const holdsBytes = inputs.some((input) => typeof input !== "string")
  const texts = holdsBytes
    ? inputs.map((input) => (typeof input === "string" ? toWellFormed(input) : textFromBytes(input)))
    : (inputs as readonly string[])
  const starts = new Int32Array(texts.length + 1)
  const shares = [0]
  for (const [index, text] of texts.entries()) {
    starts[index + 1] = starts[index] + text.length
    if (starts[index + 1] - starts[shares[shares.length - 1]] >= SHARE_UNITS) shares.push(index + 1)
  }
  if (shares[shares.length - 1] < texts.length) shares.push(texts.length)
  const units = memory.take(starts[texts.length])
  const bytes = Buffer.from(units.buffer)
  for (const [index, text] of texts.entries()) bytes.write(text, 2 * starts[index], UNIT_ENCODING)
  const next = new Int32Array(new SharedArrayBuffer(4))
  return { first, units, starts, holdsBytes, shares: Int32Array.from(shares), next }
}

/** Encodes shares of chapters in one thread. */
export class ShareEncoder {
  readonly #encoder: IdEncoder
  /** The text and the ids of the share at hand. */
  readonly #units = new TextUnits()
  readonly #ids = new IdBuffer()

  constructor(encoder: IdEncoder) {
    this.#encoder = encoder
  }

  /** Takes the next share of a chapter and encodes it; undefined where all are taken. */
  encodeNext({ first, units, starts, shares, next, holdsBytes }: Chapter, options: EncodeOptions) {
    const share = Atomics.add(next, 0, 1)
    if (share >= shares.length - 1) return undefined
    const [firstText, endText] = [shares[share], shares[share + 1]]
    const place = starts[firstText]
    // Copied whole: another processor has just written it, and reading that piece by piece waits at every step.
    const local = this.#units.copy(units, place, starts[endText])
    const encoder = this.#encoder
    const scan = encoder.unitScanner(options)
    const ids = this.#ids
    ids.clear()
    const counts = new Int32Array(endText - firstText)
    for (let text = firstText; text < endText; text++) {
      const before = ids.length
      const [from, to] = [starts[text] - place, starts[text + 1] - place]
      if (scan) encoder.appendUnits(local, from, to, scan, holdsBytes, ids)
      else encoder.append(textOfUnits(local, from, to), holdsBytes, options, first + text, ids)
      counts[text - firstText] = ids.length - before
    }
    return { first: first + firstText, counts, ids: ids.toArray() } satisfies PackedStretch
  }
}
