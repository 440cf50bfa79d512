/** Each mistake of a user gives one clear line, exit code 2, and no stack. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { glossa } from "./glossa.ts"

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glossa-bad-input-"))
  await writeFile(join(folder, "empty.txt"), "")
  await writeFile(join(folder, "latin1.txt"), Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x0a]))
  await writeFile(join(folder, "short.txt"), "To be.")
  await writeFile(join(folder, "short.yaml"), `corpus: { sources: ${folder}/short.txt }\ndepth: 1\n`)
  await writeFile(join(folder, "data.yaml"), `corpus: { sources: '$\{GLOSSA_DATA}/none.txt' }\ndepth: 1\n`)
  await writeFile(join(folder, "broken.yaml"), "corpus: [\n")
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const RECIPE = "recipes/tiny.yaml"

describe.concurrent("bad input", () => {
  it.each<[name: string, words: string[], message: RegExp]>([
    ["no command", [], /wanted a command \(speedrun,/],
    ["an unknown command", ["pretrian", "x"], /came pretrian; did you mean pretrain\?/],
    ["an unknown command of a group", ["tokenizer", "encod"], /did you mean encode\?/],
    ["an unknown flag", ["generate", "--modle", "x"], /came --modle; did you mean --model\?/],
    ["a flag without its value", ["score", "--model"], /wanted a value: --model <path>/],
    ["a missing flag", ["score", "--ids", "1,2"], /wanted --model <path>; came nothing/],
    ["a number that is none", ["generate", "--model", "x", "--max-tokens", "many"], /--max-tokens: .*came many/],
    ["a negative temperature", ["generate", "--model", "x", "--temperature", "-1"], /--temperature: .*came -1/],
    ["ids that are none", ["score", "--model", "x", "--ids", "1,b"], /--ids: wanted token ids .*came 1,b/],
    ["no prompt", ["generate", "--model", "x"], /--prompt: wanted either a text/],
    ["threads that are none", ["doctor", "--threads", "0"], /--threads: .*came 0/],
    [
      "a missing model",
      ["generate", "--model", "none", "--prompt", "a"],
      /none: wanted a model folder.*no such folder/,
    ],
    [
      "a missing GGUF file",
      ["generate", "--model", "no.gguf", "--prompt", "a"],
      /no\.gguf: wanted a GGUF file.*no such/,
    ],
    ["a file that is no model", ["score", "--model", "README.md", "--ids", "1,2"], /README\.md: wanted a model folder/],
    ["a missing tokenizer", ["tokenizer", "encode", "--tokenizer", "none"], /none: .*no such folder/],
    ["a missing recipe", ["pretrain", "none.yaml"], /none\.yaml: wanted a recipe/],
    ["a recipe that is no YAML", ["pretrain", "@/broken.yaml"], /broken\.yaml:\d+: wanted YAML/],
    ["an unknown recipe key", ["pretrain", RECIPE, "--set", "training.stpes=1"], /did you mean training\.steps\?/],
    ["a negative size", ["pretrain", RECIPE, "--set", "depth=-2"], /depth: .*came -2/],
    [
      "heads that do not divide",
      ["pretrain", RECIPE, "--set", "model.num_attention_heads=3"],
      /came 3 heads, width 64/,
    ],
    ["an override that is none", ["pretrain", RECIPE, "--set", "depth"], /--set: wanted KEY=VALUE.*came depth/],
    ["a corpus shorter than a row", ["pretrain", "@/short.yaml"], /wanted at least/],
    ["data that is not here", ["pretrain", "@/data.yaml"], /GLOSSA_DATA.*it is not set/],
    ["a missing text", ["tokenizer", "train", "--out", "@/t", "none.txt"], /none\.txt: .*no such file/],
    ["an empty text", ["tokenizer", "train", "--out", "@/t", "@/empty.txt"], /\[CORPUS_EMPTY\]/],
    ["text that is not UTF-8", ["tokenizer", "train", "--out", "@/t", "@/latin1.txt"], /byte 0xe9 at offset 3/],
    ["an empty speedrun corpus", ["speedrun", "--text", "@/empty.txt", "--out", "@/run"], /\[CORPUS_EMPTY\]/],
  ])("%s", async (_, words, message) => {
    const placed = words.map((word) => word.replace("@", folder))
    const { exitCode, stdout, stderr } = await glossa(placed, { environment: { GLOSSA_DATA: "" } })
    expect(stderr).toMatch(message)
    expect(stderr.trimEnd().split("\n")).toHaveLength(1)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(stdout).toBe("")
    expect(exitCode).toBe(2)
  })
})
