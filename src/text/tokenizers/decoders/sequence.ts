/** `Sequence`: decoders one after another, each reading what the one before made of a token. */
import { z } from "zod"
import { bytesFromText, textFromBytes } from "../byte-text.ts"
import { type PartDefinition, parseSettings } from "../parts.ts"
import type { Decoder, TokenFollower } from "./index.ts"

const settingsSchema = z.object({ type: z.literal("Sequence"), decoders: z.array(z.unknown()) })

type Step = (token: string, isFirst: boolean) => Uint8Array

export const sequenceDecoder: PartDefinition<Decoder> = {
  type: "Sequence",
  build(json, where, child) {
    const { decoders } = parseSettings(settingsSchema, json, where)
    const parts = decoders.map((part, index) => child(part, `${where}.decoders[${index}]`))
    const firstFuse = parts.findIndex(({ fuses }) => fuses)
    const isFused = (index: number) => firstFuse >= 0 && index > firstFuse
    const steps = parts.map((part, index): Step => (isFused(index) && part.bytesOfStretch) || part.bytesOf)
    const stretchSteps = parts.map(({ bytesOfStretch }) => bytesOfStretch)
    const streams = stretchSteps.every((step) => step !== undefined)
    // A step behind Fuse that must see the whole text has it at the end, and nothing is given out before.
    const holdsFrom = parts.findIndex((part, index) => isFused(index) && !part.bytesOfStretch)
    const follows = holdsFrom >= 0 || parts.some((part) => part.follow)
    return {
      bytesOf: inTurn(steps),
      ...(streams && !follows ? { bytesOfStretch: inTurn(stretchSteps as Step[]) } : {}),
      ...(follows
        ? {
            follow: (isFirst: boolean) =>
              chain(
                parts.map((part, index) => {
                  if (holdsFrom >= 0 && index === firstFuse) return hold(part, isFirst)
                  return part.follow?.(isFirst) ?? stepFollower(holdsFrom >= 0 ? part.bytesOf : steps[index], isFirst)
                }),
              ),
          }
        : {}),
      fuses: firstFuse >= 0,
      spellsBytes: parts.some(({ spellsBytes }) => spellsBytes),
      toJson: () => ({ type: "Sequence", decoders: parts.map((part) => part.toJson()) }),
    }
  },
}

/** Bytes go from step to step as text that keeps those of no character (`byte-text.ts`). */
function inTurn(steps: readonly Step[]): Step {
  return (token, isFirst) => steps.reduce((bytes, step) => step(textFromBytes(bytes), isFirst), bytesFromText(token))
}

/** A step that needs no neighbours, token by token. */
function stepFollower(step: Step, isFirst: boolean): TokenFollower {
  let first = isFirst
  return {
    push(token) {
      const bytes = step(token, first)
      first = false
      return [textFromBytes(bytes)]
    },
    end: () => [],
  }
}

/** Gives one text at the end. */
function hold(part: Decoder, isFirst: boolean): TokenFollower {
  const follower = part.follow?.(isFirst) ?? stepFollower(part.bytesOf, isFirst)
  const held: string[] = []
  return {
    push(token) {
      held.push(...follower.push(token))
      return []
    },
    end: () => [joined([...held, ...follower.end()])],
  }
}

/** Tokens as one text; bytes of one character that lay in several tokens come together. */
function joined(tokens: readonly string[]): string {
  return textFromBytes(bytesFromText(tokens.join("")))
}

/** Followers one after another. */
function chain(followers: readonly TokenFollower[]): TokenFollower {
  /** What the followers from `from` on make of tokens. */
  const pass = (tokens: readonly string[], from: number): readonly string[] => {
    let passed = tokens
    for (let index = from; index < followers.length; index++)
      passed = passed.flatMap((token) => followers[index].push(token))
    return passed
  }
  return {
    push: (token) => pass([token], 0),
    end: () => followers.flatMap((follower, index) => pass(follower.end(), index + 1)),
  }
}
