/** `Sequence`: pre-tokenizers one after another, each cutting the pieces of the one before. */
import { z } from "zod"
import { type PartDefinition, parseSettings } from "../parts.ts"
import { type PieceScanner, scanAll } from "../piece-scanners.ts"
import type { PreTokenizer } from "./index.ts"

const settingsSchema = z.object({ type: z.literal("Sequence"), pretokenizers: z.array(z.unknown()) })

export const sequencePreTokenizer: PartDefinition<PreTokenizer> = {
  type: "Sequence",
  build(json, where, child) {
    const { pretokenizers } = parseSettings(settingsSchema, json, where)
    const steps = pretokenizers.map((step, index) => child(step, `${where}.pretokenizers[${index}]`))
    const last = steps.at(-1)
    const scan = scanInTurn(steps)
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
      splitAligned: (text) =>
        steps.reduce(
          (pieces, step) => pieces.flatMap((piece) => step.splitAligned(piece)),
          text.text === "" ? [] : [text],
        ),
      spell: last?.spell,
      ...(scan ? { scan } : {}),
      asksFirst: steps.some((step) => step.asksFirst),
      needsPlaces: steps.some((step, index) => step.needsPlaces || (index > 0 && step.asksFirst)),
      toJson: () => ({ type: "Sequence", pretokenizers: steps.map((step) => step.toJson()) }),
    }
  },
}

/** The scanner of a sequence whose steps all have one, and of which none but the last respells. */
function scanInTurn(steps: readonly PreTokenizer[]): PieceScanner | undefined {
  if (steps.length === 0 || steps.slice(0, -1).some(({ spell }) => spell)) return undefined
  let scan: PieceScanner | undefined
  for (const step of steps) {
    if (!step.scan) return undefined
    // A step that takes each piece whole changes nothing.
    if (step.scan === scanAll) continue
    if (scan && scan !== scanAll) return undefined
    scan = step.scan
  }
  return scan ?? scanAll
}
