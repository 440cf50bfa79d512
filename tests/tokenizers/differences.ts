/** Holds a tokenizer of ours against the same tokenizer.json in the Rust library. */
import type { Encoding, Tokenizer } from "../../src/text/tokenizers/index.ts"
import { plainEncoding, type RustTokenizer } from "./rust.ts"

/** What differs for a text, or undefined when all of an encoding is the same. */
export async function difference(
  ours: Tokenizer,
  theirs: RustTokenizer,
  text: string,
  pair?: string,
): Promise<string | undefined> {
  const options = { parseSpecialTokens: true, offsetUnit: "characters" } as const
  let wanted: Encoding | undefined
  let fault: unknown
  try {
    wanted = plainEncoding(await theirs.encode(text, pair ?? null))
  } catch (cause) {
    fault = cause
  }
  let came: Encoding
  try {
    came = ours.encodeFull(pair === undefined ? text : [text, pair], options)
  } catch (cause) {
    return fault ? undefined : `error ${cause}`
  }
  if (!wanted) return `no error where the Rust library has ${fault}`
  wanted = comparable(wanted)
  came = comparable(came)
  for (const key of Object.keys(wanted) as (keyof Encoding)[]) {
    const [left, right] = [JSON.stringify(wanted[key]), JSON.stringify(came[key])]
    if (left !== right) return `${key}: wanted ${excerpt(left, right)}; came ${excerpt(right, left)}`
  }
  const fast = JSON.stringify(ours.encode(text, options))
  if (pair === undefined && wanted.overflowing.length === 0 && !wanted.attentionMask.includes(0)) {
    const ids = JSON.stringify(wanted.ids)
    if (fast !== ids) return `encode: wanted ${excerpt(ids, fast)}; came ${excerpt(fast, ids)}`
  }
  return undefined
}

/**
 * An encoding without what the Rust library leaves open: which text padding and what is left over belong to, where there
 * is no post-processor.
 */
export function comparable(encoding: Encoding, isRest = false): Encoding {
  return {
    ...encoding,
    sequenceIds: encoding.sequenceIds.map((sequence, index) =>
      isRest || encoding.attentionMask[index] === 0 ? null : sequence,
    ),
    overflowing: encoding.overflowing.map((rest) => comparable(rest, true)),
  }
}

/** The part of `text` around where it leaves `other`. */
function excerpt(text: string, other: string): string {
  let at = 0
  while (at < text.length && text[at] === other[at]) at += 1
  return text.slice(Math.max(0, at - 30), at + 50)
}

/** A shorter text that still differs, and how. */
export async function shortest(ours: Tokenizer, theirs: RustTokenizer, text: string): Promise<string> {
  let best = [...text]
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let at = 0; at + size <= best.length; ) {
      const without = [...best.slice(0, at), ...best.slice(at + size)]
      if (await difference(ours, theirs, without.join(""))) best = without
      else at += 1
    }
  const shorter = best.join("")
  const codes = best.map((character) => (character.codePointAt(0) as number).toString(16)).join(" ")
  return `${JSON.stringify(shorter)} (${codes}): ${await difference(ours, theirs, shorter)}`
}
