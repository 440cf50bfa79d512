/** The command: flags become options, and flags that make no sense together are refused in one line. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { afterAll, beforeAll, expect, test } from "vitest"
import { runCommandLine } from "../main.ts"
import { processTerminal, type Terminal } from "../terminal.ts"

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glossa-train-test-"))
  const lines = Array.from({ length: 60 }, (_, index) => `the ${index} whales swam, and the whalers followed\n`)
  await writeFile(join(folder, "text.txt"), lines.join(""))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs `tokenizer train` on the text; gives the exit code and all that was written. */
async function train(words: string): Promise<{ exitCode: number; written: string }> {
  const stream = new PassThrough() as unknown as NodeJS.WriteStream
  const terminal: Terminal = { ...processTerminal(), output: stream, notices: stream, isWatched: false }
  const line = ["tokenizer", "train", ...words.split(" "), "--out", join(folder, "out"), join(folder, "text.txt")]
  const exitCode = await runCommandLine(line, terminal)
  process.exitCode = undefined
  return { exitCode, written: String((stream as unknown as PassThrough).read() ?? "") }
}

test("flags become options", async () => {
  const { exitCode, written } = await train(
    "--algorithm bpe-byte-fallback --vocab-size 300 --special-token <s> --special-token </s> --reserved-tokens 1 " +
      "--required-characters ß --split-digits --normalizer nfc --max-piece-length 4 --memory 50 --json",
  )
  expect(exitCode).toBe(0)
  expect(JSON.parse(written)).toMatchObject({
    algorithm: "bpe-byte-fallback",
    vocabulary_size: 300,
    left_out_pieces: 0,
  })
  const file = JSON.parse(await readFile(join(folder, "out/tokenizer.json"), "utf8"))
  const contents = file.added_tokens.map(({ content }: { content: string }) => content)
  expect(contents).toEqual(["<s>", "</s>", "<|reserved_0|>"])
  expect(file.model.vocab).toHaveProperty("ß")
  expect(file.normalizer.normalizers[0]).toEqual({ type: "NFC" })
  expect(file.pre_tokenizer.pretokenizers[0]).toMatchObject({ type: "Digits" })
})

test("refuses in one line what it cannot do", async () => {
  const refused = async (words: string, text: RegExp) => {
    const { exitCode, written } = await train(words)
    expect(written).toMatch(text)
    expect(written.trim().split("\n")).toHaveLength(1)
    expect(exitCode).toBe(2)
  }
  await refused("--vocab-size 100", /wanted at least 276.*TOKENIZER_TOO_SMALL/)
  await refused("--algorithm bytes", /--algorithm: wanted bpe, bpe-byte-fallback, unigram or wordpiece/)
  await refused("--character-coverage 0.9", /--character-coverage: wanted this flag only with .*came --algorithm bpe/)
  await refused("--algorithm unigram --min-frequency 3", /--min-frequency.*COMMAND_INVALID/)
  await refused("--algorithm bpe-byte-fallback --character-coverage 2", /above 0 and at most 1; came 2/)
  await refused("--memory 0", /--memory: wanted a whole number from 1/)
  await refused("--split-pattern (", /splitPattern.*TOKENIZER_INVALID/)
})
