/** `FixedLength`: cuts after every so many characters. */
import { z } from "zod"
import { type PartDefinition, parseSettings } from "../parts.ts"
import { type PieceScanner, widthAt } from "../piece-scanners.ts"
import type { PreTokenizer } from "./index.ts"
import { scanningPreTokenizer } from "./scanning.ts"

const settingsSchema = z.object({ type: z.literal("FixedLength"), length: z.number().int().positive().default(5) })

export const fixedLengthPreTokenizer: PartDefinition<PreTokenizer> = {
  type: "FixedLength",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    const scan: PieceScanner = (units, from, end) => {
      let to = from
      for (let count = 0; count < settings.length && to < end; count++) to += widthAt(units, to, end)
      return to
    }
    return scanningPreTokenizer(scan, settings)
  },
}
