/** `Sequence`: pre-tokenizers one after another, each cutting the pieces of the one before. */
import { z } from "zod"
import { type PartDefinition, parseSettings } from "../parts.ts"
import type { PreTokenizer } from "./index.ts"

const settingsSchema = z.object({ type: z.literal("Sequence"), pretokenizers: z.array(z.unknown()) })

export const sequencePreTokenizer: PartDefinition<PreTokenizer> = {
  type: "Sequence",
  build(json, where, child) {
    const { pretokenizers } = parseSettings(settingsSchema, json, where)
    const steps = pretokenizers.map((step, index) => child(step, `${where}.pretokenizers[${index}]`))
    const last = steps.at(-1)
    return {
      split(text, isFirst) {
        let pieces = text === "" ? [] : [text]
        for (const step of steps) {
          const next: string[] = []
          for (const [index, piece] of pieces.entries())
            for (const part of step.split(piece, isFirst && index === 0)) next.push(part)
          // Only the last step's spelling may wait; a step further on must see the spelled piece.
          pieces = step !== last && step.spell ? next.map(step.spell) : next
        }
        return pieces
      },
      spell: last?.spell,
      toJson: () => ({ type: "Sequence", pretokenizers: steps.map((step) => step.toJson()) }),
    }
  },
}
