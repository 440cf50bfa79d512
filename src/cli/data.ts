/** What a recipe says about text, done: corpus, tokenizer, ids. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import type { Recipe } from "../recipes/index.ts"
import {
  AutoTokenizer,
  type Corpus,
  type CorpusDocument,
  type HeldOutSplit,
  readCorpus,
  splitHeldOut,
  type TokenizedSplit,
  type Tokenizer,
  tokenizeCorpus,
  trainBpe,
} from "../text/index.ts"
import { Progress } from "./progress.ts"
import type { Terminal } from "./terminal.ts"
import { byteSize, grouped } from "./wording.ts"

/** The text of a run. */
export interface RunText extends HeldOutSplit {
  readonly corpus: Corpus
  readonly trainingBytes: number
  readonly heldOutBytes: number
}

/** Reads the corpus and holds every 20th document out. Errors as `readCorpus` and `splitHeldOut`. */
export async function readText({ corpus: { sources, field } }: Pick<Recipe, "corpus">): Promise<RunText> {
  const corpus = await readCorpus(sources, { field })
  const split = splitHeldOut(corpus.documents)
  return { corpus, ...split, trainingBytes: countBytes(split.train), heldOutBytes: countBytes(split.heldOut) }
}

/** UTF-8 bytes of documents' texts. */
export function countBytes(documents: readonly Pick<CorpusDocument, "text">[]): number {
  return documents.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
}

/** The tokenizer a recipe names, or one trained on the training text. */
export async function makeTokenizer(
  { tokenizer: settings, from }: Pick<Recipe, "tokenizer" | "from">,
  documents: readonly CorpusDocument[],
  terminal: Terminal,
): Promise<Tokenizer> {
  const folder = settings.from ?? from
  if (folder !== undefined) return AutoTokenizer.fromPretrained(folder)
  using progress = new Progress(terminal, "tokenizer")
  const tokenizer = await trainBpe(
    documents.map(({ text }) => text),
    {
      vocabularySize: settings.vocabularySize,
      splitPattern: settings.splitPattern,
      onProgress: ({ stage, done, total }) =>
        progress.show({ done, total: total ?? documents.length, note: stage === "count" ? "counting" : "merging" }),
    },
  )
  progress.end(`${grouped(tokenizer.vocabularySize)} pieces learned`)
  return tokenizer
}

/** The training text and the held-out text as ids. */
export function tokenizeText(
  { train, heldOut }: Pick<RunText, "train" | "heldOut">,
  tokenizer: Tokenizer,
  terminal: Terminal,
): { training: TokenizedSplit; heldOut: TokenizedSplit } {
  using progress = new Progress(terminal, "tokens")
  const training = tokenizeCorpus(train, tokenizer, ({ documents, totalDocuments }) =>
    progress.show({ done: documents, total: totalDocuments }),
  )
  const held = tokenizeCorpus(heldOut, tokenizer)
  progress.end(
    `${grouped(training.tokens.length)} to learn from, ${grouped(held.tokens.length)} held out, ` +
      `${(training.bytes / training.tokens.length).toFixed(2)} bytes each`,
  )
  return { training, heldOut: held }
}

/** One line about a corpus. */
export function describeText({ corpus, train, heldOut, trainingBytes, heldOutBytes }: RunText): string {
  const names = corpus.records.map(({ name, version }) => (version ? `${name} ${version}` : name)).join(", ")
  return (
    `${names}: ${byteSize(trainingBytes)} in ${grouped(train.length)} documents to learn from, ` +
    `${byteSize(heldOutBytes)} in ${grouped(heldOut.length)} held out`
  )
}

/** The tokenizer of a run folder that is gone on with; undefined where it has none yet. */
export async function tokenizerOfRun(folder: string): Promise<Tokenizer | undefined> {
  return existsSync(join(folder, "tokenizer.json")) ? AutoTokenizer.fromPretrained(folder) : undefined
}
