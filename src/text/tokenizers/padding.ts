/** Filling encodings up to one length. */
import { z } from "zod"
import { GlossaError } from "../../errors.ts"
import { type Encoding, fixedEncoding, joinEncodings, mapEncodings } from "./encoding.ts"
import { parseSettings } from "./parts.ts"

export interface Padding {
  /** Up to the longest of the batch (default), or up to a number of tokens. */
  readonly length?: "longest" | number
  /** Then up to the next multiple of this many tokens. */
  readonly multipleOf?: number
  /** The side on which tokens are added. Default `right`. */
  readonly direction?: "left" | "right"
  /** Default: the tokenizer's padding token, else id 0. */
  readonly id?: number
  /** Default: the id's token. */
  readonly token?: string
  /** Type id of padding. Default 0. */
  readonly typeId?: number
}

const whole = z.number().int().nonnegative()
const fileSchema = z.object({
  strategy: z.union([z.literal("BatchLongest"), z.object({ Fixed: whole })]),
  direction: z.enum(["Left", "Right"]).default("Right"),
  pad_to_multiple_of: whole.nullish(),
  pad_id: whole,
  pad_type_id: whole.default(0),
  pad_token: z.string(),
})

/** What tokenizer.json's `padding` says, or undefined where it is null. */
export function readPadding(json: unknown, where: string): Padding | undefined {
  if (json === null || json === undefined) return undefined
  const file = parseSettings(fileSchema, json, where)
  return {
    length: file.strategy === "BatchLongest" ? "longest" : file.strategy.Fixed,
    direction: file.direction === "Left" ? "left" : "right",
    multipleOf: file.pad_to_multiple_of ?? undefined,
    id: file.pad_id,
    token: file.pad_token,
    typeId: file.pad_type_id,
  }
}

/** As tokenizer.json spells it. */
export function paddingToJson(padding: Padding | undefined): unknown {
  if (!padding) return null
  const { length = "longest" } = padding
  return {
    strategy: length === "longest" ? "BatchLongest" : { Fixed: length },
    direction: padding.direction === "left" ? "Left" : "Right",
    pad_to_multiple_of: padding.multipleOf ?? null,
    pad_id: padding.id ?? 0,
    pad_type_id: padding.typeId ?? 0,
    pad_token: padding.token ?? "[PAD]",
  }
}

/** The tokens added by default, when a `Padding` names none. */
export interface PaddingToken {
  readonly id: number
  readonly token: string
}

/**
 * The encodings of a batch, none of them shorter than the wanted length. Longer ones stay as they are.
 *
 * @throws TOKENIZER_OPTION_INVALID when a length is no whole number
 */
export function padEncodings(encodings: readonly Encoding[], padding: Padding, fallback: PaddingToken): Encoding[] {
  const { length = "longest", multipleOf = 0 } = padding
  for (const [option, value] of [
    ["length", length === "longest" ? 0 : length],
    ["multipleOf", multipleOf],
  ] as const)
    if (!Number.isInteger(value) || value < 0)
      throw new GlossaError("TOKENIZER_OPTION_INVALID", {
        where: `padding.${option}`,
        wanted: "a whole number",
        came: `${value}`,
      })
  let wanted = length === "longest" ? encodings.reduce((most, { ids }) => Math.max(most, ids.length), 0) : length
  if (multipleOf > 0) wanted = Math.ceil(wanted / multipleOf) * multipleOf
  const token = {
    id: padding.id ?? fallback.id,
    token: padding.token ?? fallback.token,
    typeId: padding.typeId ?? 0,
  }
  return encodings.map((encoding) =>
    mapEncodings(encoding, (one) => {
      const missing = wanted - one.ids.length
      if (missing <= 0) return one
      const fill = fixedEncoding(new Array(missing).fill(token), 0)
      const bare = { ...one, overflowing: [] }
      return padding.direction === "left" ? joinEncodings(fill, bare) : joinEncodings(bare, fill)
    }),
  )
}
