/** `ByteLevel`: takes white space off the places that tokens are said to have; ids pass unchanged. */
import { z } from "zod"
import { type PartDefinition, parseSettings } from "../parts.ts"
import type { PostProcessor } from "./index.ts"
import { trimOffsets } from "./trim-offsets.ts"

const settingsSchema = z.object({
  type: z.literal("ByteLevel"),
  add_prefix_space: z.boolean().default(true),
  trim_offsets: z.boolean().default(true),
  use_regex: z.boolean().default(true),
})

export const byteLevelPostProcessor: PartDefinition<PostProcessor> = {
  type: "ByteLevel",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    return {
      processIds: (texts) => texts,
      added: () => 0,
      processEncodings: (encodings) =>
        settings.trim_offsets
          ? encodings.map((encoding) => trimOffsets(encoding, settings.add_prefix_space))
          : encodings,
      toJson: () => settings,
    }
  },
}
