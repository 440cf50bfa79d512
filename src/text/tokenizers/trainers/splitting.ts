/** How text is cut before learning, as parts of tokenizer.json, so that encoding cuts the same. */
import { SPACE_MARK } from "../metaspace.ts"
import type { PartJson } from "../parts.ts"
import { SPLIT_PATTERNS, type SplitPatternName } from "../pattern.ts"
import type { CommonTrainingOptions, TrainingNormalizer } from "./options.ts"
import { optionInvalid } from "./trainer.ts"

/**
 * Words with the space before them, numbers and punctuation apart, line ends apart, and runs of spaces: the cuts that
 * SentencePiece makes by its default settings, and lines of any length.
 */
export const WORD_PATTERN = " ?[\\p{L}\\p{M}]+| ?\\p{N}+| ?[^\\s\\p{L}\\p{M}\\p{N}]+|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

/** White space falls away; what stands between is cut further. */
export const WITHOUT_SPACES: PartJson = {
  type: "Split",
  pattern: { Regex: "\\s+" },
  behavior: "Removed",
  invert: false,
}

/** Every mark of punctuation, as BERT counts them; after WITHOUT_SPACES, these are BERT's cuts. */
export const PUNCTUATION = "[!-/:-@\\[-`{-~\\p{P}]"

/** The source of a split pattern given by name or in full. */
export function patternSource(splitPattern: string): string {
  return Object.hasOwn(SPLIT_PATTERNS, splitPattern) ? SPLIT_PATTERNS[splitPattern as SplitPatternName] : splitPattern
}

export function splitBy(source: string): PartJson {
  return { type: "Split", pattern: { Regex: source }, behavior: "Isolated", invert: false }
}

/** Pre-tokenizers one after another, before them the one that cuts off digits where options ask for it. */
export function cutInTurn({ splitDigits }: CommonTrainingOptions, ...parts: readonly PartJson[]): PartJson {
  const steps = splitDigits ? [{ type: "Digits", individual_digits: true }, ...parts] : parts
  return steps.length === 1 ? steps[0] : { type: "Sequence", pretokenizers: steps }
}

/** The normalizer that options name; null for none. */
export function normalizerJson(normalizer: TrainingNormalizer = "none"): PartJson | null {
  if (typeof normalizer !== "string") return normalizer
  if (normalizer === "none") return null
  const type = { nfc: "NFC", nfd: "NFD", nfkc: "NFKC", nfkd: "NFKD" }[normalizer]
  if (type === undefined) throw optionInvalid("normalizer", "none, nfc, nfd, nfkc, nfkd or a normalizer", normalizer)
  return { type }
}

/** Normalization and cutting of SentencePiece's kind: spaces are marks, one more stands before every text. */
export function markedSplitter(options: CommonTrainingOptions) {
  const asked = normalizerJson(options.normalizer)
  const marks = [
    { type: "Prepend", prepend: SPACE_MARK },
    { type: "Replace", pattern: { String: " " }, content: SPACE_MARK },
  ]
  const source = patternSource(options.splitPattern ?? WORD_PATTERN)
  return {
    normalizer: { type: "Sequence", normalizers: asked ? [asked, ...marks] : marks },
    preTokenizer: cutInTurn(options, splitBy(patternOverMarks(source))),
  }
}

/** The way back from `markedSplitter` and tokens for bytes. A mark in the original text comes back as a space. */
export const MARKED_DECODER: PartJson = {
  type: "Sequence",
  decoders: [
    { type: "Replace", pattern: { String: SPACE_MARK }, content: " " },
    { type: "ByteFallback" },
    { type: "Fuse" },
    { type: "Strip", content: " ", start: 1, stop: 0 },
  ],
}

/** A pattern over plain text as one over text whose spaces are marks, with the same cuts. */
export function patternOverMarks(source: string): string {
  let marked = ""
  let inClass = false
  for (let at = 0; at < source.length; at++) {
    const unit = source[at]
    if (unit === "\\") {
      const letter = source[++at] ?? ""
      if (letter === "s") marked += inClass ? `\\s${SPACE_MARK}` : `[\\s${SPACE_MARK}]`
      else if (letter === " ") marked += SPACE_MARK
      else if (letter !== "S") marked += unit + letter
      else if (!inClass) marked += `[^\\s${SPACE_MARK}]`
      else throw optionInvalid("splitPattern", "no \\S inside brackets for this algorithm", `"${source}"`)
      continue
    }
    if (unit === "[") inClass = true
    else if (unit === "]") inClass = false
    marked += unit === " " ? SPACE_MARK : unit
  }
  return marked
}
