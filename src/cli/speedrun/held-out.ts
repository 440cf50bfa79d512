/** Final figures on held-out text: bits per byte, and whether trainer and generator agree bit by bit. */
import { compile, i32, rows, sum } from "../../engine/index.ts"
import { bitsPerByte } from "../../evaluation/index.ts"
import { compareBits, Scorer } from "../../generation/index.ts"
import { type CausalLanguageModel, packedAttention, tokenLosses } from "../../models/index.ts"
import { type CorpusDocument, evaluationBatches, type TokenizedSplit } from "../../text/index.ts"

/** Windows of one run of the program. */
const WINDOWS = 8

/**
 * Bits per byte of a split. Windows overlap by half, so that every token is predicted from at least half a context where
 * there is that much before it.
 */
export async function measureHeldOut(
  model: CausalLanguageModel,
  split: TokenizedSplit,
  { context, precision }: { readonly context: number; readonly precision: "f32" | "bf16" },
): Promise<number> {
  const rowsPerBatch = WINDOWS * context
  const count = rows(rowsPerBatch)
  using program = compile(
    { tokens: i32(count), targets: i32(count), positions: i32(count), sequenceStart: i32(count) },
    ({ tokens, targets, positions, sequenceStart }) => {
      const hidden = model.hidden({ tokens, positions, attention: packedAttention(sequenceStart), context })
      return { outputs: { nats: sum(tokenLosses(hidden, model.outputWeight, targets), 0) } }
    },
    { executor: model.store.executor, precision, name: "held-out loss" },
  )
  let nats = 0
  for (const batch of evaluationBatches(split, { context, rowsPerBatch, overlap: context >> 1 })) {
    const { tokens, targets, positions, sequenceStart } = batch
    nats += (await program.run({ tokens, targets, positions, sequenceStart })).nats[0]
  }
  return bitsPerByte(nats, split.bytes)
}

/** Log-probabilities compared, if the text has as many tokens. */
const COMPARED = 512

/**
 * Compares log-probabilities on real tokens: through the forward that training differentiates, and through the cache as
 * generation reads them, id by id and after a prefill.
 */
export async function checkIdentity(
  model: CausalLanguageModel,
  tokens: ArrayLike<number>,
  precision: "f32" | "bf16",
): Promise<{ identical: number; compared: number }> {
  using scorer = new Scorer(model, { precision })
  const { context } = model.description
  let identical = 0
  let compared = 0
  for (let start = 0; compared < COMPARED && start + 1 < tokens.length; start += context) {
    const count = Math.min(context, COMPARED - compared, tokens.length - start - 1)
    const ids = Array.from({ length: count + 1 }, (_, place) => tokens[start + place])
    const prefill = (start / context) % 2 === 0 ? 0 : count >> 1
    const result = compareBits(await scorer.score(ids), await scorer.scoreCached(ids, { prefill }))
    identical += result.identical
    compared += result.compared
  }
  return { identical, compared }
}

/** The beginnings of documents, evenly shared, of about so many bytes in all; to look at often while training. */
export function beginnings(documents: readonly CorpusDocument[], bytes: number): CorpusDocument[] {
  const share = Math.max(64, Math.floor(bytes / documents.length))
  const step = Math.max(1, Math.floor((documents.length * share) / Math.max(bytes, 1)))
  return documents
    .filter((_, index) => index % step === 0)
    .map((document) => {
      const text = document.text.slice(0, share).replace(/[\ud800-\udbff]$/, "")
      return { ...document, text, continues: document.continues || text.length < document.text.length }
    })
}
