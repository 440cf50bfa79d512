/** `Sequence`: normalizers one after another. */
import { z } from "zod"
import { type PartDefinition, parseSettings } from "../parts.ts"
import type { Normalizer } from "./index.ts"

const settingsSchema = z.object({ type: z.literal("Sequence"), normalizers: z.array(z.unknown()) })

export const sequenceNormalizer: PartDefinition<Normalizer> = {
  type: "Sequence",
  build(json, where, child) {
    const { normalizers } = parseSettings(settingsSchema, json, where)
    const steps = normalizers.map((step, index) => child(step, `${where}.normalizers[${index}]`))
    return {
      normalize: (text) => steps.reduce((rewritten, step) => step.normalize(rewritten), text),
      normalizeAligned: (text) => steps.reduce((rewritten, step) => step.normalizeAligned(rewritten), text),
      toJson: () => ({ type: "Sequence", normalizers: steps.map((step) => step.toJson()) }),
    }
  },
}
