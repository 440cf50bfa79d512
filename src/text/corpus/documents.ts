/** Documents: cleaned texts, and the stated rules by which a corpus is cut and a part of it held out. */
import { GlossaError } from "../../errors.ts"

/** One text that stands by itself. */
export interface CorpusDocument {
  readonly text: string
  /** File it came from, with line or part number where a file holds several. */
  readonly name: string
  /** Which source it came from: an index into the corpus's records. */
  readonly source: number
  /** Whether the text goes on in the next document, because a long one was cut. */
  readonly continues: boolean
}

/** Every document whose number (from 1) this divides is held out. */
export const HELD_OUT_EVERY = 20

/** Documents cut from longer ones aim at this many characters. */
const PART_CHARACTERS = 4096
const SMALLEST_PART = 32

/** Without byte-order mark, with `\n` line ends, without blank lines before and white space after. Wraps are kept. */
export function cleanText(text: string): string {
  const unmarked = text.startsWith("\ufeff") ? text.slice(1) : text
  const lines = unmarked.includes("\r") ? unmarked.replace(/\r\n?/g, "\n") : unmarked
  return lines.replace(/^(?:[^\S\n]*\n)+/, "").trimEnd()
}

/**
 * Cuts documents when there are fewer than HELD_OUT_EVERY, so that some can be held out: into parts of about 4 KB, or a
 * fortieth of the whole where that is less. Enough documents are left as they are.
 */
export function ensureDocuments(documents: readonly CorpusDocument[]): CorpusDocument[] {
  if (documents.length >= HELD_OUT_EVERY) return [...documents]
  const characters = documents.reduce((sum, { text }) => sum + text.length, 0)
  const size = Math.max(SMALLEST_PART, Math.min(PART_CHARACTERS, Math.floor(characters / (2 * HELD_OUT_EVERY))))
  return documents.flatMap((document) => {
    const parts = cutText(document.text, size)
    return parts.map((text, index) => ({
      ...document,
      text,
      name: parts.length > 1 ? `${document.name}#${index + 1}` : document.name,
      continues: index + 1 < parts.length,
    }))
  })
}

/**
 * Cuts a text into parts of at most `size` characters, and at least half of that but for the last. A cut goes after a
 * paragraph, else after a line, else after a space, else between any two characters. The parts joined are the text.
 */
export function cutText(text: string, size: number): string[] {
  const parts: string[] = []
  let from = 0
  while (text.length - from > size) {
    const end = from + size
    let cut = end
    for (const boundary of ["\n\n", "\n", " "]) {
      const at = text.lastIndexOf(boundary, end - boundary.length) + boundary.length
      if (at - boundary.length < from + size / 2) continue
      cut = at
      break
    }
    const isInsidePair = /[\ud800-\udbff]/.test(text[cut - 1]) && /[\udc00-\udfff]/.test(text[cut])
    if (isInsidePair) cut += 1
    parts.push(text.slice(from, cut))
    from = cut
  }
  if (from < text.length) parts.push(text.slice(from))
  return parts
}

/** A corpus in two: what is learned from, and what learning is measured on. */
export interface HeldOutSplit {
  readonly train: readonly CorpusDocument[]
  readonly heldOut: readonly CorpusDocument[]
}

/**
 * Holds out every 20th document (the 20th, the 40th, …): never at random, so that every run on the same text is
 * measured on the same text.
 *
 * @throws CORPUS_TOO_SHORT when there are fewer than 20 documents
 */
export function splitHeldOut(documents: readonly CorpusDocument[]): HeldOutSplit {
  if (documents.length < HELD_OUT_EVERY) {
    throw new GlossaError("CORPUS_TOO_SHORT", {
      where: "held-out text",
      wanted: `at least ${HELD_OUT_EVERY} documents, of which every ${HELD_OUT_EVERY}th is held out`,
      came: `${documents.length}`,
      fix: "add more text",
    })
  }
  const isHeldOut = (_: CorpusDocument, index: number) => index % HELD_OUT_EVERY === HELD_OUT_EVERY - 1
  return {
    train: documents.filter((document, index) => !isHeldOut(document, index)),
    heldOut: documents.filter(isHeldOut),
  }
}
