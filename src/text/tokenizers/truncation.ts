/** Cutting encodings to a length, with overlap between what is kept and what is left over. */
import { z } from "zod"
import { GlossaError } from "../../errors.ts"
import { type Encoding, sliceEncoding } from "./encoding.ts"
import { parseSettings } from "./parts.ts"

export type TruncationStrategy = "longestFirst" | "onlyFirst" | "onlySecond"

export interface Truncation {
  /** Most tokens of the whole encoding, those of the post-processor included. */
  readonly maxLength: number
  /** Which text of a pair gives way. Default `longestFirst`: the longer one, then both by turns. */
  readonly strategy?: TruncationStrategy
  /** Tokens that what is left over repeats of what comes before it. Default 0. */
  readonly stride?: number
  /** The side on which tokens are taken off. Default `right`. */
  readonly direction?: "left" | "right"
}

const STRATEGIES = { LongestFirst: "longestFirst", OnlyFirst: "onlyFirst", OnlySecond: "onlySecond" } as const
const STRATEGY_NAMES = { longestFirst: "LongestFirst", onlyFirst: "OnlyFirst", onlySecond: "OnlySecond" } as const

const length = z.number().int().nonnegative()
const fileSchema = z.object({
  max_length: length,
  strategy: z.enum(["LongestFirst", "OnlyFirst", "OnlySecond"]).default("LongestFirst"),
  stride: length.default(0),
  direction: z.enum(["Left", "Right"]).default("Right"),
})

/** What tokenizer.json's `truncation` says, or undefined where it is null. */
export function readTruncation(json: unknown, where: string): Truncation | undefined {
  if (json === null || json === undefined) return undefined
  const file = parseSettings(fileSchema, json, where)
  return {
    maxLength: file.max_length,
    strategy: STRATEGIES[file.strategy],
    stride: file.stride,
    direction: file.direction === "Left" ? "left" : "right",
  }
}

/** As tokenizer.json spells it. */
export function truncationToJson(truncation: Truncation | undefined): unknown {
  if (!truncation) return null
  return {
    direction: truncation.direction === "left" ? "Left" : "Right",
    max_length: truncation.maxLength,
    strategy: STRATEGY_NAMES[truncation.strategy ?? "longestFirst"],
    stride: truncation.stride ?? 0,
  }
}

/**
 * The encodings of one text or two, together at most `maxLength − added` tokens long.
 *
 * @param added  tokens that the post-processor will add
 * @throws TOKENIZER_OPTION_INVALID when the strategy and the texts do not allow that length
 */
export function truncateEncodings(
  encodings: readonly Encoding[],
  truncation: Truncation,
  added: number,
): readonly Encoding[] {
  const { strategy = "longestFirst", stride = 0 } = truncation
  const most = truncation.maxLength - added
  if (!Number.isInteger(truncation.maxLength) || most < 0)
    throw optionInvalid("maxLength", `a whole number of at least the ${added} special tokens`, truncation.maxLength)
  const [first, second] = encodings
  const total = first.ids.length + (second?.ids.length ?? 0)
  if (total <= most) return encodings
  const cut = (encoding: Encoding, length: number) => truncateEncoding(encoding, length, stride, truncation.direction)
  if (most === 0) return encodings.map((encoding) => cut(encoding, 0))
  if (strategy === "longestFirst") {
    if (!second) return [cut(first, most)]
    const lengths = shareLength(first.ids.length, second.ids.length, most)
    return [cut(first, lengths[0]), cut(second, lengths[1])]
  }
  const target = strategy === "onlyFirst" ? first : second
  if (!target) throw optionInvalid("strategy", "longestFirst or onlyFirst for a single text", strategy)
  const left = target.ids.length - (total - most)
  if (left <= 0) throw optionInvalid("maxLength", `more than the ${most - left} tokens of the other text`, most)
  if (strategy === "onlyFirst") return second ? [cut(first, left), second] : [cut(first, left)]
  return [first, cut(target, left)]
}

/** How two texts share a length: the shorter one stays whole while it takes no more than half. */
function shareLength(first: number, second: number, most: number): [number, number] {
  const shorter = Math.min(first, second)
  let longer = shorter > most ? shorter : Math.max(shorter, most - shorter)
  let kept = shorter
  if (kept + longer > most) {
    kept = Math.floor(most / 2)
    longer = kept + (most % 2)
  }
  return first > second ? [longer, kept] : [kept, longer]
}

function truncateEncoding(encoding: Encoding, most: number, stride: number, direction: Truncation["direction"]) {
  const count = encoding.ids.length
  if (most >= count) return encoding
  if (most === 0) return { ...sliceEncoding(encoding, 0, 0), overflowing: [encoding] }
  if (!Number.isInteger(stride) || stride < 0 || stride >= most)
    throw optionInvalid("stride", `a whole number below the ${most} tokens that are kept`, stride)
  const parts: Encoding[] = []
  const step = most - stride
  if (direction === "left") {
    for (let stop = count; ; stop -= step) {
      const start = Math.max(0, stop - most)
      parts.push(sliceEncoding(encoding, start, stop))
      if (start === 0) break
    }
  } else {
    for (let start = 0; ; start += step) {
      const stop = Math.min(start + most, count)
      parts.push(sliceEncoding(encoding, start, stop))
      if (stop === count) break
    }
  }
  return { ...parts[0], overflowing: parts.slice(1) }
}

function optionInvalid(option: string, wanted: string, came: unknown): GlossaError {
  const fix = "change the truncation of the call or of tokenizer.json"
  return new GlossaError("TOKENIZER_OPTION_INVALID", { where: `truncation.${option}`, wanted, came: `${came}`, fix })
}
