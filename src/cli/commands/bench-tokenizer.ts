/**
 * `glossa bench tokenizer`: how fast text becomes ids, one document at a time on one thread, as the peers are timed; or all
 * documents as one batch, on one thread or more, with the ids in one row.
 */
import { AutoTokenizer } from "../../text/index.ts"
import { type Call, defineCommand, JSON_FLAG, numberFlag, requiredText, switchFlag, wholeFlag } from "../command.ts"
import { median } from "../median.ts"
import { readFileBytes } from "../read-file.ts"
import { printJson, printLine } from "../terminal.ts"
import { grouped } from "../wording.ts"

/** The median of the rounds counts; batches are shorter, and two threads have twice the luck and mischance of one. */
const ROUNDS = 3
const BATCH_ROUNDS = 31
/** How often each thread of a batch has met the text, or as much as that, before the first timed round: V8 compiles until then. */
const BATCH_WARM_UPS = 10
/** Paragraphs are joined to documents of at least so many characters. */
const DOCUMENT_CHARACTERS = 4000

const flags = {
  tokenizer: requiredText("--tokenizer <path>", "folder with tokenizer.json, or GGUF file"),
  text: requiredText("--text <file>", "text to encode"),
  megabytes: numberFlag("--megabytes <count>", "how much of its beginning (4)", {
    minimum: 0.001,
    maximum: 1000,
    wanted: "a number from 0.001 to 1000",
  }),
  batch: switchFlag("--batch", "all documents as one batch"),
  threads: wholeFlag("--threads <count>", "threads that encode; more than one as a batch (1)", 1),
  ...JSON_FLAG,
}

export const benchTokenizer = defineCommand({
  flags,
  example: "glossa bench tokenizer --tokenizer runs/speedrun --text book.txt --json",
  async run({ flags: given, terminal }: Call<typeof flags>) {
    const tokenizer = await AutoTokenizer.fromPretrained(given.tokenizer)
    const text = (await readFileBytes(given.text, "a text file", Math.round((given.megabytes ?? 4) * 1e6))).toString(
      "utf8",
    )
    const documents = cutIntoDocuments(text)
    const threads = given.threads ?? 1
    const options = { addSpecialTokens: false }
    const isBatch = given.batch || threads > 1
    const countIds = isBatch
      ? async () => (await tokenizer.encodePacked(documents, { ...options, threads })).ids.length
      : () => documents.reduce((sum, document) => sum + tokenizer.encode(document, options).length, 0)
    if (threads > 1) await tokenizer.openThreads(threads)
    // Threads share the text of a round, so that more of them need as many more rounds to be as warm as one.
    if (isBatch) for (let round = 0; round < BATCH_WARM_UPS * threads; round++) await countIds()
    const seconds: number[] = []
    let tokens = 0
    for (let round = 0; round < (isBatch ? BATCH_ROUNDS : ROUNDS); round++) {
      const start = performance.now()
      tokens = await countIds()
      seconds.push((performance.now() - start) / 1000)
    }
    await tokenizer.closeThreads()
    const bytes = Buffer.byteLength(text)
    const rate = bytes / median(seconds) / 1e6
    const result = { mb_per_s: rate, tokens, bytes, documents: documents.length, threads }
    if (given.json) printJson(terminal, result)
    else printLine(terminal, `${rate.toFixed(2)} MB/s, ${grouped(tokens)} ids from ${grouped(bytes)} bytes`)
  },
})

/** Whole paragraphs, as many as make a document. */
function cutIntoDocuments(text: string): string[] {
  const documents: string[] = []
  let open = ""
  for (const paragraph of text.split(/(?<=\n\n)/)) {
    open += paragraph
    if (open.length < DOCUMENT_CHARACTERS) continue
    documents.push(open)
    open = ""
  }
  return open ? [...documents, open] : documents
}
