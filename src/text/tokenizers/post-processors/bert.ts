/** `BertProcessing`: `[CLS] A [SEP]`, or `[CLS] A [SEP] B [SEP]`. `RobertaProcessing`: `<s> A </s></s> B </s>`. */
import { z } from "zod"
import { type Encoding, fixedEncoding, joinEncodings, mapEncodings, withTypeId } from "../encoding.ts"
import { type PartDefinition, parseSettings } from "../parts.ts"
import type { PostProcessor } from "./index.ts"
import { trimOffsets } from "./trim-offsets.ts"

const tokenAndId = z.tuple([z.string(), z.number().int().nonnegative()])
const bertSchema = z.object({ type: z.literal("BertProcessing"), sep: tokenAndId, cls: tokenAndId })
const robertaSchema = z.object({
  type: z.literal("RobertaProcessing"),
  sep: tokenAndId,
  cls: tokenAndId,
  trim_offsets: z.boolean().default(true),
  add_prefix_space: z.boolean().default(true),
})

/** One special token as an encoding. */
function fixed([token, id]: readonly [string, number], typeId: number): Encoding {
  return fixedEncoding([{ id, token, typeId }])
}

/** An encoding, and each of those left over, between fixed ones. */
function surround(encoding: Encoding, before: Encoding | undefined, after: Encoding): Encoding {
  return mapEncodings(encoding, (one) => {
    const bare = { ...one, overflowing: [] }
    return joinEncodings(before ? joinEncodings(before, bare) : bare, after)
  })
}

export const bertPostProcessor: PartDefinition<PostProcessor> = {
  type: "BertProcessing",
  build(json, where) {
    const settings = parseSettings(bertSchema, json, where)
    const { sep, cls } = settings
    return {
      processIds: (texts) => texts.map((ids, index) => (index === 0 ? [cls[1], ...ids, sep[1]] : [...ids, sep[1]])),
      added: (isPair) => (isPair ? 3 : 2),
      processEncodings: (encodings, addSpecialTokens) =>
        addSpecialTokens
          ? encodings.map((encoding, index) =>
              index === 0
                ? surround(encoding, fixed(cls, 0), fixed(sep, 0))
                : surround(encoding, undefined, fixed(sep, 1)),
            )
          : encodings,
      toJson: () => settings,
    }
  },
}

export const robertaPostProcessor: PartDefinition<PostProcessor> = {
  type: "RobertaProcessing",
  build(json, where) {
    const settings = parseSettings(robertaSchema, json, where)
    const { sep, cls } = settings
    return {
      processIds: (texts) => texts.map((ids, index) => [index === 0 ? cls[1] : sep[1], ...ids, sep[1]]),
      added: (isPair) => (isPair ? 4 : 2),
      processEncodings(encodings, addSpecialTokens) {
        const ready = encodings.map((encoding) =>
          withTypeId(settings.trim_offsets ? trimOffsets(encoding, settings.add_prefix_space) : encoding, 0),
        )
        if (!addSpecialTokens) return ready
        return ready.map((encoding, index) => {
          const zeroed = { ...encoding, overflowing: encoding.overflowing.map((rest) => withTypeId(rest, 0)) }
          return surround(zeroed, fixed(index === 0 ? cls : sep, 0), fixed(sep, 0))
        })
      },
      toJson: () => settings,
    }
  },
}
