// Tokenizers that a Node user would pick encode a text, one document at a time on one thread: the work of
// `glossa bench tokenizer`, the same keys. `--library gpt-tokenizer` encodes with cl100k, `--library hugging-face` (the
// Rust library) with the file of `--tokenizer`.
import { openSync, readSync } from "node:fs"
import { parseArgs } from "node:util"

const ROUNDS = 3
/** Paragraphs are joined to documents of at least so many characters. */
const DOCUMENT_CHARACTERS = 4000

const { values: given } = parseArgs({
  options: {
    library: { type: "string" },
    tokenizer: { type: "string" },
    text: { type: "string" },
    megabytes: { type: "string", default: "4" },
  },
})

/** Makes an encoder: a document in, the number of its ids out. */
const libraries = {
  async "gpt-tokenizer"() {
    const { encode } = await import("gpt-tokenizer/encoding/cl100k_base")
    return (document) => encode(document).length
  },
  async "hugging-face"() {
    const { Tokenizer } = await import("@anush008/tokenizers").then((module) => module.default ?? module)
    const tokenizer = Tokenizer.fromFile(given.tokenizer)
    return async (document) => (await tokenizer.encode(document, null, { addSpecialTokens: false })).getLength()
  },
}

function readStart(path, bytes) {
  const buffer = Buffer.alloc(bytes)
  return buffer.subarray(0, readSync(openSync(path, "r"), buffer, 0, bytes, 0)).toString("utf8")
}

function cutIntoDocuments(text) {
  const documents = []
  let open = ""
  for (const paragraph of text.split(/(?<=\n\n)/)) {
    open += paragraph
    if (open.length >= DOCUMENT_CHARACTERS) {
      documents.push(open)
      open = ""
    }
  }
  return open ? [...documents, open] : documents
}

const count = await libraries[given.library]()
const text = readStart(given.text, Number(given.megabytes) * 1e6)
const documents = cutIntoDocuments(text)
const seconds = []
let tokens = 0
for (let round = 0; round < ROUNDS; round++) {
  const start = performance.now()
  tokens = 0
  for (const document of documents) tokens += await count(document)
  seconds.push((performance.now() - start) / 1000)
}
const median = seconds.sort((left, right) => left - right)[ROUNDS >> 1]
console.log(
  JSON.stringify({ peer: given.library, mb_per_s: Buffer.byteLength(text) / median / 1e6, tokens, threads: 1 }),
)
