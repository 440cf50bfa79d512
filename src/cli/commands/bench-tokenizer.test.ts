/** The tokenizer bench on the command line: how much it reads, and that it counts what encoding gives. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { afterAll, beforeAll, expect, it } from "vitest"
import { runCommandLine } from "../main.ts"
import type { Terminal } from "../terminal.ts"

/** 2,000 bytes of paragraphs. */
const TEXT = "Call me Ishmael. Some years ago\n\n".repeat(70).slice(0, 2000)

let folder: string
let text: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glossa-bench-tokenizer-"))
  text = join(folder, "text.txt")
  await writeFile(text, TEXT)
  const trained = await glossa("tokenizer", "train", "--vocab-size", "280", "--out", folder, text)
  expect(trained).toMatchObject({ exitCode: 0 })
})
afterAll(() => rm(folder, { recursive: true }))

async function glossa(...words: string[]): Promise<{ exitCode: number; output: string; notices: string }> {
  const [output, notices] = [new PassThrough(), new PassThrough()]
  const terminal = { input: new PassThrough(), output, notices, isWatched: false } as unknown as Terminal
  const exitCode = await runCommandLine(words, terminal)
  return { exitCode, output: String(output.read() ?? ""), notices: String(notices.read() ?? "") }
}

it("counts the ids of the beginning of a text", async () => {
  const { output } = await glossa(
    "tokenizer",
    "encode",
    "--tokenizer",
    folder,
    "--text",
    TEXT,
    "--no-special-tokens",
    "--json",
  )
  const whole = await glossa("bench", "tokenizer", "--tokenizer", folder, "--text", text, "--json")
  const told = JSON.parse(whole.output)
  expect(told).toMatchObject({ bytes: 2000, documents: 1, threads: 1, tokens: JSON.parse(output).ids.length })
  expect(told.mb_per_s).toBeGreaterThan(0)
  const part = await glossa(
    ...["bench", "tokenizer", "--tokenizer", folder, "--text", text, "--megabytes", "0.001", "--json"],
  )
  expect(JSON.parse(part.output).bytes).toBe(1000)
})

it("counts the same ids in a batch over threads", async () => {
  const words = ["bench", "tokenizer", "--tokenizer", folder, "--text", text, "--json"]
  const { tokens } = JSON.parse((await glossa(...words)).output)
  const [one, two] = [await glossa(...words, "--batch"), await glossa(...words, "--threads", "2")]
  expect(JSON.parse(one.output)).toMatchObject({ threads: 1, tokens })
  expect(JSON.parse(two.output)).toMatchObject({ threads: 2, tokens })
})

it("says in one line which text there is not", async () => {
  const { exitCode, notices } = await glossa(
    ...["bench", "tokenizer", "--tokenizer", folder, "--text", join(folder, "none.txt")],
  )
  expect(exitCode).toBe(2)
  expect(notices).toMatch(/none\.txt.*no such file.*FILE_UNREADABLE/)
})
