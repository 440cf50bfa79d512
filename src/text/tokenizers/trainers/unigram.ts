/**
 * Unigram: every piece has a probability, and a text's tokens are its likeliest pieces. Kudo 2018, arXiv:1804.10959.
 * Spaces are visible marks as in SentencePiece. Ids are: special tokens, 256 bytes, pieces by probability.
 */
import { SPACE_MARK } from "../metaspace.ts"
import { alphabetOf, refuseClash } from "./alphabet.ts"
import { BYTE_TOKENS } from "./byte-tokens.ts"
import { wordsOfCharacters } from "./merging/symbol-words.ts"
import { MARKED_DECODER, markedSplitter } from "./splitting.ts"
import { checkRoom, checkShare, checkWhole, type Trainer } from "./trainer.ts"
import { learnPieces } from "./unigram/learn-pieces.ts"

export const unigramTrainer: Trainer<"unigram"> = {
  // Readers of tokenizer.json ask for one even where bytes leave nothing unknown.
  needsUnknown: true,
  splitter: markedSplitter,
  decoder: () => MARKED_DECODER,

  check(options, { tokens }) {
    checkShare("characterCoverage", options.characterCoverage)
    checkShare("shrinkingFactor", options.shrinkingFactor, "below 1")
    checkWhole("maximumPieceLength", options.maximumPieceLength, 1)
    checkWhole("seedPieces", options.seedPieces, 0)
    checkWhole("subIterations", options.subIterations, 1)
    checkRoom(options.vocabularySize, [
      ["special tokens", tokens.length],
      ["bytes", options.byteFallback === false ? 0 : BYTE_TOKENS.length],
      ["mark of spaces", 1],
    ])
  },

  learn(pieces, options, special) {
    const { vocabularySize, byteFallback = true, onProgress } = options
    const bytes = byteFallback ? BYTE_TOKENS : []
    const markup = [...special.tokens, ...bytes]
    const alphabet = alphabetOf(pieces, options, SPACE_MARK + markup.join("").replaceAll(" ", SPACE_MARK))
    const characters = alphabet.map((code) => String.fromCodePoint(code))
    refuseClash(special, [...bytes, ...characters])
    checkRoom(vocabularySize, [
      ["special tokens", special.tokens.length],
      ["bytes", bytes.length],
      ["characters", characters.length],
    ])
    const symbolOf = new Map(alphabet.map((code, index) => [code, index]))
    const words = wordsOfCharacters(pieces, symbolOf)
    const met = new Set(words.symbols)
    const unmet = characters.filter((_, symbol) => !met.has(symbol))
    const learned = learnPieces(words, {
      size: vocabularySize - special.tokens.length - bytes.length - unmet.length,
      maximumLength: options.maximumPieceLength ?? 16,
      seedPieces: options.seedPieces ?? 1_000_000,
      shrinkingFactor: options.shrinkingFactor ?? 0.75,
      subIterations: options.subIterations ?? 2,
      onProgress,
    }).map(({ symbols, logProbability }) => ({
      piece: Array.from(symbols, (symbol) => characters[symbol]).join(""),
      logProbability,
    }))
    learned.sort((left, right) => right.logProbability - left.logProbability || (left.piece < right.piece ? -1 : 1))
    const lowest = learned.at(-1)?.logProbability ?? -1
    const reserved = new Set(markup)
    const scored: [piece: string, logProbability: number][] = [
      // The model knows no special tokens, only pieces: written out in a text, one must be less likely than its
      // characters, all of which have a piece.
      ...markup.map((token): [string, number] => [token, ([...token].length + 1) * (lowest - 1)]),
      ...learned
        .filter(({ piece }) => !reserved.has(piece))
        .map(({ piece, logProbability }): [string, number] => [piece, logProbability]),
      ...unmet.map((character): [string, number] => [character, lowest - 1]),
    ]
    return {
      type: "Unigram",
      unk_id: special.tokens.indexOf(special.roles.unk as string),
      vocab: scored,
      byte_fallback: byteFallback,
    }
  },
}
