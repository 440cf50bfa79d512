/** `Metaspace`: marks become spaces again; those of the first token are left out where encoding puts one before a text. */
import { bytesFromText } from "../byte-text.ts"
import { metaspaceSettings } from "../metaspace.ts"
import type { PartDefinition } from "../parts.ts"
import type { Decoder } from "./index.ts"

export const metaspaceDecoder: PartDefinition<Decoder> = {
  type: "Metaspace",
  build(json, where) {
    const settings = metaspaceSettings(json, where)
    const { replacement, prepend_scheme } = settings
    return {
      bytesOf(token, isFirst) {
        const space = isFirst && prepend_scheme !== "never" ? "" : " "
        return bytesFromText(token.replaceAll(replacement, space))
      },
      toJson: () => settings,
    }
  },
}
