/** `Strip`: takes a character off the start and the end of every token; after `Fuse`, off the start of the text. */
import { z } from "zod"
import { bytesFromText } from "../byte-text.ts"
import { describeValue, type PartDefinition, parseSettings, tokenizerInvalid } from "../parts.ts"
import type { Decoder } from "./index.ts"

const count = z.number().int().nonnegative()
const settingsSchema = z.object({ type: z.literal("Strip"), content: z.string(), start: count, stop: count })

export const stripDecoder: PartDefinition<Decoder> = {
  type: "Strip",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    const { content, start, stop } = settings
    if ([...content].length !== 1) throw tokenizerInvalid(`${where}.content`, "one character", describeValue(content))
    const strip = (text: string): Uint8Array => {
      const characters = [...text]
      let from = 0
      while (from < start && characters[from] === content) from++
      let to = characters.length
      while (to > from && characters.length - to < stop && characters[to - 1] === content) to--
      return bytesFromText(characters.slice(from, to).join(""))
    }
    // Where the text ends is not known while it streams, and two characters may lie in two stretches.
    const works = start <= 1 && stop === 0
    const bytesOfStretch = (text: string, isFirst: boolean) => (isFirst ? strip(text) : bytesFromText(text))
    return { bytesOf: strip, ...(works ? { bytesOfStretch } : {}), toJson: () => settings }
  },
}
