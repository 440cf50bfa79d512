/** GPT-2's pair of files: `vocab.json`, tokens and their ids, and `merges.txt`, a merge a line. */

import { readVocabulary } from "../models/vocabulary.ts"
import { describeValue, tokenizerInvalid } from "../parts.ts"
import type { Tokenizer, TokenizerCompanions } from "../tokenizer.ts"
import { tokenizerFromBpe } from "./byte-pairs.ts"

/**
 * A tokenizer from the contents of both files, cut as GPT-2 cuts. A token that no merge makes and that is written like
 * `<|this|>` is special.
 *
 * @param where  what to call the files in error texts
 * @throws TOKENIZER_INVALID when they are damaged or contradict each other
 */
export function tokenizerFromMergesText(
  vocabulary: unknown,
  mergesText: string,
  companions: TokenizerCompanions = {},
  where = "vocab.json and merges.txt",
): Tokenizer {
  if (typeof vocabulary !== "object" || vocabulary === null || Array.isArray(vocabulary))
    throw tokenizerInvalid(where, "an object of tokens and ids", describeValue(vocabulary))
  const tokens = readVocabulary(vocabulary as Record<string, unknown>, where)
  const merges = mergesText.split(/\r?\n/).flatMap((line, index): [string, string][] => {
    if (line === "" || (index === 0 && line.startsWith("#version"))) return []
    const parts = line.split(" ")
    if (parts.length !== 2) {
      const place = `${where}: merges line ${index + 1}`
      throw tokenizerInvalid(place, "two tokens with one space between", describeValue(line))
    }
    return [[parts[0], parts[1]]]
  })
  const specialTokens = [...tokens].flatMap(([content, id]) =>
    /^<\|?[\w/]+\|?>$/.test(content) ? [{ content, id }] : [],
  )
  const eos = specialTokens.find(({ content }) => content === "<|endoftext|>")?.content
  const roles = companions.roles ?? (eos === undefined ? {} : { bos: eos, eos, unk: eos })
  return tokenizerFromBpe({ tokens, merges, splitPattern: "gpt2", specialTokens }, { ...companions, roles }, where)
}

/** Both files of a BPE tokenizer, its merges in the order they were learned. */
export function mergesTextOf(tokenizer: Tokenizer, where = "tokenizer"): { vocabulary: string; merges: string } {
  const model = tokenizer.toJson().model as {
    readonly type: string
    readonly vocab: Readonly<Record<string, number>>
    readonly merges: readonly (string | readonly string[])[]
  }
  if (model.type !== "BPE") throw tokenizerInvalid(`${where}: model.type`, "BPE, which has merges", model.type)
  const vocab = { ...model.vocab }
  for (const { content, id } of tokenizer.addedTokens) vocab[content] = id
  const lines = model.merges.map((merge) => {
    const parts = typeof merge === "string" ? merge.split(" ") : merge
    if (parts.some((part) => /[ \r\n]/.test(part)))
      throw tokenizerInvalid(
        `${where}: merges`,
        "tokens without spaces and line ends, which merges.txt cannot hold",
        describeValue(merge),
      )
    return parts.join(" ")
  })
  return { vocabulary: JSON.stringify(vocab), merges: `${["#version: 0.2", ...lines].join("\n")}\n` }
}
