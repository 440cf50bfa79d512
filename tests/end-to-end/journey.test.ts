/** The journey by its commands: text, tokenizer, a stopped and resumed training, text, and scores that agree. */
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { nativeExecutor } from "../ops/native-executor.ts"
import { glossa } from "./glossa.ts"

let folder: string
const model = () => join(folder, "run")
const recipe = () => join(folder, "recipe.yaml")

/** Sentences of a tiny language, in an order that only looks random. */
function text(): string {
  const subjects = ["The whale", "A sailor", "The old ship", "Our captain"]
  const verbs = ["sees", "fears", "follows", "forgets"]
  const objects = ["the sea", "a storm", "the harbour", "the night"]
  return Array.from({ length: 1500 }, (_, index) => {
    const pick = (words: string[], factor: number) => words[Math.floor(index * factor) % words.length]
    return `${pick(subjects, 1.7)} ${pick(verbs, 2.3)} ${pick(objects, 3.1)}.${index % 9 === 8 ? "\n\n" : " "}`
  }).join("")
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glossa-journey-"))
  await writeFile(join(folder, "text.txt"), text())
  await writeFile(
    recipe(),
    `corpus: { sources: ${folder}/text.txt }
output: ${model()}
tokenizer: { from: ${folder}/tokenizer }
model: { model_type: llama, hidden_size: 32, intermediate_size: 64, num_hidden_layers: 2, num_attention_heads: 2, tie_word_embeddings: true }
training: { context: 32, batchTokens: 256, steps: 60, learningRate: 0.01, evaluateEvery: { steps: 20 }, sampleEvery: { steps: 20 } }
sample: { prompt: The, maxNewTokens: 8 }
`,
  )
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.sequential("from text to text", () => {
  it("trains a tokenizer that gives any bytes back", async () => {
    const trained = await glossa([
      ..."tokenizer train --algorithm bpe --vocab-size 320 --json --out".split(" "),
      join(folder, "tokenizer"),
      join(folder, "text.txt"),
    ])
    expect(JSON.parse(trained.stdout)).toMatchObject({ vocabulary_size: 320 })
    const bytes = Buffer.from([0xff, 0x00, 0x57, 0x68, 0xf0, 0x9f, 0x90, 0x8b, 0x0d, 0x0a])
    const where = ["--tokenizer", join(folder, "tokenizer")]
    const encoded = await glossa(["tokenizer", "encode", ...where, "--json", "--no-special-tokens"], { input: bytes })
    const { ids } = JSON.parse(encoded.stdout)
    const decoded = await glossa(["tokenizer", "decode", ...where, "--ids", ids.join(",")])
    expect(Buffer.from(decoded.stdout, "utf8")).toEqual(Buffer.from(bytes.toString("utf8"), "utf8"))
  })

  it("stops at Ctrl-C with a checkpoint, and resumes", async () => {
    const words = ["pretrain", recipe(), "--json"]
    const stopped = await glossa([...words, "--set", "training.steps=100000"], {
      onNotice: (notices, child) => {
        if (notices.includes("model:") && !notices.includes("stopping")) child.kill("SIGINT")
      },
    })
    expect(stopped.exitCode).toBe(130)
    expect(stopped.stderr).toMatch(/go on with: npx glossa pretrain .* --resume/)
    const again = await glossa(words)
    expect(again.exitCode).toBe(2)
    expect(again.stderr).toMatch(/RUN_EXISTS/)
    const { step } = JSON.parse(stopped.stdout)
    const resumed = await glossa([...words, "--resume", "--set", `training.steps=${step + 60}`])
    expect(resumed.exitCode).toBe(0)
    expect(JSON.parse(resumed.stdout)).toMatchObject({ ended: "steps", step: step + 60 })
    // 1500 sentences of a language with 64: a few bits a sentence of 30 bytes.
    expect(JSON.parse(resumed.stdout).bits_per_byte).toBeLessThan(1.5)
  })

  it("generates what score then finds, bit by bit", async () => {
    const named = ["--model", model(), "--json"]
    const generated = await glossa([
      "generate",
      ...named,
      ..."--prompt The --max-tokens 12 --temperature 1 --seed 7".split(" "),
    ])
    const { text: written, ids, logprobs } = JSON.parse(generated.stdout)
    expect(written.length).toBeGreaterThan(0)
    const encoded = await glossa(["tokenizer", "encode", "--tokenizer", model(), "--text", "The", "--json"])
    const prompt: number[] = JSON.parse(encoded.stdout).ids
    const scored = await glossa(["score", ...named, "--ids", [...prompt, ...ids].join(",")])
    expect(JSON.parse(scored.stdout).logprobs.slice(prompt.length - 1)).toEqual(logprobs)
    for (const logprob of logprobs) expect(Math.fround(logprob)).toBe(logprob)
    const sameIds = await glossa([
      "generate",
      ...named,
      "--prompt-ids",
      prompt.join(","),
      ..."--max-tokens 12 --temperature 1 --seed 7".split(" "),
    ])
    expect(JSON.parse(sameIds.stdout).ids).toEqual(ids)
  })

  it("draws where no flag says how, and tells the flags that give the same text", async () => {
    const words = ["generate", "--model", model(), "--prompt", "The", "--max-tokens", "12"]
    const { stdout, stderr } = await glossa(words)
    const flags = /^drawing with (--temperature 0\.8 --top-p 0\.95 --seed \d+)$/m.exec(stderr)?.[1]
    expect(flags, stderr).toBeDefined()
    expect((await glossa([...words, ...(flags as string).split(" ")])).stdout).toBe(stdout)
    const greedy = await glossa([...words, "--temperature", "0"])
    expect(greedy.stderr).toContain("taking the likeliest token")
  })

  it.skipIf(!nativeExecutor())("writes a trace of what ran", async () => {
    const trace = join(folder, "trace.json")
    const words = ["score", "--model", model(), "--ids", "0,40,41"]
    const { exitCode, stderr } = await glossa(words, { environment: { GLOSSA_PROFILE: trace } })
    expect(exitCode).toBe(0)
    const { traceEvents } = JSON.parse(await readFile(trace, "utf8"))
    expect(stderr).toContain(`profile: ${traceEvents.length} events in ${trace}`)
    const ran = traceEvents.filter(({ ph }: { ph: string }) => ph === "X")
    expect(ran.map(({ name }: { name: string }) => name)).toContain("matmul")
    expect(ran.some(({ args }: { args: { origin: string } }) => args.origin.includes("layers.1.mlp"))).toBe(true)
    ran.slice(1).forEach(({ ts }: { ts: number }, index: number) => {
      expect(ts).toBeGreaterThanOrEqual(ran[index].ts + ran[index].dur - 1)
    })
  })

  it("works from ids where there is no tokenizer, and says so where text is asked", async () => {
    await rm(join(model(), "tokenizer.json"))
    const named = ["--model", model(), "--json", "--max-tokens", "4"]
    const generated = await glossa(["generate", ...named, "--prompt-ids", "0,40"])
    expect(JSON.parse(generated.stdout)).toMatchObject({ text: "" })
    const asked = await glossa(["generate", ...named, "--prompt", "The"])
    expect(asked.exitCode).toBe(2)
    expect(asked.stderr).toMatch(/TOKENIZER_MISSING/)
  })

  it("names a truncated checkpoint", async () => {
    const weights = join(model(), "model.safetensors")
    await truncate(weights, (await readFile(weights)).length - 100)
    const { exitCode, stderr } = await glossa(["score", "--model", model(), "--ids", "0,40"])
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/model\.safetensors: .*\[CHECKPOINT_DAMAGED\]/)
    expect(stderr.trimEnd().split("\n")).toHaveLength(1)
  })
})
