/**
 * BPE with byte fallback, as SentencePiece makes it for Llama: over characters, with spaces as visible marks. A
 * character too rare for a token of its own becomes its bytes' tokens, which never merge. Ids are: special tokens, 256
 * bytes, pieces in the order they were learned, characters by how frequent they are.
 */
import { SPACE_MARK } from "../metaspace.ts"
import { alphabetOf, refuseClash } from "./alphabet.ts"
import { bpeModelJson } from "./bpe.ts"
import { BYTE_TOKENS } from "./byte-tokens.ts"
import { learnMerges } from "./merging/learn-merges.ts"
import { wordsOfCharacters } from "./merging/symbol-words.ts"
import { MARKED_DECODER, markedSplitter } from "./splitting.ts"
import { checkFrequency, checkRoom, checkShare, checkWhole, type Trainer } from "./trainer.ts"

export const byteFallbackBpeTrainer: Trainer<"bpe-byte-fallback"> = {
  needsUnknown: false,
  splitter: markedSplitter,
  decoder: () => MARKED_DECODER,

  check(options, { tokens }) {
    checkFrequency(options.minimumFrequency)
    checkShare("characterCoverage", options.characterCoverage)
    checkWhole("maximumPieceLength", options.maximumPieceLength, 1)
    checkRoom(options.vocabularySize, [
      ["special tokens", tokens.length],
      ["bytes", BYTE_TOKENS.length],
      ["mark of spaces", 1],
    ])
  },

  learn(pieces, options, special) {
    const { vocabularySize, minimumFrequency = 2, maximumPieceLength = 16, onProgress } = options
    const alphabet = alphabetOf(pieces, options, SPACE_MARK)
    const characters = alphabet.map((code) => String.fromCodePoint(code))
    refuseClash(special, [...BYTE_TOKENS, ...characters])
    const fixed = [...special.tokens, ...BYTE_TOKENS]
    checkRoom(vocabularySize, [
      ["special tokens", special.tokens.length],
      ["bytes", BYTE_TOKENS.length],
      ["characters", characters.length],
    ])
    const reserved = new Set(fixed)
    const symbolOf = new Map(alphabet.map((code, index) => [code, fixed.length + index]))
    const { tokens, merges } = learnMerges(wordsOfCharacters(pieces, symbolOf), {
      tokens: [...fixed, ...characters],
      vocabularySize,
      minimumFrequency,
      accepts: (token) => !reserved.has(token) && [...token].length <= maximumPieceLength,
      onProgress,
    })
    const learned = tokens.slice(fixed.length + characters.length)
    /** Ids as they were while learning, in the order of the final ids: learned pieces before characters. */
    const model = bpeModelJson({ tokens, merges }, { unknown: special.roles.unk ?? null, byteFallback: true })
    const ordered = [...fixed, ...learned, ...characters]
    return { ...model, vocab: Object.fromEntries(ordered.map((token, id) => [token, id])) }
  },
}
