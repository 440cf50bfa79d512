/**
 * A real model end to end: the public stories260K of llama2.c, imported, saved, loaded and asked to go on. What it says
 * was printed by llama2.c's own PyTorch code from these weights. Skipped where GLOSSA_DATA does not hold it.
 */
import { existsSync } from "node:fs"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { runCommandLine } from "../../src/cli/main.ts"
import type { Terminal } from "../../src/cli/terminal.ts"
import { TextGenerator } from "../../src/generation/index.ts"
import { CausalLanguageModel } from "../../src/models/index.ts"
import { AutoTokenizer } from "../../src/text/index.ts"

const data = join(process.env["GLOSSA_DATA"] ?? "", "stories260k")
const isThere = process.env["GLOSSA_DATA"] !== undefined && existsSync(data)

const CONTINUATION = [
  ", there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. ",
  "She wanted to play with it, but it was too high.\n",
  "Lily's mom said, \"Lily, let's go to the park.\" Lily was sad and didn't know what to do. ",
  'She said, "I want to play with your ball, but I can\'t find it."\n',
  "Lily was sad and didn't know what to do. She said, \"I'm sorry, Lily. I didn't know what to do.\"\n",
].join("")

/** Runs a command line; what it wrote to standard output, and to standard error. */
async function glossa(words: readonly string[]) {
  const [output, notices] = [new PassThrough(), new PassThrough()]
  const onInterrupt = () => ({ signal: new AbortController().signal, release: () => {} })
  const terminal = { input: new PassThrough(), output, notices, isWatched: false, onInterrupt } as unknown as Terminal
  const exitCode = await runCommandLine(words, terminal)
  return { exitCode, output: String(output.read() ?? ""), notices: String(notices.read() ?? "") }
}

describe.skipIf(!isThere)("stories260K", () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "glossa-stories-"))
    const [checkpoint, tokenizer] = ["stories260K.bin", "tok512.bin"].map((name) => join(data, name))
    const flags = ["--from", "llama2c", "--checkpoint", checkpoint, "--tokenizer", tokenizer, "--out", folder, "--json"]
    const { exitCode, output } = await glossa(["convert", ...flags])
    expect(exitCode).toBe(0)
    expect(JSON.parse(output)).toEqual({ out: folder, layers: 5, width: 64, context: 512, vocabulary_size: 512 })
  })
  afterAll(() => rm(folder, { recursive: true }))

  it.each(["f32", "bf16"] as const)("goes on with the story of a little girl named Lily, in %s", async (precision) => {
    using model = await CausalLanguageModel.load(folder)
    const tokenizer = await AutoTokenizer.fromPretrained(folder)
    using generator = new TextGenerator(model, { tokenizer, precision })
    expect(generator.promptIds("Once upon a time")).toEqual([1, 403, 407, 261, 378])
    const { text } = await generator.generate("Once upon a time", { maxNewTokens: 240, temperature: 0 })
    expect(text).toContain("there was a little girl named Lily")
    // Rounding to bfloat16 may turn a near tie, and the story, later on.
    if (precision === "f32") expect(text.startsWith(CONTINUATION)).toBe(true)
  })

  it.each(["f32", "q8_0"])("says the same from a GGUF file, in %s, that a folder is made from again", async (type) => {
    const file = join(folder, `stories-${type}.gguf`)
    const flags = ["--to", "gguf", "--type", type, "--out", file, "--json"]
    const written = await glossa(["convert", "--model", folder, ...flags])
    expect(written).toMatchObject({ exitCode: 0, notices: "" })
    using model = await CausalLanguageModel.load(file)
    const tokenizer = await AutoTokenizer.fromPretrained(file)
    using generator = new TextGenerator(model, { tokenizer, precision: "f32" })
    expect(generator.promptIds("Once upon a time")).toEqual([1, 403, 407, 261, 378])
    const { text } = await generator.generate("Once upon a time", { maxNewTokens: 240, temperature: 0 })
    expect(text).toContain("there was a little girl named Lily")
    if (type !== "f32") return
    expect(text.startsWith(CONTINUATION)).toBe(true)
    const back = join(folder, "back")
    expect(await glossa(["convert", "--model", file, "--out", back])).toMatchObject({ exitCode: 0, notices: "" })
    for (const name of ["model.safetensors", "tokenizer.json"])
      expect(Buffer.compare(await readFile(join(back, name)), await readFile(join(folder, name)))).toBe(0)
  })

  it("begins a story from nothing, without a space before it", async () => {
    using model = await CausalLanguageModel.load(folder)
    const tokenizer = await AutoTokenizer.fromPretrained(folder)
    using generator = new TextGenerator(model, { tokenizer })
    const { text } = await generator.generate("", { maxNewTokens: 8, temperature: 0 })
    expect(text).toMatch(/^Once upon a time/)
  })
})

it("convert tells what is wrong in one line", async () => {
  const folder = join(tmpdir(), "glossa-never-made")
  const flags = ["--checkpoint", "none.bin", "--tokenizer", "none-either.bin", "--out", folder]
  const missing = await glossa(["convert", "--from", "llama2c", ...flags])
  expect(missing).toMatchObject({ exitCode: 2, output: "" })
  expect(missing.notices).toBe(
    "none-either.bin: wanted a tokenizer of llama2.c; came no such file; check the path. [FILE_UNREADABLE]\n",
  )
  const unnamed = await glossa(["convert", ...flags])
  expect(unnamed.exitCode).toBe(2)
  expect(unnamed.notices).toContain("--model: wanted a model (--model), or llama2c's with --from llama2c; came nothing")
  const refused: [string[], string][] = [
    [["--model", "a", "--from", "llama2c"], "--from: wanted nothing beside --model; came llama2c"],
    [["--model", "a", "--type", "f16"], "--type: wanted nothing for a folder; came f16; use --dtype"],
    [
      ["--model", "a", "--to", "gguf", "--dtype", "bf16"],
      "--dtype: wanted nothing for a GGUF file; came bf16; use --type",
    ],
    [["--model", folder, "--to", "gguf"], "--out: wanted another place than the model's"],
    [["--model", "a.gguf", "--to", "gguf"], "a.gguf: wanted a GGUF file; came no such file"],
  ]
  for (const [words, text] of refused) {
    const { exitCode, notices } = await glossa(["convert", ...words, "--out", folder])
    expect(exitCode).toBe(2)
    expect(notices).toContain(text)
  }
  expect(existsSync(folder)).toBe(false)
})
