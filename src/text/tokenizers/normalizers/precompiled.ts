/**
 * `Precompiled`: SentencePiece's table of replacements, a double-array trie over bytes with the replacements behind it.
 * What is looked up is what Hugging Face's library looks up: a grapheme of at most five bytes as a whole, else each of
 * its characters, and of what the trie knows the shortest beginning.
 */
import { z } from "zod"
import type { AlignedText, CharacterChange } from "../aligned-text.ts"
import { bytesFromText } from "../byte-text.ts"
import { type PartDefinition, parseSettings, tokenizerInvalid } from "../parts.ts"
import type { Normalizer } from "./index.ts"

const settingsSchema = z.object({ type: z.literal("Precompiled"), precompiled_charsmap: z.string() })

export const precompiledNormalizer: PartDefinition<Normalizer> = {
  type: "Precompiled",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    const place = `${where}.precompiled_charsmap`
    const map = new CharacterMap(Buffer.from(settings.precompiled_charsmap, "base64"), place)
    return {
      normalize(text) {
        let normalized = ""
        for (const [, replaced] of map.stretches(text)) normalized += replaced
        return normalized
      },
      normalizeAligned: (text) => replaceAligned(text, map),
      toJson: () => settings,
    }
  },
}

function replaceAligned(text: AlignedText, map: CharacterMap): AlignedText {
  const changes: CharacterChange[] = []
  let rewritten = false
  for (const [original, replaced] of map.stretches(text.text)) {
    rewritten ||= original !== replaced
    const before = [...original].length
    const after = [...replaced]
    // The last characters are the added ones; removed ones count to the last that is left.
    after.forEach((character, index) => {
      changes.push([character, index < before ? 0 : 1])
    })
    if (after.length < before && changes.length > 0) {
      const [character, change] = changes[changes.length - 1]
      changes[changes.length - 1] = [character, change + after.length - before]
    }
  }
  return rewritten ? text.transform(changes) : text
}

/** ASCII between ASCII: each is a grapheme, but for a carriage return before a line feed. */
const SIMPLE = /^[\0-\x7f]*$/

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" })
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

export class CharacterMap {
  readonly #units: Uint32Array
  readonly #texts: Uint8Array
  readonly #known = new Map<string, string | undefined>()

  /** @throws TOKENIZER_INVALID when the bytes are no such table */
  constructor(bytes: Uint8Array, where: string) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const trieBytes = bytes.length >= 4 ? view.getUint32(0, true) : 0
    if (trieBytes < 4 || trieBytes % 4 !== 0 || 4 + trieBytes > bytes.length)
      throw tokenizerInvalid(where, "a trie and its replacements", `${bytes.length} bytes with a trie of ${trieBytes}`)
    this.#units = Uint32Array.from({ length: trieBytes / 4 }, (_, index) => view.getUint32(4 + 4 * index, true))
    this.#texts = bytes.subarray(4 + trieBytes)
    try {
      utf8.decode(this.#texts)
    } catch (cause) {
      throw tokenizerInvalid(where, "replacements in UTF-8", "bytes that are not", cause)
    }
  }

  /** The text in order, as stretches and what each becomes. */
  *stretches(text: string): Generator<readonly [original: string, replaced: string]> {
    for (const grapheme of graphemesOf(text)) {
      const whole = bytesFromText(grapheme).length < 6 ? this.replacementOf(grapheme) : undefined
      if (whole !== undefined) yield [grapheme, whole]
      else for (const character of grapheme) yield [character, this.replacementOf(character) ?? character]
    }
  }

  /** What the shortest known beginning of `text` becomes, if there is one. */
  replacementOf(text: string): string | undefined {
    if (this.#known.has(text)) return this.#known.get(text)
    const place = this.#find(bytesFromText(text))
    let replaced: string | undefined
    if (place !== undefined && place <= this.#texts.length) {
      const end = this.#texts.indexOf(0, place)
      replaced = Buffer.from(this.#texts.subarray(place, end < 0 ? undefined : end)).toString("utf8")
    }
    if (this.#known.size >= 0x4000) this.#known.clear()
    this.#known.set(text, replaced)
    return replaced
  }

  /** Darts' double array: a unit holds a label, whether a value is below it, and the offset to what is below it. */
  #find(key: Uint8Array): number | undefined {
    let place = offsetOf(this.#units[0])
    for (const byte of key) {
      if (byte === 0) return undefined
      place ^= byte
      const unit = this.#units[place]
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined
      place ^= offsetOf(unit)
      if (((unit >>> 8) & 1) === 1) {
        const leaf = this.#units[place]
        return leaf === undefined ? undefined : leaf & 0x7fffffff
      }
    }
    return undefined
  }
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6)
}

/** The graphemes of a text; ASCII is told without asking. */
function* graphemesOf(text: string): Generator<string> {
  if (SIMPLE.test(text)) {
    yield* asciiGraphemes(text)
    return
  }
  // A character of ASCII may be the base of marks after it, so each stretch of others takes the one before with it.
  const stretches = /[\0-\x7f]+(?=[\0-\x7f](?:[^\0-\x7f]|$))(?<!\r(?=\n))|[\0-\x7f]?[^\0-\x7f]+|[\0-\x7f]+/gu
  for (const [stretch] of text.matchAll(stretches)) {
    if (SIMPLE.test(stretch)) yield* asciiGraphemes(stretch)
    else for (const { segment } of graphemes.segment(stretch)) yield segment
  }
}

function* asciiGraphemes(text: string): Generator<string> {
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\r" && text[at + 1] === "\n") {
      yield "\r\n"
      at += 1
    } else yield text[at]
  }
}
