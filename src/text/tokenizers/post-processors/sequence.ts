/** `Sequence`: post-processors one after another. */
import { z } from "zod"
import { type PartDefinition, parseSettings } from "../parts.ts"
import type { PostProcessor } from "./index.ts"

const settingsSchema = z.object({ type: z.literal("Sequence"), processors: z.array(z.unknown()) })

export const sequencePostProcessor: PartDefinition<PostProcessor> = {
  type: "Sequence",
  build(json, where, child) {
    const { processors } = parseSettings(settingsSchema, json, where)
    const steps = processors.map((step, index) => child(step, `${where}.processors[${index}]`))
    return {
      processIds: (texts) => steps.reduce((processed, step) => step.processIds(processed), texts),
      added: (isPair) => steps.reduce((sum, step) => sum + step.added(isPair), 0),
      processEncodings: (encodings, addSpecialTokens) =>
        steps.reduce((processed, step) => step.processEncodings(processed, addSpecialTokens), encodings),
      toJson: () => ({ type: "Sequence", processors: steps.map((step) => step.toJson()) }),
    }
  },
}
