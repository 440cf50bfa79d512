/** A model folder writes: whole, streamed, and judged; here with random weights, so it writes nonsense. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { AutoModelForCausalLM, CausalLanguageModel, trainBpe } from "../src/index.ts"

const folder = await mkdtemp(join(tmpdir(), "glossa-example-"))
const tokenizer = await trainBpe(["The whale sees the sea. ".repeat(40)], { vocabularySize: 300 })
const made = await CausalLanguageModel.create({
  modelType: "llama",
  config: {
    vocab_size: tokenizer.vocabularySize,
    hidden_size: 32,
    intermediate_size: 64,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    max_position_embeddings: 128,
    bos_token_id: tokenizer.bosId,
    eos_token_id: tokenizer.eosId,
  },
  seed: 1,
})
await made.save(folder)
await tokenizer.save(folder)
made.dispose()

const model = await AutoModelForCausalLM.fromPretrained(folder)
const options = { maxNewTokens: 12, temperature: 1, seed: 42 }
const whole = await model.generate("The whale", options)
console.log(JSON.stringify(whole.text))

let streamed = ""
for await (const { text } of model.stream("The whale", options)) streamed += text
if (streamed !== whole.text) throw new Error("streaming gave another text")

// What generation says of its tokens is what the training forward says, bit by bit.
const prompt = tokenizer.encode("The whale")
const scores = await model.score([...prompt, ...whole.ids])
const ofNewTokens = [...scores].slice(prompt.length - 1)
if (ofNewTokens.some((score, index) => score !== whole.logprobs[index])) throw new Error("log-probabilities differ")
console.log(`${ofNewTokens.length} of ${ofNewTokens.length} log-probabilities identical`)

model.dispose()
await rm(folder, { recursive: true })
