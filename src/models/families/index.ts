/** Families: one file an architecture, found by the `model_type` of its checkpoints. */
import { GlossaError, nearestName } from "../../errors.ts"
import type { Family } from "./family.ts"
import { gpt2 } from "./gpt2.ts"
import { llama } from "./llama.ts"

/** Every family by its `model_type`, in the order of the name. */
export const FAMILIES: Readonly<Record<string, Family>> = {
  gpt2,
  llama,
}

/** @throws FAMILY_UNKNOWN naming the nearest family */
export function familyOf(modelType: unknown, where = "model_type"): Family {
  if (typeof modelType === "string" && Object.hasOwn(FAMILIES, modelType)) return FAMILIES[modelType]
  const names = Object.keys(FAMILIES)
  const nearest = typeof modelType === "string" ? nearestName(modelType, names) : undefined
  throw new GlossaError("FAMILY_UNKNOWN", {
    where,
    wanted: `one of ${names.join(", ")}`,
    came: modelType === undefined ? "nothing" : JSON.stringify(modelType),
    ...(nearest ? { fix: `did you mean ${nearest}?` } : {}),
  })
}

export { parseConfig, unknownConfigKeys } from "./config.ts"
export type { CheckpointNames, Family, ForwardInputs, ModelConfig, ModelDescription } from "./family.ts"
export { type Gpt2Config, gpt2 } from "./gpt2.ts"
export { type LlamaConfig, llama } from "./llama.ts"
