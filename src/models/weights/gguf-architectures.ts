/** Every architecture whose GGUF files are read and written. */
import { GlossaError, nearestName } from "../../errors.ts"
import type { GgufFile } from "../../gguf/index.ts"
import type { Family } from "../families/index.ts"
import type { GgufArchitecture } from "./gguf-architecture.ts"
import { ggufGpt2 } from "./gguf-gpt2.ts"
import { ggufLlama } from "./gguf-llama.ts"

/** By `general.architecture`. */
const ARCHITECTURES: Readonly<Record<string, GgufArchitecture>> = {
  gpt2: ggufGpt2 as never,
  llama: ggufLlama as never,
}

/** The architecture that a file says it is. @throws FAMILY_UNKNOWN, CHECKPOINT_DAMAGED */
export function ggufArchitectureOf({ metadata, path }: GgufFile): GgufArchitecture {
  const name = metadata.text("general.architecture")
  if (name !== undefined && Object.hasOwn(ARCHITECTURES, name)) return ARCHITECTURES[name]
  const names = Object.keys(ARCHITECTURES)
  const nearest = name === undefined ? undefined : nearestName(name, names)
  throw new GlossaError("FAMILY_UNKNOWN", {
    where: `${path}: general.architecture`,
    wanted: `one of ${names.join(", ")}`,
    came: name === undefined ? "nothing" : JSON.stringify(name),
    ...(nearest ? { fix: `did you mean ${nearest}?` } : {}),
  })
}

/** The architecture that a family's models are written as. @throws FAMILY_UNKNOWN when there is none */
export function ggufArchitectureFor({ modelType }: Family): GgufArchitecture {
  const found = Object.values(ARCHITECTURES).find(({ family }) => family.modelType === modelType)
  if (found) return found
  throw new GlossaError("FAMILY_UNKNOWN", {
    where: "model_type",
    wanted: `a family that GGUF files are written of: ${Object.keys(ARCHITECTURES).join(", ")}`,
    came: JSON.stringify(modelType),
    fix: "keep this model as a folder",
  })
}
