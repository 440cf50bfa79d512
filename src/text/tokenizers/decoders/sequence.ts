/** `Sequence`: decoders one after another, each reading what the one before made of a token. */
import { z } from "zod"
import { bytesFromText, textFromBytes } from "../byte-text.ts"
import { describeValue, type PartDefinition, parseSettings, tokenizerInvalid } from "../parts.ts"
import type { Decoder } from "./index.ts"

const settingsSchema = z.object({ type: z.literal("Sequence"), decoders: z.array(z.unknown()) })

type Step = (token: string, isFirst: boolean) => Uint8Array

export const sequenceDecoder: PartDefinition<Decoder> = {
  type: "Sequence",
  build(json, where, child) {
    const { decoders } = parseSettings(settingsSchema, json, where)
    const parts = decoders.map((part, index) => child(part, `${where}.decoders[${index}]`))
    const firstFuse = parts.findIndex(({ fuses }) => fuses)
    const steps = parts.map((part, index): Step => {
      if (firstFuse < 0 || index <= firstFuse) return part.bytesOf
      if (part.bytesOfStretch) return part.bytesOfStretch
      const place = `${where}.decoders[${index}]`
      throw tokenizerInvalid(place, "after Fuse, a decoder that can stream", describeValue(part.toJson()))
    })
    const stretchSteps = parts.map(({ bytesOfStretch }) => bytesOfStretch)
    const streams = stretchSteps.every((step) => step !== undefined)
    return {
      bytesOf: inTurn(steps),
      ...(streams ? { bytesOfStretch: inTurn(stretchSteps) } : {}),
      fuses: firstFuse >= 0,
      toJson: () => ({ type: "Sequence", decoders: parts.map((part) => part.toJson()) }),
    }
  },
}

/** Bytes go from step to step as text that keeps those of no character (`byte-text.ts`). */
function inTurn(steps: readonly Step[]): Step {
  return (token, isFirst) => steps.reduce((bytes, step) => step(textFromBytes(bytes), isFirst), bytesFromText(token))
}
