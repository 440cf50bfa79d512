/**
 * Hand-written scanners for the split patterns of the best-known vocabularies: many times faster than the regular
 * expressions they stand for, and held against them by tests. Each cuts every text without a gap. They read UTF-16 units
 * in flat memory, which costs half of what asking a string does.
 */
import {
  BASIC_CLASSES,
  HIGH_HALF,
  LETTER,
  LINE_END,
  LOWER,
  NUMBER,
  SPACE,
  supplementaryClass,
  UPPER,
} from "./character-classes.ts"
import { SPLIT_PATTERNS } from "./pattern.ts"

/** Where the piece that starts at `from` ends, of a text whose units end at `end`; `from` is before `end`. */
export type PieceScanner = (units: Uint16Array, from: number, end: number) => number

/** Takes the whole text as one piece. */
export const scanAll: PieceScanner = (_, __, end) => end

const QUOTE = 0x27
const BLANK = 0x20
const SLASH = 0x2f
/** `[^\s\p{L}\p{N}]` is what has none of these flags. */
const SPACE_OR_WORD = SPACE | LETTER | NUMBER

/** The scanner that cuts exactly as a pattern does, if there is one. */
export function scannerOf(pattern: string): PieceScanner | undefined {
  return SCANNERS.get(pattern)
}

/** The flags of the character at a place. */
function classAt(units: Uint16Array, at: number, end: number): number {
  const flags = BASIC_CLASSES[units[at]]
  return flags === HIGH_HALF ? classOfPair(units, at, end) : flags
}

/** The flags of the character at a high surrogate: none where no low one follows. */
function classOfPair(units: Uint16Array, at: number, end: number): number {
  return widthAt(units, at, end) === 2
    ? supplementaryClass(((units[at] - 0xd800) << 10) + units[at + 1] - 0xdc00 + 0x10000)
    : 0
}

/** UTF-16 units of the character at a place. */
export function widthAt(units: Uint16Array, at: number, end: number): 1 | 2 {
  if (BASIC_CLASSES[units[at]] !== HIGH_HALF || at + 1 >= end) return 1
  return (units[at + 1] & 0xfc00) === 0xdc00 ? 2 : 1
}

/** The end of the run of characters from `at` on that have a flag of `wanted`. */
function endOfRun(units: Uint16Array, at: number, end: number, wanted: number): number {
  while (at < end) {
    const flags = BASIC_CLASSES[units[at]]
    if ((flags & wanted) !== 0) at += 1
    else if (flags === HIGH_HALF && (classOfPair(units, at, end) & wanted) !== 0) at += 2
    else break
  }
  return at
}

/** The end of the run of `[^\s\p{L}\p{N}]` from `at` on. */
function endOfOthers(units: Uint16Array, at: number, end: number): number {
  while (at < end) {
    const flags = BASIC_CLASSES[units[at]]
    if ((flags & SPACE_OR_WORD) !== 0) break
    if (flags === HIGH_HALF) {
      if ((classOfPair(units, at, end) & SPACE_OR_WORD) !== 0) break
      at += widthAt(units, at, end)
    } else at += 1
  }
  return at
}

/** The end of `\p{N}{1,most}` at `at`, where a number is. */
function endOfDigits(units: Uint16Array, at: number, end: number, most: number): number {
  for (let count = 0; count < most && at < end && (classAt(units, at, end) & NUMBER) !== 0; count++)
    at += widthAt(units, at, end)
  return at
}

/** The end of `\s+(?!\S)|\s+` at `at`, where white space is: before a word, its last one is left to the word. */
function endOfSpace(units: Uint16Array, at: number, end: number): number {
  const after = endOfRun(units, at, end, SPACE)
  return after < end && after - at > 1 ? after - 1 : after
}

/** The end of `\s*[\r\n]+|\s+(?!\S)|\s+` at `at`, where white space is: up to the last line end, if there is one. */
function endOfSpaceOrLines(units: Uint16Array, at: number, end: number): number {
  const after = endOfRun(units, at, end, SPACE)
  for (let last = after - 1; last >= at; last--) if ((BASIC_CLASSES[units[last]] & LINE_END) !== 0) return last + 1
  return after < end && after - at > 1 ? after - 1 : after
}

/** The length of `'s|'t|'re|'ve|'m|'ll|'d` at `at`, where a quote is, or 0. */
function contractionLength(units: Uint16Array, at: number, end: number, ignoresCase: boolean): 0 | 2 | 3 {
  let first = at + 1 < end ? units[at + 1] : 0
  let second = at + 2 < end ? units[at + 2] : 0
  if (ignoresCase) {
    if (first === 0x17f) return 2 // ſ, the long s
    if (first >= 0x41 && first <= 0x5a) first |= 0x20
    if (second >= 0x41 && second <= 0x5a) second |= 0x20
  }
  switch (first) {
    case 0x73: // s
    case 0x74: // t
    case 0x6d: // m
    case 0x64: // d
      return 2
    case 0x72: // re
    case 0x76: // ve
      return second === 0x65 ? 3 : 0
    case 0x6c: // ll
      return second === 0x6c ? 3 : 0
    default:
      return 0
  }
}

const scanGpt2: PieceScanner = (units, from, end) => {
  const code = units[from]
  if (code === QUOTE) {
    const length = contractionLength(units, from, end, false)
    if (length > 0) return from + length
  }
  let at = from
  let kind = classAt(units, at, end)
  if (code === BLANK && from + 1 < end) {
    const next = classAt(units, from + 1, end)
    if ((next & SPACE) === 0) {
      at = from + 1
      kind = next
    }
  }
  if ((kind & LETTER) !== 0) return endOfRun(units, at, end, LETTER)
  if ((kind & NUMBER) !== 0) return endOfRun(units, at, end, NUMBER)
  if ((kind & SPACE) === 0) return endOfOthers(units, at, end)
  return endOfSpace(units, from, end)
}

/** cl100k's pattern with runs of up to `digits` digits. */
function cl100kScanner(digits: number): PieceScanner {
  return (units, from, end) => {
    const code = units[from]
    if (code === QUOTE) {
      const length = contractionLength(units, from, end, true)
      if (length > 0) return from + length
    }
    const kind = classAt(units, from, end)
    if ((kind & LETTER) !== 0) return endOfRun(units, from, end, LETTER)
    if ((kind & NUMBER) !== 0) return endOfDigits(units, from, end, digits)
    const next = from + widthAt(units, from, end)
    const nextKind = next < end ? classAt(units, next, end) : SPACE
    if ((kind & LINE_END) === 0 && (nextKind & LETTER) !== 0) return endOfRun(units, next, end, LETTER)
    if ((kind & SPACE) === 0) return endOfRun(units, endOfOthers(units, next, end), end, LINE_END)
    if (code === BLANK && (nextKind & SPACE_OR_WORD) === 0)
      return endOfRun(units, endOfOthers(units, next, end), end, LINE_END)
    return endOfSpaceOrLines(units, from, end)
  }
}

const scanO200k: PieceScanner = (units, from, end) => {
  const kind = classAt(units, from, end)
  const next = from + widthAt(units, from, end)
  const mayLead = (kind & (LINE_END | LETTER | NUMBER)) === 0 && next < end
  let to = mayLead ? endOfLowerWord(units, next, end) : from
  if (to <= next) to = endOfLowerWord(units, from, end)
  if (to === from && mayLead) {
    const upper = endOfRun(units, next, end, UPPER)
    if (upper > next) to = upper
  }
  if (to === from) to = endOfRun(units, from, end, UPPER)
  if (to > from) return to + (to < end && units[to] === QUOTE ? contractionLength(units, to, end, true) : 0)
  if ((kind & NUMBER) !== 0) return endOfDigits(units, from, end, 3)
  const others = units[from] === BLANK ? next : from
  const afterOthers = endOfOthers(units, others, end)
  if (afterOthers > others) {
    let at = afterOthers
    while (at < end && isLineEndOrSlash(units[at])) at += 1
    return at
  }
  return endOfSpaceOrLines(units, from, end)
}

function isLineEndOrSlash(code: number): boolean {
  return code === SLASH || code === 0x0a || code === 0x0d
}

/**
 * The end of `[upper]*[lower]+` at `at`, or `at` where it does not match. Characters that are both belong to the first
 * part as long as the second has one left.
 */
function endOfLowerWord(units: Uint16Array, at: number, end: number): number {
  let lastBoth = -1
  let upper = at
  while (upper < end) {
    const kind = classAt(units, upper, end)
    if ((kind & UPPER) === 0) break
    if ((kind & LOWER) !== 0) lastBoth = upper
    upper += widthAt(units, upper, end)
  }
  const lower = endOfRun(units, upper, end, LOWER)
  if (lower > upper) return lower
  return lastBoth < 0 ? at : lastBoth + widthAt(units, lastBoth, end)
}

const SCANNERS: ReadonlyMap<string, PieceScanner> = new Map([
  [SPLIT_PATTERNS.gpt2, scanGpt2],
  [SPLIT_PATTERNS.cl100k, cl100kScanner(3)],
  [SPLIT_PATTERNS.cl100k.replace("\\p{N}{1,3}", "\\p{N}"), cl100kScanner(1)],
  [SPLIT_PATTERNS.o200k, scanO200k],
])
