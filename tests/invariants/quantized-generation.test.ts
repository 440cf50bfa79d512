/** Models whose weights are in blocks: scoring, reading a prompt and generating see the same bits, as with floats. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Executor } from "../../src/engine/index.ts"
import { compareBits, compareLogProbabilities, resolveSettings, Scheduler, Scorer } from "../../src/generation/index.ts"
import { CausalLanguageModel } from "../../src/models/index.ts"
import { EXECUTORS } from "../executors/executors.ts"

const CONFIGS = {
  llama: {
    vocab_size: 40,
    hidden_size: 32,
    intermediate_size: 64,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    max_position_embeddings: 96,
    initializer_range: 0.3,
    bos_token_id: 1,
    eos_token_id: null,
  },
  gpt2: { vocab_size: 40, n_embd: 32, n_layer: 2, n_head: 4, n_positions: 96, initializer_range: 0.3 },
} as const

const ids = Array.from({ length: 80 }, (_, index) => (index * index + 3 * index + 1) % 40)
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glossa-blocks-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A random model's GGUF file. */
async function write(family: keyof typeof CONFIGS, dtype: "q8_0" | "q4_0", executor: Executor): Promise<string> {
  const config = { ...CONFIGS[family], ...(family === "gpt2" ? { bos_token_id: null, eos_token_id: 0 } : {}) }
  const model = await CausalLanguageModel.create({ modelType: family, config, seed: 5, executor })
  const path = join(folder, `${family}.${dtype}.${executor.name}.gguf`)
  await model.saveGguf(path, { dtype })
  model.store.dispose()
  return path
}

describe.each(EXECUTORS)("%s", (name, executor) => {
  describe.each(["llama", "gpt2"] as const)("%s", (family) => {
    test.each(["q8_0", "q4_0"] as const)("%s: every way of reading gives the same bits", async (dtype) => {
      const path = await write(family, dtype, executor)
      const model = await CausalLanguageModel.load(path, { executor })
      const inBlocks = model.store.states().filter((state) => state.dtype === dtype)
      expect(inBlocks.length).toBeGreaterThan(7)

      // The float64 reference keeps its cache in float64, so that there, too, one chunk has the bits of the whole.
      const prefills = name === "native" ? [0, 7, 64] : [79]
      const read = name === "native" ? ids : ids.slice(0, 60)
      for (const precision of ["f32", "bf16"] as const)
        for (const prefill of name === "native" ? prefills : [60]) {
          const same = await compareLogProbabilities(model, read, { precision, prefill })
          expect(same).toEqual({ identical: read.length - 1, compared: read.length - 1 })
        }

      const plain = await CausalLanguageModel.load(path, { executor, blocks: "widen" })
      using scorer = new Scorer(model, { precision: "f32" })
      using exact = new Scorer(plain, { precision: "f32" })
      const [rounded, wanted] = [await scorer.score(ids), await exact.score(ids)]
      const worst = Math.max(...rounded.map((value, place) => Math.abs(value - wanted[place])))
      expect(worst).toBeGreaterThan(0)
      expect(worst).toBeLessThan(0.5)
      plain.store.dispose()
      model.store.dispose()
    })
  })

  test.skipIf(name !== "native")("what generation reports, in company, is what scoring gives", async () => {
    const model = await CausalLanguageModel.load(await write("llama", "q8_0", executor), { executor })
    using scheduler = new Scheduler(model, { prefillRows: 24 })
    using scorer = new Scorer(model)
    const prompts = [1, 9, 33].map((count) => ids.slice(0, count))
    const results = await Promise.all(
      prompts.map((prompt, seed) => {
        const settings = resolveSettings({ maxNewTokens: 20, temperature: 1, seed, ignoreEos: true }, () => 0)
        return scheduler.submit({ ids: prompt, settings })
      }),
    )
    for (const [index, { ids: made, logprobs }] of results.entries()) {
      const scored = await scorer.score([...prompts[index], ...made])
      expect(compareBits(logprobs, scored.slice(prompts[index].length - 1))).toEqual({ identical: 20, compared: 20 })
    }
    model.store.dispose()
  })
})
