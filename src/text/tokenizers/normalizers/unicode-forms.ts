/** `NFC`, `NFD`, `NFKC`, `NFKD`: Unicode's normalization forms. Raw bytes (lone surrogates) pass unchanged. */
import type { AlignedText, CharacterChange } from "../aligned-text.ts"
import type { PartDefinition } from "../parts.ts"
import type { Normalizer } from "./index.ts"

export type UnicodeForm = "NFC" | "NFD" | "NFKC" | "NFKD"

function unicodeForm(form: UnicodeForm): PartDefinition<Normalizer> {
  return {
    type: form,
    build: () => ({
      normalize: (text) => text.normalize(form),
      normalizeAligned: (text) => normalizeAligned(text, form),
      toJson: () => ({ type: form }),
    }),
  }
}

export const nfcNormalizer = unicodeForm("NFC")
export const nfdNormalizer = unicodeForm("NFD")
export const nfkcNormalizer = unicodeForm("NFKC")
export const nfkdNormalizer = unicodeForm("NFKD")

/**
 * A text in a normalization form, keeping where each character came from: the first part of a character that is taken
 * apart stands for it, marks carry theirs with them when they change places, and a composed character stands for its
 * first part.
 */
export function normalizeAligned(text: AlignedText, form: UnicodeForm): AlignedText {
  if (text.text.normalize(form) === text.text) return text
  const decomposed = decompose(text.text, form === "NFC" || form === "NFD" ? "NFD" : "NFKD")
  return text.transform(form === "NFC" || form === "NFKC" ? compose(decomposed) : decomposed)
}

/** Every character taken apart, marks in canonical order. */
function decompose(text: string, form: "NFD" | "NFKD"): CharacterChange[] {
  const changes: CharacterChange[] = []
  /** Where the marks start that are not in order yet. */
  let pending = 0
  const sortPending = () => {
    if (changes.length - pending > 1) {
      const marks = changes.splice(pending).sort(([left], [right]) => compareClasses(left, right))
      for (const mark of marks) changes.push(mark)
    }
    pending = changes.length
  }
  for (const character of text) {
    let change = 0
    for (const part of character < "\x80" ? character : character.normalize(form)) {
      if (isStarter(part)) {
        sortPending()
        changes.push([part, change])
        pending = changes.length
      } else changes.push([part, change])
      change = 1
    }
  }
  sortPending()
  return changes
}

/** Parts composed where Unicode's algorithm composes them. */
function compose(parts: readonly CharacterChange[]): CharacterChange[] {
  const composed: CharacterChange[] = []
  /** The starter that may still take marks, the marks it did not take, and the last of these. */
  let starter: CharacterChange | undefined
  let marks: CharacterChange[] = []
  let last: string | undefined
  const flush = () => {
    if (starter) composed.push(starter)
    for (const mark of marks) composed.push(mark)
    marks = []
    last = undefined
    starter = undefined
  }
  for (const part of parts) {
    const [character, change] = part
    if (!starter) {
      if (isStarter(character)) starter = part
      else composed.push(part)
      continue
    }
    const blocked = last !== undefined && (isStarter(character) || compareClasses(last, character) >= 0)
    const joined = blocked ? undefined : pairComposition(starter[0], character)
    if (joined !== undefined) starter = [joined, starter[1] + change - 1]
    else if (isStarter(character)) {
      flush()
      starter = part
    } else {
      marks.push(part)
      last = character
    }
  }
  flush()
  return composed
}

/** The one character that two make, if they do. */
function pairComposition(first: string, second: string): string | undefined {
  const joined = (first + second).normalize("NFC")
  return joined.length <= 2 && [...joined].length === 1 ? joined : undefined
}

/** A mark of class 232 and one of class 1: whatever has a class changes places with one of them. */
const HIGH_MARK = "\u0315"
const LOW_MARK = "\u0334"

const starters = new Map<string, boolean>()

/** Whether a character's canonical combining class is 0. */
function isStarter(character: string): boolean {
  if (character < "\u0300") return true
  let known = starters.get(character)
  if (known === undefined) {
    const low = character + LOW_MARK
    const high = HIGH_MARK + character
    known = low.normalize("NFD") === low && high.normalize("NFD") === high
    if (starters.size >= 0x10000) starters.clear()
    starters.set(character, known)
  }
  return known
}

/** Compares the canonical combining classes of two marks. */
function compareClasses(left: string, right: string): number {
  if (left === right) return 0
  const forward = left + right
  if (forward.normalize("NFD") !== forward) return 1
  const backward = right + left
  return backward.normalize("NFD") !== backward ? -1 : 0
}
