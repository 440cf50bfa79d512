/**
 * Chapters: stretches of a batch in memory that threads share. Workers take shares of a chapter by themselves, so that
 * none waits for another to hand it work.
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

/** Texts of a batch that follow one another: from one number up to another. */
export interface TextRange {
  readonly from: number
  readonly to: number
}

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
  /** Where workers write ids: those of a share from the place on where its units begin, if there are no more; shared. */
  readonly ids: Int32Array
  /** How many ids each text has, where a worker made them; shared. */
  readonly counts: Int32Array
}

/** A share that a worker has encoded. */
export interface EncodedShare extends TextRange {
  /** Its ids, where there are more than units and so no room for them in the chapter. */
  readonly ids?: Int32Array
}

/** Memory for chapters, used again: memory that is new to a process costs more than what is written into it. */
export class ChapterMemory {
  readonly #spare: UnitsAndIds[] = []

  /** Memory of at least so many units. */
  take(units: number): UnitsAndIds {
    if (units <= CHAPTER_UNITS) return this.#spare.pop() ?? sharedMemory(CHAPTER_UNITS)
    return sharedMemory(units)
  }

  /** Gives back memory that no thread reads any more. */
  give({ units, ids }: UnitsAndIds): void {
    if (units.length === CHAPTER_UNITS) this.#spare.push({ units, ids })
  }
}

type UnitsAndIds = Pick<Chapter, "units" | "ids">

function sharedMemory(units: number): UnitsAndIds {
  return { units: new Uint16Array(new SharedArrayBuffer(2 * units)), ids: sharedIntegers(units) }
}

function sharedIntegers(count: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * count))
}

/** The texts from `from` on that make a chapter. */
export function chapterRange(inputs: readonly (string | Uint8Array)[], from: number): TextRange {
  let to = from + 1
  for (let units = inputs[from].length; to < inputs.length; to++) {
    units += inputs[to].length
    if (units > CHAPTER_UNITS) break
  }
  return { from, to }
}

/** The texts from `from` on that make a share. */
export function shareRange(inputs: readonly (string | Uint8Array)[], from: number): TextRange {
  let to = from
  for (let units = 0; to < inputs.length && units < SHARE_UNITS; to++) units += inputs[to].length
  return { from, to }
}

export function chapterOf(
  batch: readonly (string | Uint8Array)[],
  { from, to }: TextRange,
  memory: ChapterMemory,
): Chapter {
  const inputs = batch.slice(from, to)
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
  const { units, ids } = memory.take(starts[texts.length])
  const bytes = Buffer.from(units.buffer)
  for (const [index, text] of texts.entries()) bytes.write(text, 2 * starts[index], UNIT_ENCODING)
  const [next, counts] = [sharedIntegers(1), sharedIntegers(texts.length)]
  return { first: from, units, starts, holdsBytes, shares: Int32Array.from(shares), next, ids, counts }
}

/** Shares of a chapter that no thread has taken. */
export function sharesLeft({ shares, next }: Chapter): number {
  return Math.max(0, shares.length - 1 - Atomics.load(next, 0))
}

/** Takes the next share of a chapter: its texts, counted from the chapter's first; undefined where all are taken. */
export function takeShare({ shares, next }: Chapter): TextRange | undefined {
  const share = Atomics.add(next, 0, 1)
  return share < shares.length - 1 ? { from: shares[share], to: shares[share + 1] } : undefined
}

/** Encodes shares of chapters in a worker. */
export class ShareEncoder {
  readonly #encoder: IdEncoder
  /** The text and the ids of the share at hand. */
  readonly #units = new TextUnits()
  readonly #ids = new IdBuffer()

  constructor(encoder: IdEncoder) {
    this.#encoder = encoder
  }

  /** Takes the next share of a chapter and encodes it; undefined where all are taken. */
  encodeNext(chapter: Chapter, options: EncodeOptions): EncodedShare | undefined {
    const share = takeShare(chapter)
    if (!share) return undefined
    const { first, units, starts, holdsBytes, counts } = chapter
    const [place, end] = [starts[share.from], starts[share.to]]
    // Copied whole: another processor has just written it, and reading that piece by piece waits at every step.
    const local = this.#units.copy(units, place, end)
    const encoder = this.#encoder
    const scan = encoder.unitScanner(options)
    const ids = this.#ids
    ids.clear()
    for (let text = share.from; text < share.to; text++) {
      const before = ids.length
      const [from, to] = [starts[text] - place, starts[text + 1] - place]
      if (scan) encoder.appendUnits(local, from, to, scan, holdsBytes, ids)
      else encoder.append(textOfUnits(local, from, to), holdsBytes, options, first + text, ids)
      counts[text] = ids.length - before
    }
    if (ids.length > end - place) return { ...share, ids: ids.toArray() }
    chapter.ids.set(ids.view(), place)
    return share
  }
}

/** The ids of a share that a worker has encoded; good while the chapter's memory is not used again. */
export function stretchOfShare(chapter: Chapter, { from, to, ids }: EncodedShare): PackedStretch {
  const counts = chapter.counts.subarray(from, to)
  const place = chapter.starts[from]
  const end = place + counts.reduce((sum, count) => sum + count, 0)
  return { first: chapter.first + from, counts, ids: ids ?? chapter.ids.subarray(place, end) }
}
