/**
 * Training: documents in, a tokenizer out. Text is cut into pieces, distinct pieces are counted, and an algorithm learns
 * a vocabulary from the counts alone; so the order of documents and the number of threads do not matter.
 */
import { GlossaError } from "../../../errors.ts"
import { HIGHEST_VOCABULARY } from "../models/vocabulary.ts"
import { compilePattern, SPLIT_PATTERNS } from "../pattern.ts"
import { templateWithFirst } from "../post-processors/template.ts"
import type { SpecialRoles } from "../special-tokens.ts"
import { Tokenizer, type TokenizerJson } from "../tokenizer.ts"
import { bpeTrainer } from "./bpe.ts"
import { byteFallbackBpeTrainer } from "./byte-fallback-bpe.ts"
import { countPieces, DEFAULT_MEMORY_LIMIT } from "./counting/count-pieces.ts"
import { sampler } from "./counting/sampler.ts"
import type {
  BpeTrainingOptions,
  OptionsOf,
  TrainingAlgorithm,
  TrainingDocuments,
  TrainTokenizerOptions,
} from "./options.ts"
import { checkShare, checkWhole, optionInvalid, type Trainer } from "./trainer.ts"
import { resolveSpecialTokens } from "./trainer-special-tokens.ts"
import { unigramTrainer } from "./unigram.ts"
import { wordPieceTrainer } from "./word-piece.ts"

const TRAINERS: { readonly [Algorithm in TrainingAlgorithm]: Trainer<Algorithm> } = {
  bpe: bpeTrainer,
  "bpe-byte-fallback": byteFallbackBpeTrainer,
  unigram: unigramTrainer,
  wordpiece: wordPieceTrainer,
}

/** The algorithms by name. */
export const TRAINING_ALGORITHMS = Object.keys(TRAINERS) as readonly TrainingAlgorithm[]

/**
 * Learns a tokenizer. Special tokens have ids 0, 1, 2, …; the `bos` role's is put before every text.
 *
 * @throws RECIPE_INVALID when an option is of the wrong kind or contradictory
 * @throws TOKENIZER_TOO_SMALL when `vocabularySize` has no room for special tokens, bytes and alphabet
 * @throws TOKENIZER_INVALID when the split pattern is none that JavaScript can run
 * @throws CORPUS_EMPTY when the documents hold no text
 * @throws FILE_UNWRITABLE when pieces that exceed `memoryLimit` cannot be put on disk
 * @example
 * const tokenizer = await trainTokenizer(["Call me Ishmael."], { algorithm: "bpe", vocabularySize: 300 })
 */
export async function trainTokenizer(documents: TrainingDocuments, options: TrainTokenizerOptions): Promise<Tokenizer> {
  const { json, roles } = await trainTokenizerJson(documents, options)
  return Tokenizer.fromJson(json, { roles }, "trained tokenizer")
}

/** As `trainTokenizer`, for byte-level BPE. */
export function trainBpe(
  documents: TrainingDocuments,
  options: Omit<BpeTrainingOptions, "algorithm">,
): Promise<Tokenizer> {
  return trainTokenizer(documents, { ...options, algorithm: "bpe" })
}

/** As `trainTokenizer`, but gives the contents of tokenizer.json and which special token plays which part. */
export async function trainTokenizerJson(
  documents: TrainingDocuments,
  options: TrainTokenizerOptions,
): Promise<{ readonly json: TokenizerJson; readonly roles: SpecialRoles }> {
  if (!Object.hasOwn(TRAINERS, options.algorithm)) {
    throw optionInvalid("algorithm", `one of ${TRAINING_ALGORITHMS.join(", ")}`, `${options.algorithm}`)
  }
  return trainWith(TRAINERS[options.algorithm] as Trainer<TrainingAlgorithm>, documents, options)
}

async function trainWith<Algorithm extends TrainingAlgorithm>(
  trainer: Trainer<Algorithm>,
  documents: TrainingDocuments,
  options: OptionsOf<Algorithm>,
) {
  checkCommonOptions(options)
  const special = resolveSpecialTokens(options, trainer.needsUnknown)
  trainer.check(options, special)
  const splitter = trainer.splitter(options)
  const pieces = await countPieces(documents, splitter, {
    threads: options.threads,
    memoryLimit: options.memoryLimit ?? DEFAULT_MEMORY_LIMIT,
    temporaryFolder: options.temporaryFolder,
    includes: sampler(options.sampleFraction ?? 1, options.seed ?? 0),
    onProgress: options.onProgress,
  })
  if (pieces.texts.length === 0) throw nothingCounted(pieces.summary.leftOutPieces)
  options.onCounted?.(pieces.summary)
  const model = trainer.learn(pieces, options, special)
  const bos = special.roles.bos
  const json: TokenizerJson = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: special.tokens.map((content, id) => ({ ...SPECIAL_TOKEN, id, content })),
    normalizer: splitter.normalizer,
    pre_tokenizer: splitter.preTokenizer,
    post_processor: bos === undefined ? null : templateWithFirst(bos, special.tokens.indexOf(bos)),
    decoder: trainer.decoder(options),
    model,
  }
  return { json, roles: special.roles }
}

/** Found wherever it stands, in text as it was written. */
const SPECIAL_TOKEN = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }

function nothingCounted(leftOutPieces: number): GlossaError {
  if (leftOutPieces > 0) return optionInvalid("memoryLimit", "room for at least the most frequent piece", "less")
  return new GlossaError("CORPUS_EMPTY", {
    where: "tokenizer training",
    wanted: "documents with text",
    came: "no text at all",
    fix: "name files that are not empty",
  })
}

function checkCommonOptions(options: TrainTokenizerOptions): void {
  const { vocabularySize, splitPattern, seed } = options
  if (!Number.isInteger(vocabularySize) || vocabularySize > HIGHEST_VOCABULARY) {
    throw optionInvalid("vocabularySize", `a whole number up to ${HIGHEST_VOCABULARY}`, vocabularySize)
  }
  checkWhole("threads", options.threads, 1)
  checkWhole("memoryLimit", options.memoryLimit, 1)
  checkShare("sampleFraction", options.sampleFraction)
  if (seed !== undefined && !Number.isSafeInteger(seed)) throw optionInvalid("seed", "a whole number", seed)
  if (splitPattern !== undefined && !Object.hasOwn(SPLIT_PATTERNS, splitPattern)) {
    compilePattern(splitPattern, "tokenizer training: splitPattern")
  }
}
