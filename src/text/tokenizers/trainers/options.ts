/** What training is told. One type an algorithm, so that an option which an algorithm has no use for is a type error. */
import type { PartJson } from "../parts.ts"
import type { SplitPatternName } from "../pattern.ts"
import type { SpecialRoles } from "../special-tokens.ts"
import type { CountSummary, TrainingProgress } from "./progress.ts"

/** Texts to learn from. Pieces never cross from one document to the next. */
export type TrainingDocuments = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>

/** Unicode's normalization forms by name, or any normalizer as tokenizer.json spells it. */
export type TrainingNormalizer = "none" | "nfc" | "nfd" | "nfkc" | "nfkd" | PartJson

/** Options of every algorithm. */
export interface CommonTrainingOptions {
  /** Ids in all. Fewer come out when the text has nothing more to learn. */
  readonly vocabularySize: number
  /**
   * How text is cut into the stretches that pieces stay within: a known vocabulary's way by name, or a pattern of one's
   * own over plain text. Default: cl100k for `bpe`; WORD_PATTERN for `bpe-byte-fallback` and `unigram`; BERT's cuts at
   * spaces and punctuation for `wordpiece`.
   */
  readonly splitPattern?: SplitPatternName | (string & {})
  /** Cut every digit off by itself. Default false. */
  readonly splitDigits?: boolean
  /** What is done to text before it is cut. Default "none", which alone is lossless. */
  readonly normalizer?: TrainingNormalizer
  /** Tokens that stand for structure; they take ids 0, 1, 2, …. Default: DEFAULT_SPECIAL_TOKENS, and `<|unk|>` where a role of that kind is needed. */
  readonly specialTokens?: readonly string[]
  /** How many special tokens named `<|reserved_N|>` to add for later uses. Default 0. */
  readonly reservedTokens?: number
  /** Which special tokens begin, end, fill and stand for the unknown. Default: by their usual names. */
  readonly roles?: SpecialRoles
  /** The part of the documents that is learned from, above 0 and at most 1, drawn at random. Default 1. */
  readonly sampleFraction?: number
  /** Draws the sample: the same seed draws the same documents. Default 0. */
  readonly seed?: number
  /** Threads that count; the result is the same for any number. Default: all cores. */
  readonly threads?: number
  /**
   * Bytes that the counted pieces and what is learned on them may take. While counting, what does not fit goes to disk;
   * before learning, the rarest pieces are left out until the rest fits. Default 1 GiB.
   */
  readonly memoryLimit?: number
  /** Folder for what does not fit into memory. Default: the system's. */
  readonly temporaryFolder?: string
  readonly onProgress?: (progress: TrainingProgress) => void
  /** Told once, after counting. */
  readonly onCounted?: (summary: CountSummary) => void
}

interface FrequencyOption {
  /** A pair must be met this often to be joined; at least 1. Default 2. */
  readonly minimumFrequency?: number
}

interface AlphabetOptions {
  /**
   * The share of the text's characters that get a token of their own, above 0 and at most 1; the rarest go without.
   * Default 0.9995.
   */
  readonly characterCoverage?: number
  /** Characters that get a token however rare they are. Default: those of ASCII that print. */
  readonly requiredCharacters?: string
}

interface PieceLengthOption {
  /** The longest piece, in characters. Default 16. */
  readonly maximumPieceLength?: number
}

/** Byte-level BPE: lossless for any bytes. */
export interface BpeTrainingOptions extends CommonTrainingOptions, FrequencyOption {
  readonly algorithm: "bpe"
}

/** BPE over characters, as SentencePiece makes it: characters without a token become their bytes' tokens. */
export interface ByteFallbackBpeTrainingOptions
  extends CommonTrainingOptions,
    FrequencyOption,
    AlphabetOptions,
    PieceLengthOption {
  readonly algorithm: "bpe-byte-fallback"
}

/** Unigram: a probability a piece, the likeliest pieces of a text are its tokens. */
export interface UnigramTrainingOptions extends CommonTrainingOptions, AlphabetOptions, PieceLengthOption {
  readonly algorithm: "unigram"
  /** Whether characters without a token become their bytes' tokens (256 ids) instead of the unknown one. Default true. */
  readonly byteFallback?: boolean
  /** How many frequent substrings to begin with. Default 1,000,000. */
  readonly seedPieces?: number
  /** The part of the vocabulary that outlives each pruning, above 0 and below 1. Default 0.75. */
  readonly shrinkingFactor?: number
  /** Steps of expectation-maximisation before each pruning. Default 2. */
  readonly subIterations?: number
}

/** WordPiece: of the frequent pairs, those are joined first that are met more often than their parts let expect. */
export interface WordPieceTrainingOptions extends CommonTrainingOptions, FrequencyOption, AlphabetOptions {
  readonly algorithm: "wordpiece"
  /** What marks a piece that does not begin a word. Default `##`. */
  readonly continuingPrefix?: string
}

export type TrainTokenizerOptions =
  | BpeTrainingOptions
  | ByteFallbackBpeTrainingOptions
  | UnigramTrainingOptions
  | WordPieceTrainingOptions

export type TrainingAlgorithm = TrainTokenizerOptions["algorithm"]

/** The options of one algorithm. */
export type OptionsOf<Algorithm extends TrainingAlgorithm> = Extract<TrainTokenizerOptions, { algorithm: Algorithm }>
