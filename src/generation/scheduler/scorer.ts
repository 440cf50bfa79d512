/**
 * Log-probabilities of given ids, two ways: in the packed form that training uses, and through the cache as generation
 * does. The two agree bit for bit; `compareLogProbabilities` is the check.
 */
import {
  CACHE_PAGE,
  compile,
  constant,
  equal,
  f32,
  i32,
  logSumExp,
  type Precision,
  type PrecisionPolicy,
  type Program,
  rows,
  select,
  subtract,
  sum,
} from "../../engine/index.ts"
import { type CausalLanguageModel, packedAttention, tokenLosses } from "../../models/index.ts"
import { KeyValueCache } from "../cache/index.ts"
import { checkIds } from "./scheduler.ts"
import { cachedHidden, cachedRowSpecs, logitsOf } from "./turn-program.ts"

/** Fewest rows that a scoring program is planned for; longer ones are planned in powers of two. */
const SMALLEST_PROGRAM = 64

export interface ScorerOptions {
  readonly precision?: PrecisionPolicy
}

/** Computes log-probabilities of given ids; keeps its programs for the next call. */
export class Scorer {
  private readonly model: CausalLanguageModel
  private readonly precision: Precision
  private readonly packed = new Map<number, Program>()
  private cached: { readonly cache: KeyValueCache; readonly program: Program; readonly blocks: number } | undefined

  constructor(model: CausalLanguageModel, { precision = "auto" }: ScorerOptions = {}) {
    this.model = model
    this.precision = model.store.executor.resolvePrecision(precision)
  }

  /**
   * ln of the probability of each id but the first, given those before it, nats: through the forward that training
   * differentiates.
   *
   * @param ids  at least 2, at most one more than the context
   * @throws CONTEXT_EXCEEDED, TOKEN_UNKNOWN, INPUT_INVALID
   */
  async score(ids: readonly number[]): Promise<Float32Array> {
    this.check(ids)
    const count = ids.length - 1
    const { nll } = await this.packedProgram(count).run({
      tokens: Int32Array.from(ids.slice(0, -1)),
      positions: Int32Array.from({ length: count }, (_, position) => position),
      sequenceStart: new Int32Array(count),
      targets: Int32Array.from(ids.slice(1)),
    })
    return Float32Array.from(nll, (loss) => 0 - loss)
  }

  /**
   * The same numbers through the cache: the first `prefill` ids in chunks, then one id a run, as `generate` reads them.
   *
   * @param prefill  how many ids are read in chunks of up to 64. Default 0
   */
  async scoreCached(ids: readonly number[], { prefill = 0 }: { prefill?: number } = {}): Promise<Float32Array> {
    this.check(ids)
    const { cache, program, blocks } = this.cachedProgram()
    const pages = cache.openSequence()
    const result = new Float32Array(ids.length - 1)
    const blockTable = new Int32Array(blocks)
    try {
      for (let start = 0; start < result.length; ) {
        const count = start < prefill ? Math.min(CACHE_PAGE, prefill - start, result.length - start) : 1
        pages.reserve(start + count)
        pages.writeBlocks(blockTable)
        const places = Int32Array.from({ length: count }, (_, index) => start + index)
        const { logProbabilities } = await program.run({
          tokens: places.map((position) => ids[position]),
          positions: places,
          slots: places.map((position) => pages.slotOf(position)),
          sequences: new Int32Array(count),
          blockTable,
          targets: Float32Array.from(places, (position) => ids[position + 1]),
        })
        result.set(logProbabilities, start)
        start += count
      }
    } finally {
      pages.release()
    }
    return result
  }

  dispose(): void {
    for (const program of this.packed.values()) program.dispose()
    this.packed.clear()
    this.cached?.program.dispose()
    this.cached?.cache.dispose()
    this.cached = undefined
  }
  [Symbol.dispose](): void {
    this.dispose()
  }

  private check(ids: readonly number[]): void {
    const { context, vocabularySize } = this.model.description
    checkIds(ids, { vocabularySize, minimum: 2, maximum: context + 1, context })
  }

  private packedProgram(count: number): Program {
    const planned = Math.min(
      this.model.description.context,
      Math.max(SMALLEST_PROGRAM, 2 ** Math.ceil(Math.log2(count))),
    )
    let program = this.packed.get(planned)
    if (!program) {
      program = this.compilePacked(planned)
      this.packed.set(planned, program)
    }
    return program
  }

  private compilePacked(planned: number): Program {
    const { model } = this
    const count = rows(planned)
    return compile(
      { tokens: i32(count), positions: i32(count), sequenceStart: i32(count), targets: i32(count) },
      ({ tokens, positions, sequenceStart, targets }) => {
        const attention = packedAttention(sequenceStart)
        const hidden = model.hidden({ tokens, positions, attention, context: planned })
        return { outputs: { nll: tokenLosses(hidden, model.outputWeight, targets) } }
      },
      { executor: model.store.executor, precision: this.precision, name: "score" },
    )
  }

  private cachedProgram(): NonNullable<Scorer["cached"]> {
    this.cached ??= this.compileCached()
    return this.cached
  }

  private compileCached(): NonNullable<Scorer["cached"]> {
    const { model, precision } = this
    const { executor } = model.store
    const { context, vocabularySize } = model.description
    const blocks = Math.ceil(context / CACHE_PAGE)
    const cache = new KeyValueCache(model.description, { executor, precision, pages: blocks })
    const count = rows(CACHE_PAGE)
    const program = compile(
      { ...cachedRowSpecs(count, { sequences: 1, blocks }), targets: f32(count, 1) },
      (inputs) => {
        const { hidden, updates } = cachedHidden(model, cache, inputs)
        const logits = logitsOf(model, hidden)
        const vocabulary = constant(
          Float32Array.from({ length: vocabularySize }, (_, id) => id),
          [1, vocabularySize],
        )
        // All but one term are zero, so the sum is the target's logit itself.
        const chosen = sum(select(equal(vocabulary, inputs.targets), logits, 0), -1)
        return { outputs: { logProbabilities: subtract(chosen, logSumExp(logits)) }, updates }
      },
      { executor, precision, name: "score through the cache" },
    )
    return { cache, program, blocks }
  }
}

/** How many of how many numbers have the same bits. */
export interface BitComparison {
  readonly identical: number
  readonly compared: number
}

/** Compares float32 numbers by their bits. */
export function compareBits(left: ArrayLike<number>, right: ArrayLike<number>): BitComparison {
  const [a, b] = [left, right].map((numbers) => new Uint32Array(Float32Array.from(numbers).buffer))
  const compared = Math.max(a.length, b.length)
  return { identical: a.reduce((count, bits, index) => count + (bits === b[index] ? 1 : 0), 0), compared }
}

/**
 * Whether training and generation give the same log-probabilities: the packed forward of `ids` against reading them
 * through the cache, bit by bit.
 *
 * @param ids      at least 2; each but the first is compared
 * @param prefill  how many ids are read in chunks before going one by one. Default 0
 */
export async function compareLogProbabilities(
  model: CausalLanguageModel,
  ids: readonly number[],
  { precision, prefill = 0 }: ScorerOptions & { prefill?: number } = {},
): Promise<BitComparison> {
  using scorer = new Scorer(model, precision ? { precision } : {})
  return compareBits(await scorer.score(ids), await scorer.scoreCached(ids, { prefill }))
}
