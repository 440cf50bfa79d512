/**
 * A real model end to end: the public stories260K of llama2.c, imported, saved, loaded and asked to go on. What it says
 * was printed by llama2.c's own PyTorch code from these weights. Skipped where GLOSSA_DATA does not hold it.
 */
import { existsSync } from "node:fs"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { TextGenerator } from "../../src/generation/index.ts"
import { CausalLanguageModel, importLlama2c } from "../../src/models/index.ts"
import { AutoTokenizer, tokenizerFromLlama2c } from "../../src/text/index.ts"

const data = join(process.env["GLOSSA_DATA"] ?? "", "stories260k")
const isThere = process.env["GLOSSA_DATA"] !== undefined && existsSync(data)

const CONTINUATION = [
  ", there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. ",
  "She wanted to play with it, but it was too high.\n",
  "Lily's mom said, \"Lily, let's go to the park.\" Lily was sad and didn't know what to do. ",
  'She said, "I want to play with your ball, but I can\'t find it."\n',
  "Lily was sad and didn't know what to do. She said, \"I'm sorry, Lily. I didn't know what to do.\"\n",
].join("")

describe.skipIf(!isThere)("stories260K", () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "glossa-stories-"))
    await importLlama2c(join(data, "stories260K.bin"), folder)
    const path = join(data, "tok512.bin")
    await tokenizerFromLlama2c(await readFile(path), path).save(folder)
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

  it("begins a story from nothing, without a space before it", async () => {
    using model = await CausalLanguageModel.load(folder)
    const tokenizer = await AutoTokenizer.fromPretrained(folder)
    using generator = new TextGenerator(model, { tokenizer })
    const { text } = await generator.generate("", { maxNewTokens: 8, temperature: 0 })
    expect(text).toMatch(/^Once upon a time/)
  })
})
