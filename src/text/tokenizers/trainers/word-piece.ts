/**
 * WordPiece: as BPE, but of the frequent pairs the next is the one that gains the most likelihood. What is learned are the pieces alone:
 * a tokenizer takes the longest piece that fits, again and again. Ids are: special tokens, characters that begin words,
 * characters that go on, pieces in the order they were learned.
 */
import { alphabetOf, refuseClash } from "./alphabet.ts"
import type { PieceCounts } from "./counting/count-pieces.ts"
import { learnLikelyMerges } from "./merging/learn-likely-merges.ts"
import { type SymbolWords, SymbolWordsBuilder } from "./merging/symbol-words.ts"
import { cutInTurn, normalizerJson, PUNCTUATION, patternSource, splitBy, WITHOUT_SPACES } from "./splitting.ts"
import { checkFrequency, checkRoom, checkShare, optionInvalid, type Trainer } from "./trainer.ts"

const DEFAULT_PREFIX = "##"
/** Longer words become the unknown token whole, as in BERT; they are not learned from. */
const LONGEST_WORD = 100

export const wordPieceTrainer: Trainer<"wordpiece"> = {
  needsUnknown: true,

  splitter(options) {
    const source = patternSource(options.splitPattern ?? PUNCTUATION)
    return {
      normalizer: normalizerJson(options.normalizer),
      preTokenizer: cutInTurn(options, WITHOUT_SPACES, splitBy(source)),
    }
  },

  decoder: ({ continuingPrefix = DEFAULT_PREFIX }) => ({ type: "WordPiece", prefix: continuingPrefix, cleanup: true }),

  check(options, { tokens }) {
    checkFrequency(options.minimumFrequency)
    checkShare("characterCoverage", options.characterCoverage)
    if (options.continuingPrefix === "") throw optionInvalid("continuingPrefix", "at least one character", "none")
    checkRoom(options.vocabularySize, [
      ["special tokens", tokens.length],
      ["characters", 2],
    ])
  },

  learn(pieces, options, special) {
    const { vocabularySize, minimumFrequency = 2, continuingPrefix = DEFAULT_PREFIX, onProgress } = options
    const alphabet = alphabetOf(pieces, options)
    const characters = alphabet.map((code) => String.fromCodePoint(code))
    const alphabetTokens = [...characters, ...characters.map((character) => continuingPrefix + character)]
    refuseClash(special, alphabetTokens)
    checkRoom(vocabularySize, [
      ["special tokens", special.tokens.length],
      ["characters at the start of words", characters.length],
      ["characters further on", characters.length],
    ])
    const reserved = new Set(special.tokens)
    const symbolOf = new Map(alphabet.map((code, index) => [code, special.tokens.length + index]))
    const { tokens } = learnLikelyMerges(wordsOfPositions(pieces, symbolOf), {
      tokens: [...special.tokens, ...alphabetTokens],
      vocabularySize,
      minimumFrequency,
      join: (left, right) => left + right.slice(continuingPrefix.length),
      accepts: (token) => !reserved.has(token),
      onProgress,
    })
    return {
      type: "WordPiece",
      unk_token: special.roles.unk as string,
      continuing_subword_prefix: continuingPrefix,
      max_input_chars_per_word: LONGEST_WORD,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    }
  },
}

/**
 * Characters as symbols: `symbolOf` at the start of a word, further on as many ids higher as there are characters. A
 * word that would become the unknown token is left out.
 */
export function wordsOfPositions({ texts, counts }: PieceCounts, symbolOf: ReadonlyMap<number, number>): SymbolWords {
  const words = new SymbolWordsBuilder()
  for (const [index, text] of texts.entries()) {
    const symbols = Array.from(text, (character) => symbolOf.get(character.codePointAt(0) as number))
    if (symbols.length > LONGEST_WORD || symbols.includes(undefined)) continue
    for (const [place, symbol] of symbols.entries()) words.push((symbol as number) + (place > 0 ? symbolOf.size : 0))
    words.endWord(counts[index])
  }
  return words.build()
}
