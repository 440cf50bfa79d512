/** Models in GGUF files on the command line: converted, and named wherever a model folder is. */
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { afterAll, beforeAll, expect, it } from "vitest"
import { CausalLanguageModel } from "../../models/index.ts"
import { trainBpe } from "../../text/index.ts"
import { runCommandLine } from "../main.ts"
import type { Terminal } from "../terminal.ts"

const TEXT = "The people of the United States, in order to form a more perfect union, establish justice."

let folder: string
let model: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glossa-convert-"))
  model = join(folder, "model")
  const tokenizer = await trainBpe([TEXT], { vocabularySize: 300 })
  const config = {
    vocab_size: 304,
    hidden_size: 32,
    intermediate_size: 64,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    max_position_embeddings: 64,
    initializer_range: 0.2,
    bos_token_id: tokenizer.bosId ?? null,
    eos_token_id: tokenizer.eosId ?? null,
  }
  using made = await CausalLanguageModel.create({ modelType: "llama", config, seed: 1 })
  await made.save(model)
  await tokenizer.save(model)
})
afterAll(() => rm(folder, { recursive: true }))

/** What a command line writes to standard output; it must succeed. */
async function glossa(...words: string[]): Promise<string> {
  const [output, notices] = [new PassThrough(), new PassThrough()]
  const onInterrupt = () => ({ signal: new AbortController().signal, release: () => {} })
  const terminal = { input: new PassThrough(), output, notices, isWatched: false, onInterrupt } as unknown as Terminal
  const exitCode = await runCommandLine(words, terminal)
  expect({ exitCode, notices: String(notices.read() ?? "") }).toEqual({ exitCode: 0, notices: "" })
  return String(output.read() ?? "")
}

it("a GGUF file stands for a folder in every command, and becomes one again", async () => {
  const file = join(folder, "model.gguf")
  await glossa("convert", "--model", model, "--to", "gguf", "--out", file)
  const questions = [
    ["generate", "--prompt", "The people", "--max-tokens", "12", "--seed", "3", "--json", "--precision", "f32"],
    ["score", "--text", "The perfect union", "--json", "--precision", "f32"],
  ]
  for (const [command, ...rest] of questions)
    expect(await glossa(command, "--model", file, ...rest)).toBe(await glossa(command, "--model", model, ...rest))
  for (const [command, ...rest] of [
    ["encode", "--text", "establish 1851 é\n", "--json"],
    ["decode", "--ids", "30,31,32,260"],
  ])
    expect(await glossa("tokenizer", command, "--tokenizer", file, ...rest)).toBe(
      await glossa("tokenizer", command, "--tokenizer", model, ...rest),
    )
  const back = join(folder, "back")
  await glossa("convert", "--model", file, "--to", "folder", "--out", back)
  const weights = await Promise.all([model, back].map((place) => readFile(join(place, "model.safetensors"))))
  expect(Buffer.compare(weights[0], weights[1])).toBe(0)
})

it.each(["q8_0", "q4_0", "f16"])("a GGUF file of %s generates and scores, and its speed is measured", async (type) => {
  const file = join(folder, `${type}.gguf`)
  await glossa("convert", "--model", model, "--to", "gguf", "--type", type, "--out", file)
  const told = JSON.parse(await glossa("generate", "--model", file, "--prompt", "The", "--max-tokens", "5", "--json"))
  const ids = [...JSON.parse(await glossa("tokenizer", "encode", "--tokenizer", file, "--text", "The", "--json")).ids]
  const { logprobs } = JSON.parse(
    await glossa("score", "--model", file, "--ids", [...ids, ...told.ids].join(), "--json"),
  )
  // The log-probability of a token is the same bits written and judged.
  expect(logprobs.slice(-told.ids.length)).toEqual(told.logprobs)
  const flags = ["--prompt-tokens", "9", "--new-tokens", "4", "--sequences", "3", "--json"]
  const measured = JSON.parse(await glossa("bench", "generate", "--model", file, ...flags))
  expect(measured).toEqual({
    peer: "glossa",
    file: `${type}.gguf`,
    threads: expect.any(Number),
    sequences: 3,
    prefill_tokens_per_s: expect.any(Number),
    decode_tokens_per_s: expect.any(Number),
  })
  expect(measured.prefill_tokens_per_s).toBeGreaterThan(0)
  expect(measured.decode_tokens_per_s).toBeGreaterThan(0)
})
