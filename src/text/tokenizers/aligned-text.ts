/**
 * A text that remembers where each of its characters came from: normalizers rewrite it and pre-tokenizers cut it, and
 * tokens can still be told by their place in the original. Which rewritten character counts as which original one is
 * Hugging Face's convention (the `NormalizedString` of its Rust library), so that offsets agree.
 */

/** One character of a rewritten text, and what it does to the characters that were there. */
export type CharacterChange = readonly [
  character: string,
  /** 0: takes the next character's place; 1: is one more after the last; −n: takes its place and that of n more. */
  change: number,
]

/** Places are UTF-16 indices: `starts` and `ends` of the original, one for each unit of the text. */
interface Alignment {
  readonly starts: Int32Array
  readonly ends: Int32Array
}

export class AlignedText {
  readonly text: string
  /** The stretch of the original that this text stands for, as UTF-16 indices; what was deleted at its edges counts. */
  readonly start: number
  readonly end: number
  /** Absent while every unit is the original's own, from `start` on. */
  readonly #alignment: Alignment | undefined

  private constructor(text: string, start: number, end: number, alignment: Alignment | undefined) {
    this.text = text
    this.start = start
    this.end = end
    this.#alignment = alignment
  }

  /** A text as it is, each character standing for itself. */
  static of(original: string): AlignedText {
    return new AlignedText(original, 0, original.length, undefined)
  }

  /** Where the original of the character at a UTF-16 index of the text starts. */
  startAt(unit: number): number {
    if (this.#alignment) return this.#alignment.starts[unit]
    return this.start + unit - (isSecondOfPair(this.text, unit) ? 1 : 0)
  }

  /** Where the original of the character at a UTF-16 index of the text ends. */
  endAt(unit: number): number {
    if (this.#alignment) return this.#alignment.ends[unit]
    return this.start + unit + (isSecondOfPair(this.text, unit + 1) ? 2 : 1)
  }

  /** The part of the text between two UTF-16 indices, neither inside a character. It stands for its own characters only. */
  slice(from: number, to: number): AlignedText {
    if (from === 0 && to === this.text.length && !this.#alignment) return this
    if (from >= to) return new AlignedText("", this.start, this.start, undefined)
    const text = this.text.slice(from, to)
    const alignment = this.#alignment && {
      starts: this.#alignment.starts.subarray(from, to),
      ends: this.#alignment.ends.subarray(from, to),
    }
    return new AlignedText(text, this.startAt(from), this.endAt(to - 1), alignment)
  }

  /** The parts between the pairs of UTF-16 indices in `ranges`: from, to, from, to, … */
  parts(ranges: readonly number[]): AlignedText[] {
    const parts: AlignedText[] = []
    for (let at = 0; at < ranges.length; at += 2) parts.push(this.slice(ranges[at], ranges[at + 1]))
    return parts
  }

  /** Rewrites the text from its first character on, `removed` characters after those deleted at its front. */
  transform(changes: Iterable<CharacterChange>, removed = 0): AlignedText {
    let unit = 0
    for (let count = 0; count < removed; count++) unit += lengthAt(this.text, unit)
    const builder = new AlignmentBuilder()
    for (const [character, change] of changes) {
      // An added character stands for what the one before it stands for.
      const place = change > 0 ? unit - 1 : unit
      builder.add(character, place < 0 ? 0 : this.startAt(place), place < 0 ? 0 : this.endAt(place))
      for (let taken = change > 0 ? 0 : 1 - change; taken > 0; taken--) unit += lengthAt(this.text, unit)
    }
    return this.#rewritten(builder)
  }

  /** Each character as `rewrite` has it: none, itself, or several, the first of which takes its place. */
  rewriteCharacters(rewrite: (character: string) => string): AlignedText {
    const changes: CharacterChange[] = []
    let rewritten = false
    for (const character of this.text) {
      const written = rewrite(character)
      if (written !== character) rewritten = true
      let change = 0
      for (const part of written) {
        changes.push([part, change])
        change = 1
      }
    }
    return rewritten ? this.transform(changes) : this
  }

  /** The text without the characters that `keep` refuses. */
  filter(keep: (character: string) => boolean): AlignedText {
    const changes: CharacterChange[] = []
    let last: string | undefined
    let removed = 0
    let removedFirst = 0
    let total = 0
    for (const character of this.text) {
      if (!keep(character)) {
        removed += 1
        total += 1
        continue
      }
      if (last === undefined) removedFirst = removed
      else changes.push([last, -removed])
      last = character
      removed = 0
    }
    if (total === 0) return this
    if (last !== undefined) changes.push([last, -removed])
    return this.transform(changes, removedFirst)
  }

  /** The text with `added` before it, which stands for what the first character stands for. An empty text stays so. */
  prepend(added: string): AlignedText {
    if (this.text === "" || added === "") return this
    const builder = new AlignmentBuilder()
    const first = this.text.slice(0, lengthAt(this.text, 0))
    for (const character of added + first) builder.add(character, this.startAt(0), this.endAt(0))
    builder.copy(this, first.length, this.text.length)
    return this.#rewritten(builder)
  }

  /** Every stretch between the UTF-16 indices in `ranges` becomes `content`, which stands for the stretch's last character. */
  replace(ranges: readonly number[], content: string): AlignedText {
    if (ranges.length === 0) return this
    const builder = new AlignmentBuilder()
    let from = 0
    for (let at = 0; at < ranges.length; at += 2) {
      builder.copy(this, from, ranges[at])
      const last = ranges[at + 1] - 1
      for (const character of content)
        builder.add(character, last < 0 ? 0 : this.startAt(last), last < 0 ? 0 : this.endAt(last))
      from = ranges[at + 1]
    }
    builder.copy(this, from, this.text.length)
    return this.#rewritten(builder)
  }

  /** The text with each UTF-16 unit spelled by the unit of `text` at the same index; neither holds surrogate pairs. */
  respelled(text: string): AlignedText {
    return new AlignedText(text, this.start, this.end, this.#alignment)
  }

  /** The text between two UTF-16 indices, still standing for all of the original that this text stands for. */
  trimTo(from: number, to: number): AlignedText {
    if (from === 0 && to === this.text.length) return this
    const builder = new AlignmentBuilder()
    builder.copy(this, from, to)
    return this.#rewritten(builder)
  }

  #rewritten(builder: AlignmentBuilder): AlignedText {
    return new AlignedText(builder.text(), this.start, this.end, builder.alignment())
  }
}

/** Collects a rewritten text with the place of each unit. */
class AlignmentBuilder {
  readonly #parts: string[] = []
  readonly #starts: number[] = []
  readonly #ends: number[] = []

  add(character: string, start: number, end: number): void {
    this.#parts.push(character)
    for (let unit = 0; unit < character.length; unit++) {
      this.#starts.push(start)
      this.#ends.push(end)
    }
  }

  copy(source: AlignedText, from: number, to: number): void {
    if (from >= to) return
    this.#parts.push(source.text.slice(from, to))
    for (let unit = from; unit < to; unit++) {
      this.#starts.push(source.startAt(unit))
      this.#ends.push(source.endAt(unit))
    }
  }

  text(): string {
    return this.#parts.join("")
  }

  alignment(): Alignment {
    return { starts: Int32Array.from(this.#starts), ends: Int32Array.from(this.#ends) }
  }
}

/** UTF-16 units of the character at an index; 1 past the end, so that loops move on. */
function lengthAt(text: string, unit: number): number {
  return isSecondOfPair(text, unit + 1) ? 2 : 1
}

/** Whether the unit at an index is the second half of a character. */
function isSecondOfPair(text: string, unit: number): boolean {
  if (unit <= 0 || unit >= text.length) return false
  const second = text.charCodeAt(unit)
  if (second < 0xdc00 || second > 0xdfff) return false
  const first = text.charCodeAt(unit - 1)
  return first >= 0xd800 && first <= 0xdbff
}
