/** The tokenizer files beside tokenizer.json: SentencePiece models, tiktoken ranks, vocab.json with merges.txt, vocab.txt. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import {
  AutoTokenizer,
  mergesTextOf,
  readSentencePieceModel,
  type SentencePieceModel,
  sentencePieceFileOf,
  type Tokenizer,
  tokenizerFromMergesText,
  tokenizerFromSentencePieceFile,
  tokenizerFromTiktoken,
  tokenizerFromVocabularyText,
  writeSentencePieceModel,
} from "../../src/text/tokenizers/index.ts"
import { LONGEST_INPUT } from "./mutate.ts"
import type { Target } from "./targets.ts"

const TEXT = "the cat, don't  sat\t123 é😀 <s> <0x41>\n"
const text = (input: Uint8Array) => Buffer.from(input).toString()
const bytes = (value: string) => new Uint8Array(Buffer.from(value))

/** Lines as one text. What mutation makes of a list may be no list, or one of any length. */
function joined(value: unknown, between: string): string {
  return Array.isArray(value) ? value.slice(0, LONGEST_INPUT).map(String).join(between) : String(value)
}

/** Encodes both ways and decodes; both ways must agree. */
function use(tokenizer: Tokenizer): void {
  const ids = tokenizer.encode(TEXT, { parseSpecialTokens: true })
  const full = tokenizer.encodeFull(TEXT, { parseSpecialTokens: true, truncation: false, padding: false })
  if (full.ids.join() !== ids.join()) throw new Error("encode and encodeFull give other ids")
  tokenizer.decode(ids.filter((id) => tokenizer.idToToken(id) !== undefined))
}

// ---- SentencePiece

function modelOf(changes: Partial<SentencePieceModel> = {}): SentencePieceModel {
  const learned = ["▁", "t", "h", "e", "▁t", "th", "he", "▁the", "a", "c", "s", ",", "é"]
  return {
    kind: "unigram",
    pieces: [
      { text: "<unk>", score: 0, type: "unknown" },
      { text: "<s>", score: 0, type: "control" },
      { text: "</s>", score: 0, type: "control" },
      ...learned.map((piece, index) => ({ text: piece, score: -index - 1, type: "normal" as const })),
      { text: "cat", score: 0, type: "userDefined" },
      { text: "<0x41>", score: 0, type: "byte" },
      { text: "unused", score: -3, type: "unused" },
    ],
    byteFallback: false,
    characterMap: new Uint8Array(0),
    addsDummyPrefix: true,
    removesExtraSpaces: true,
    escapesSpaces: true,
    spaceIsSuffix: false,
    special: { unk: "<unk>", bos: "<s>", eos: "</s>", pad: "<pad>" },
    ...changes,
  }
}

/** A trie that knows one byte, "A", and makes a space of it. */
const characterMap = (() => {
  const units = new Uint32Array(256)
  units[0] = 128 << 10
  units[128 ^ 0x41] = 0x41 | (1 << 8) | (((128 ^ 0x41 ^ 7) & 0x1fffff) << 10)
  units[7] = 0x80000000
  const table = new Uint8Array(4 + units.byteLength + 2)
  new DataView(table.buffer).setUint32(0, units.byteLength, true)
  table.set(new Uint8Array(units.buffer), 4)
  table.set([0x20, 0], 4 + units.byteLength)
  return table
})()

const sentencePiece: Target = {
  name: "tokenizer.model",
  corpus: [
    writeSentencePieceModel(modelOf()),
    writeSentencePieceModel(modelOf({ kind: "bpe", byteFallback: true, removesExtraSpaces: false })),
    writeSentencePieceModel(modelOf({ characterMap, addsDummyPrefix: false })),
  ],
  words: ["▁", "<unk>", "\n\u0005", "\u0012\u0002", "\u0018\u0003", "\u0015", "kind", "pieces", "score", "bpe"],
  toValue(input) {
    const model = readSentencePieceModel(input, "model")
    return { ...model, characterMap: [...model.characterMap] }
  },
  fromValue(value) {
    try {
      const model = value as SentencePieceModel
      return writeSentencePieceModel({ ...model, characterMap: Uint8Array.from(model.characterMap) })
    } catch {
      return bytes(JSON.stringify(value) ?? "") // a value that cannot be written
    }
  },
  async read(input, folder) {
    let tokenizer: Tokenizer
    if (input.length % 16 === 0) {
      const path = join(folder, "tokenizer.model")
      writeFileSync(path, input)
      tokenizer = await AutoTokenizer.fromPretrained(path)
    } else tokenizer = tokenizerFromSentencePieceFile(input)
    use(tokenizer)
    use(tokenizerFromSentencePieceFile(sentencePieceFileOf(tokenizer)))
  },
}

// ---- tiktoken

const ranksOf = (tokens: readonly string[]) =>
  tokens.map((token, rank) => `${Buffer.from(token, "latin1").toString("base64")} ${rank}\n`).join("")
const singleBytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))

const tiktoken: Target = {
  name: "tiktoken",
  corpus: [
    bytes(ranksOf([...singleBytes, "th", "the", " t", " the", "an"])),
    bytes(ranksOf(["t", "h", "e", " ", "th", "the"])),
  ],
  words: ["dGhl 258\n", "IA== 5\n", " ", "\n", "\r\n", "=", "99999999", "dGhlIA=="],
  toValue: (input) => text(input).split("\n"),
  fromValue: (value) => bytes(joined(value, "\n")),
  async read(input) {
    use(tokenizerFromTiktoken(text(input), { splitPattern: "cl100k", specialTokens: { "<s>": 5000 } }))
  },
}

// ---- vocab.json and merges.txt, one after the other with a line of dashes between

const merges: Target = {
  name: "merges.txt",
  corpus: [
    bytes(
      `${JSON.stringify(Object.fromEntries([..."thecatsdonĠ',.", "th", "the", "Ġt", "<|endoftext|>"].map((token, id) => [token, id])))}\n---\n#version: 0.2\nt h\nth e\nĠ t\n`,
    ),
  ],
  words: ["t h\n", "Ġ", "<|endoftext|>", "---\n", "#version: 0.2\n", '":1', " "],
  toValue: (input) => text(input).split("\n---\n"),
  fromValue: (value) => bytes(joined(value, "\n---\n")),
  async read(input) {
    const [vocabulary, lines = ""] = text(input).split("\n---\n")
    let json: unknown
    try {
      json = JSON.parse(vocabulary)
    } catch {
      return // what is not JSON is told by `fromPretrained`
    }
    const tokenizer = tokenizerFromMergesText(json, lines)
    use(tokenizer)
    const again = mergesTextOf(tokenizer)
    use(tokenizerFromMergesText(JSON.parse(again.vocabulary), again.merges))
  },
}

// ---- vocab.txt

const vocabularies: Target = {
  name: "vocab.txt",
  corpus: [bytes("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\ncat\n##s\nsat\n,\n'\ndon\nt\n1\n##2\n##3\n")],
  words: ["[UNK]\n", "##", "the\n", "\r\n", "\n\n", "[SEP]"],
  toValue: (input) => text(input).split("\n"),
  fromValue: (value) => bytes(joined(value, "\n")),
  async read(input) {
    use(tokenizerFromVocabularyText(text(input)))
  },
}

export const TOKENIZER_FILE_TARGETS: readonly Target[] = [sentencePiece, tiktoken, merges, vocabularies]
