/** Byte-level BPE: the alphabet is the 256 bytes, so any text, and any bytes at all, come back as they were. */
import { BYTE_CHARACTERS } from "../byte-alphabet.ts"
import { appendBytes } from "../byte-text.ts"
import type { PartJson } from "../parts.ts"
import { SPLIT_PATTERNS } from "../pattern.ts"
import type { PieceCounts } from "./counting/count-pieces.ts"
import { learnMerges } from "./merging/learn-merges.ts"
import type { LearnedMerges } from "./merging/learned-vocabulary.ts"
import { type SymbolWords, SymbolWordsBuilder } from "./merging/symbol-words.ts"
import { cutInTurn, normalizerJson, patternSource, splitBy } from "./splitting.ts"
import { checkFrequency, checkRoom, optionInvalid, type Trainer } from "./trainer.ts"

export const bpeTrainer: Trainer<"bpe"> = {
  needsUnknown: false,

  splitter(options) {
    const source = patternSource(options.splitPattern ?? "cl100k")
    const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true }
    const preTokenizer =
      source === SPLIT_PATTERNS.gpt2
        ? cutInTurn(options, { ...byteLevel, use_regex: true })
        : cutInTurn(options, splitBy(source), { ...byteLevel, use_regex: false })
    return { normalizer: normalizerJson(options.normalizer), preTokenizer }
  },

  decoder: () => ({ type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true }),

  check({ vocabularySize, minimumFrequency }, { tokens }) {
    checkFrequency(minimumFrequency)
    const clash = tokens.find((token) => BYTE_CHARACTERS.includes(token))
    if (clash !== undefined) {
      throw optionInvalid("specialTokens", "texts that no byte is spelled with", `"${clash}"`)
    }
    checkRoom(vocabularySize, [
      ["special tokens", tokens.length],
      ["bytes", BYTE_CHARACTERS.length],
    ])
  },

  learn(pieces, { vocabularySize, minimumFrequency = 2, onProgress }, special) {
    const reserved = new Set(special.tokens)
    const learned = learnMerges(wordsOfBytes(pieces, special.tokens.length), {
      tokens: [...special.tokens, ...BYTE_CHARACTERS],
      vocabularySize,
      minimumFrequency,
      // A piece spelled like a special token would give one text two meanings.
      accepts: (token) => !reserved.has(token),
      onProgress,
    })
    return bpeModelJson(learned, { unknown: null, byteFallback: false })
  },
}

/** The bytes of pieces as symbols, `firstByte` being that of byte 0. */
export function wordsOfBytes({ texts, counts }: PieceCounts, firstByte: number): SymbolWords {
  const words = new SymbolWordsBuilder()
  const bytes: number[] = []
  for (const [index, text] of texts.entries()) {
    bytes.length = 0
    for (let at = 0; at < text.length; at++) at += appendBytes(text, at, bytes)
    for (const byte of bytes) words.push(firstByte + byte)
    words.endWord(counts[index])
  }
  return words.build()
}

/** A BPE model as tokenizer.json spells it. */
export function bpeModelJson(
  { tokens, merges }: LearnedMerges,
  { unknown, byteFallback }: { readonly unknown: string | null; readonly byteFallback: boolean },
): PartJson {
  return {
    type: "BPE",
    dropout: null,
    unk_token: unknown,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: byteFallback,
    byte_fallback: byteFallback,
    ignore_merges: false,
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges: merges.map(([left, right]) => `${tokens[left]} ${tokens[right]}`),
  }
}
