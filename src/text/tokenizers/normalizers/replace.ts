/** `Replace`: puts a text in the place of everything that a pattern or a literal text matches. */
import type { PartDefinition } from "../parts.ts"
import { replacement } from "../replacement.ts"
import type { Normalizer } from "./index.ts"

export const replaceNormalizer: PartDefinition<Normalizer> = {
  type: "Replace",
  build(json, where) {
    const { settings, replace, matches } = replacement(json, where)
    return {
      normalize: replace,
      normalizeAligned: (text) => text.replace(matches(text.text), settings.content),
      toJson: () => settings,
    }
  },
}
