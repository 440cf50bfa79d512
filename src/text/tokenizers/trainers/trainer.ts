/** The seam of training: each algorithm is one file that exports a `Trainer`, listed in `train-tokenizer.ts`. */
import { GlossaError } from "../../../errors.ts"
import type { PartJson } from "../parts.ts"
import type { PieceCounts } from "./counting/count-pieces.ts"
import type { SplitterJson } from "./counting/piece-splitter.ts"
import type { OptionsOf, TrainingAlgorithm } from "./options.ts"
import type { TrainerSpecialTokens } from "./trainer-special-tokens.ts"

/** One way to learn a vocabulary. */
export interface Trainer<Algorithm extends TrainingAlgorithm> {
  /** How text is normalized and cut, as tokenizer.json spells it. */
  splitter(options: OptionsOf<Algorithm>): SplitterJson
  /** How tokens become text again, as tokenizer.json spells it. */
  decoder(options: OptionsOf<Algorithm>): PartJson
  /** Whether the model needs a token for what the vocabulary cannot spell. */
  readonly needsUnknown: boolean
  /**
   * Refuses options and special tokens before anything is counted.
   *
   * @throws RECIPE_INVALID when an option is outside its range, or a special token is spelled like another token
   * @throws TOKENIZER_TOO_SMALL when there is no room for what every vocabulary of the kind holds
   */
  check(options: OptionsOf<Algorithm>, special: TrainerSpecialTokens): void
  /**
   * Learns the model, as tokenizer.json spells it. The special tokens have ids 0, 1, 2, ….
   *
   * @throws TOKENIZER_TOO_SMALL when there is no room for the alphabet of the pieces
   */
  learn(pieces: PieceCounts, options: OptionsOf<Algorithm>, special: TrainerSpecialTokens): PartJson
}

/** The error of an option outside its range. */
export function optionInvalid(option: string, wanted: string, came: unknown): GlossaError {
  return new GlossaError("RECIPE_INVALID", { where: `tokenizer training: ${option}`, wanted, came: `${came}` })
}

/** @throws RECIPE_INVALID when `value` is not a whole number of at least `least` */
export function checkWhole(option: string, value: number | undefined, least: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return
  throw optionInvalid(option, `a whole number of at least ${least}`, value)
}

/** @throws RECIPE_INVALID when `value` is not above 0 and at most 1 (or below 1, where `most` says so) */
export function checkShare(
  option: string,
  value: number | undefined,
  most: "at most 1" | "below 1" = "at most 1",
): void {
  if (value === undefined || (value > 0 && (most === "below 1" ? value < 1 : value <= 1))) return
  throw optionInvalid(option, `a number above 0 and ${most}`, value)
}

/** @throws RECIPE_INVALID when `value` is not a number of at least 1 */
export function checkFrequency(value: number | undefined): void {
  if (value === undefined || value >= 1) return
  throw optionInvalid("minimumFrequency", "a number of at least 1", value)
}

/**
 * Refuses a vocabulary that is smaller than what it must hold.
 *
 * @param parts  what it must hold and how much of each, such as ["bytes", 256]
 * @throws TOKENIZER_TOO_SMALL
 */
export function checkRoom(vocabularySize: number, parts: readonly (readonly [what: string, count: number])[]): void {
  const needed = parts.reduce((sum, [, count]) => sum + count, 0)
  if (vocabularySize >= needed) return
  const list = parts.map(([what, count]) => `${count} ${what}`).join(", ")
  throw new GlossaError("TOKENIZER_TOO_SMALL", {
    where: "tokenizer training: vocabularySize",
    wanted: `at least ${needed} (${list.replace(/, ([^,]*)$/, " and $1")})`,
    came: `${vocabularySize}`,
    fix: `ask for ${needed} or more`,
  })
}
