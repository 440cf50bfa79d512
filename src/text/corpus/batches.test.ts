/** Packing: every row follows from the stream, every token is a target once, resuming changes nothing. */
import fc from "fast-check"
import { beforeAll, describe, expect, test } from "vitest"
import { type Tokenizer, trainBpe } from "../tokenizers/index.ts"
import { BatchLoader, type LoaderPosition } from "./batch-loader.ts"
import { type Batch, IGNORED_TARGET } from "./batches.ts"
import { evaluationBatches } from "./evaluation-batches.ts"
import { SeededRandom } from "./seeded-order.ts"
import { type TokenizedSplit, tokenizeCorpus } from "./tokenized.ts"

/** A stream in which every token is its own index, so that a row tells where it came from. */
function streamOf(lengths: readonly number[]): TokenizedSplit {
  const total = lengths.reduce((sum, length) => sum + length, 0)
  let at = 0
  const documentStarts = Uint32Array.from(lengths, (length) => (at += length) - length)
  return { tokens: Uint32Array.from({ length: total }, (_, index) => index), documentStarts, bytes: total }
}

/** Checks every row; faults are gathered, since one `expect` a row would take most of the test's time. */
function checkRows(batch: Batch, split: TokenizedSplit, crossDocuments: boolean, context: number): void {
  const starts = new Set(crossDocuments ? [] : split.documentStarts)
  const faults: string[] = []
  const { tokens, targets, sequenceStart, positions } = batch
  let counted = 0
  for (let row = 0; row < tokens.length; row++) {
    const first = sequenceStart[row]
    if (positions[row] !== row - first || positions[row] >= context) faults.push(`position of row ${row}`)
    if (tokens[row] !== tokens[first] + row - first) faults.push(`row ${row} does not follow the stream`)
    if (row > first && starts.has(tokens[row])) faults.push(`a document begins inside a sequence at row ${row}`)
    if (targets[row] === IGNORED_TARGET) continue
    if (targets[row] !== tokens[row] + 1) faults.push(`target of row ${row}`)
    if (starts.has(targets[row])) faults.push(`the start of a document is a target at row ${row}`)
    counted += 1
  }
  expect(faults).toEqual([])
  expect(batch.targetCount).toBe(counted)
}

const streams = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 }).map(streamOf)
const shape = fc.record({
  context: fc.integer({ min: 1, max: 16 }),
  sequences: fc.integer({ min: 1, max: 4 }),
  crossDocuments: fc.boolean(),
})

describe("evaluation batches", () => {
  test("count every token once as target, but for those nothing comes before", () => {
    fc.assert(
      fc.property(streams, shape, fc.nat(15), (split, { context, sequences, crossDocuments }, wish) => {
        fc.pre(split.tokens.length >= 2)
        const options = {
          context,
          rowsPerBatch: context * sequences,
          crossDocuments,
          overlap: Math.min(wish, context - 1),
        }
        const targets: number[] = []
        for (const batch of evaluationBatches(split, options)) {
          checkRows(batch, split, crossDocuments, context)
          expect(batch.tokens.length).toBeLessThanOrEqual(options.rowsPerBatch)
          targets.push(...batch.targets.filter((target) => target !== IGNORED_TARGET))
        }
        const unannounced = new Set(crossDocuments ? [0] : split.documentStarts)
        expect(targets).toEqual([...split.tokens].filter((token) => !unannounced.has(token)))
      }),
      { numRuns: 200 },
    )
  })

  test("with overlap each target but the first ones is predicted from that many tokens", () => {
    const split = streamOf([100])
    for (const batch of evaluationBatches(split, { context: 8, rowsPerBatch: 8, overlap: 5 })) {
      batch.targets.forEach((target, row) => {
        if (target !== IGNORED_TARGET && target > 8) expect(batch.positions[row]).toBeGreaterThanOrEqual(5)
      })
    }
  })
})

describe("the loader", () => {
  test("gives full batches that follow the stream, and each epoch covers it but for the ends", () => {
    fc.assert(
      fc.property(streams, shape, fc.nat(), (split, { context, sequences, crossDocuments }, seed) => {
        fc.pre(split.tokens.length > context)
        const loader = new BatchLoader(split, { context, rowsPerBatch: context * sequences, crossDocuments, seed })
        for (let count = 0; count < 4; count++) {
          const batch = loader.next()
          expect(batch.tokens.length).toBe(context * sequences)
          checkRows(batch, split, crossDocuments, context)
        }
        const epoch = new BatchLoader(split, { context, rowsPerBatch: context, crossDocuments: true, seed })
        const seen: number[] = []
        for (;;) {
          const batch = epoch.next()
          if (epoch.position().epoch > 0) break
          seen.push(...batch.targets)
        }
        const covered = seen.toSorted((left, right) => left - right)
        expect(new Set(seen).size).toBe(seen.length)
        expect(covered.at(-1)! - covered[0] + 1).toBe(seen.length)
        expect(covered[0]).toBeLessThanOrEqual(context)
        expect(split.tokens.length - 1 - covered.at(-1)!).toBeLessThan(context)
      }),
      { numRuns: 100 },
    )
  })

  test("resumed anywhere gives exactly what the unbroken one gives", () => {
    fc.assert(
      fc.property(
        streams,
        shape,
        fc.nat(),
        fc.nat(30),
        (split, { context, sequences, crossDocuments }, seed, steps) => {
          fc.pre(split.tokens.length > context)
          const options = { context, rowsPerBatch: context * sequences, crossDocuments }
          const unbroken = new BatchLoader(split, { ...options, seed })
          for (let count = 0; count < steps; count++) unbroken.next()
          const position = JSON.parse(JSON.stringify(unbroken.position())) as LoaderPosition
          const resumed = BatchLoader.resume(split, position, options)
          for (let count = 0; count < 5; count++) expect(resumed.next()).toEqual(unbroken.next())
          expect(resumed.position()).toEqual(unbroken.position())
        },
      ),
      { numRuns: 200 },
    )
  })

  test("seeds and epochs differ in order", () => {
    const split = streamOf([5000])
    const options = { context: 16, rowsPerBatch: 64, crossDocuments: true }
    const first = new BatchLoader(split, { ...options, seed: 1 })
    expect(new BatchLoader(split, { ...options, seed: 1 }).next()).toEqual(first.next())
    expect(new BatchLoader(split, { ...options, seed: 2 }).next()).not.toEqual(
      new BatchLoader(split, { ...options, seed: 1 }).next(),
    )
    const second = BatchLoader.resume(split, { ...first.position(), epoch: 1, index: 0 }, options)
    expect(second.next()).not.toEqual(new BatchLoader(split, { ...options, seed: 1 }).next())
  })

  test("refuses a short corpus, odd sizes and a foreign position in one line", () => {
    const split = streamOf([10])
    const options = { context: 8, rowsPerBatch: 16, seed: 1 }
    expect(() => new BatchLoader(split, { ...options, context: 16 })).toThrow(
      /at least 17 tokens; came 10 tokens.*CORPUS_TOO_SHORT/,
    )
    expect(() => new BatchLoader(split, { ...options, rowsPerBatch: 20 })).toThrow(
      /a multiple of the context \(8\); came 20/,
    )
    expect(() => new BatchLoader(split, { ...options, context: 0 })).toThrow(/context: wanted a whole number above 0/)
    expect(() => new BatchLoader(split, { ...options, seed: -1 })).toThrow(/seed: wanted a whole number from 0/)
    const position = new BatchLoader(split, options).position()
    for (const change of [{ context: 4 }, { streamTokens: 11 }, { index: 99 }, { epoch: -1 }]) {
      expect(() => BatchLoader.resume(split, { ...position, ...change }, options)).toThrow(/CHECKPOINT_MISMATCH/)
    }
    expect(() => evaluationBatches(streamOf([1]), options)).toThrow(/CORPUS_TOO_SHORT/)
    expect(() => evaluationBatches(split, { ...options, overlap: 8 })).toThrow(
      /overlap: wanted a whole number from 0 to 7/,
    )
  })
})

test("a permutation holds every number once and each place is as likely", () => {
  const random = new SeededRandom(7, 0)
  expect([...random.permutation(100)].sort((left, right) => left - right)).toEqual(
    Array.from({ length: 100 }, (_, at) => at),
  )
  const firsts = new Array(5).fill(0)
  for (let round = 0; round < 5000; round++) firsts[random.permutation(5)[0]] += 1
  // 1,000 each expected; six standard deviations are 170.
  for (const count of firsts) expect(Math.abs(count - 1000)).toBeLessThan(170)
})

describe("tokenized corpus", () => {
  let tokenizer: Tokenizer
  beforeAll(async () => {
    tokenizer = await trainBpe(["some text, some more text"], { vocabularySize: 300 })
  })

  test("documents begin with bos, end with eos unless they go on, and bytes are the text's", () => {
    const texts = ["some text", "<|eos|> typed", "é"]
    const documents = texts.map((text, index) => ({ text, continues: index === 1 }))
    const progress: number[] = []
    const split = tokenizeCorpus(documents, tokenizer, ({ documents }) => progress.push(documents))
    const { bosId, eosId } = tokenizer
    const plain = texts.map((text) => tokenizer.encode(text, { addSpecialTokens: false }))
    expect([...split.tokens]).toEqual([bosId, ...plain[0], eosId, bosId, ...plain[1], bosId, ...plain[2], eosId])
    expect([...split.documentStarts]).toEqual([0, plain[0].length + 2, plain[0].length + plain[1].length + 3])
    expect(split.bytes).toBe(Buffer.byteLength(texts.join("")))
    expect(split.tokens).toBeInstanceOf(Uint16Array)
    expect(progress).toEqual([1, 2, 3])
  })
})
