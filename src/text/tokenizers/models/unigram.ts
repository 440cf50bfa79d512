/**
 * `Unigram`: every token has a log-probability, and a piece is cut where the sum over its tokens is highest.
 * Kudo 2018, arXiv:1804.10959.
 */
import { z } from "zod"
import { bytesFromText } from "../byte-text.ts"
import { CharTrie } from "../char-trie.ts"
import type { TokenPath } from "../explaining/piece-steps.ts"
import type { IdBuffer } from "../id-buffer.ts"
import { describeValue, type PartDefinition, parseSettings, tokenizerInvalid } from "../parts.ts"
import type { SubwordSampler } from "../subword-sampler.ts"
import { BestPaths } from "./best-paths.ts"
import type { TokenizerModel, TokenSpan } from "./index.ts"
import { byteToken, byteTokenIds, HIGHEST_VOCABULARY, unspellable } from "./vocabulary.ts"

const settingsSchema = z.object({
  type: z.literal("Unigram"),
  unk_id: z.number().int().nonnegative().nullable().default(null),
  // Checked entry by entry below: schemas over hundreds of thousands of entries are slow.
  vocab: z.custom<unknown[]>((vocab) => Array.isArray(vocab), "a list of tokens and scores"),
  byte_fallback: z.boolean().default(false),
})

/** Nats that an unknown character costs more than the least likely token. */
const UNKNOWN_PENALTY = 10

export const unigramModel: PartDefinition<TokenizerModel> = {
  type: "Unigram",
  build(json, where) {
    const settings = parseSettings(settingsSchema, json, where)
    const { tokens, scores } = readScores(settings.vocab, `${where}.vocab`)
    if (settings.unk_id !== null && settings.unk_id >= tokens.length)
      throw tokenizerInvalid(`${where}.unk_id`, `an id below ${tokens.length}`, `${settings.unk_id}`)
    const model = new Unigram(tokens, scores, settings.unk_id ?? undefined, settings.byte_fallback)
    return {
      vocabulary: model.vocabulary,
      unknownId: model.unknownId,
      tokenize: (piece, ids, sampler) => model.tokenize(piece, ids, sampler),
      tokenizeSpans: (piece, sampler) => model.tokenizeSpans(piece, sampler),
      explain: (piece, alternatives) => ({ kind: "paths", paths: model.bestPaths(piece, 1 + alternatives) }),
      withhold: (ids) => model.withhold(ids),
      toJson: () => settings,
    }
  },
}

function readScores(vocab: readonly unknown[], where: string) {
  if (vocab.length > HIGHEST_VOCABULARY)
    throw tokenizerInvalid(where, `at most ${HIGHEST_VOCABULARY} tokens`, `${vocab.length}`)
  const scores = new Float64Array(vocab.length)
  const owners = new Map<string, number>()
  const tokens = vocab.map((entry, id) => {
    const place = `${where}[${id}]`
    if (!Array.isArray(entry) || entry.length !== 2 || typeof entry[0] !== "string" || !Number.isFinite(entry[1]))
      throw tokenizerInvalid(place, "a token and its score", describeValue(entry))
    const owner = owners.get(entry[0])
    if (owner !== undefined)
      throw tokenizerInvalid(place, "each token once", `${describeValue(entry[0])}, which id ${owner} has`)
    owners.set(entry[0], id)
    scores[id] = entry[1]
    return entry[0] as string
  })
  return { tokens, scores }
}

/** No path ends here yet. */
const UNREACHED = -1

class Unigram {
  readonly vocabulary: ReadonlyMap<string, number>
  readonly unknownId: number | undefined
  readonly #tokens: readonly string[]
  readonly #scores: Float64Array
  readonly #trie: CharTrie
  readonly #unknownScore: number
  readonly #byteFallback: boolean

  constructor(tokens: readonly string[], scores: Float64Array, unknownId: number | undefined, byteFallback: boolean) {
    this.#tokens = tokens
    this.#scores = scores
    this.unknownId = unknownId
    this.#byteFallback = byteFallback
    this.vocabulary = new Map(tokens.map((token, id) => [token, id]))
    this.#trie = new CharTrie(4 * tokens.length)
    tokens.forEach((token, id) => {
      this.#trie.add(token, id)
    })
    this.#unknownScore =
      scores.reduce((least, score) => Math.min(least, score), Number.POSITIVE_INFINITY) - UNKNOWN_PENALTY
  }

  /** Has tokens never made from text. */
  withhold(ids: ReadonlySet<number>): void {
    for (const [token, id] of this.vocabulary) if (ids.has(id)) this.#trie.remove(token)
  }

  tokenize(piece: string, ids: IdBuffer, sampler?: SubwordSampler): void {
    this.#visit(piece, sampler, (id) => ids.push(id))
  }

  tokenizeSpans(piece: string, sampler?: SubwordSampler): TokenSpan[] {
    const spans: TokenSpan[] = []
    this.#visit(piece, sampler, (id, start, end, token) => {
      spans.push({ id, token: token ?? piece.slice(start, end), start, end })
    })
    return spans
  }

  /** Calls `visit` with each token; unknown characters in a row count as one, spelled by bytes where that can be. */
  #visit(
    piece: string,
    sampler: SubwordSampler | undefined,
    visit: (id: number, start: number, end: number, token?: string) => void,
  ): void {
    const path = sampler ? this.#samplePath(piece, sampler) : this.#bestPath(piece)
    const unknownId = this.unknownId
    for (let at = 0; at < path.length; at += 2) {
      const start = at === 0 ? 0 : path[at - 1]
      let end = path[at + 1]
      let id: number | undefined = path[at]
      if (id === unknownId) {
        while (at + 2 < path.length && path[at + 2] === unknownId) {
          at += 2
          end = path[at + 1]
        }
        const text = piece.slice(start, end)
        id = this.vocabulary.get(text)
        if (id === undefined) {
          const bytes = bytesFromText(text)
          const byteIds = this.#byteFallback ? byteTokenIds(bytes, this.vocabulary) : undefined
          if (byteIds) {
            byteIds.forEach((byteId, index) => {
              visit(byteId, start, end, byteToken(bytes[index]))
            })
            continue
          }
          id = unknownId
        }
      }
      visit(id, start, end)
    }
  }

  /** The most likely path, as id, end, id, end, … */
  #bestPath(piece: string): number[] {
    const length = piece.length
    const best = new Float64Array(length + 1)
    const starts = new Int32Array(length + 1).fill(UNREACHED)
    const ids = new Int32Array(length + 1)
    this.#edges(piece, (start, end, id, score) => {
      const sum = best[start] + score
      if (starts[end] !== UNREACHED && sum <= best[end]) return
      best[end] = sum
      starts[end] = start
      ids[end] = id
    })
    const path: number[] = []
    for (let end = length; end > 0; end = starts[end]) path.push(end, ids[end])
    return path.reverse()
  }

  /** The likeliest paths, at most `most`, the best first; the first is the one that `tokenize` takes. */
  bestPaths(piece: string, most: number): TokenPath[] {
    const paths = new BestPaths(piece.length, most)
    this.#edges(piece, (start, end, id, score) => paths.add({ start, end, id, score }))
    return paths.all().map(({ score, edges }) => ({
      score,
      tokens: edges.map(({ start, end, id, score: tokenScore }) => ({
        id,
        token: this.#tokens[id],
        score: tokenScore,
        text: piece.slice(start, end),
      })),
    }))
  }

  /** A path drawn with the probability ∏ p(token)^alpha, up to a factor: forward sums, then backward draws. */
  #samplePath(piece: string, sampler: SubwordSampler): number[] {
    const length = piece.length
    const into: { readonly start: number; readonly id: number; readonly score: number }[][] = []
    for (let at = 0; at <= length; at++) into.push([])
    this.#edges(piece, (start, end, id, score) => {
      into[end].push({ start, id, score: sampler.alpha * score })
    })
    const sums = new Float64Array(length + 1).fill(Number.NEGATIVE_INFINITY)
    sums[0] = 0
    for (let end = 1; end <= length; end++)
      sums[end] = into[end].reduce((sum, { start, score }) => logSum(sum, sums[start] + score), sums[end])
    const path: number[] = []
    for (let end = length; end > 0; ) {
      let left = sampler.next()
      const edges = into[end]
      let chosen = edges[edges.length - 1]
      for (const edge of edges) {
        left -= Math.exp(sums[edge.start] + edge.score - sums[end])
        if (left >= 0) continue
        chosen = edge
        break
      }
      path.push(end, chosen.id)
      end = chosen.start
    }
    return path.reverse()
  }

  /** Calls `visit` with every token at every place, in order of start, then of length. */
  #edges(piece: string, visit: (start: number, end: number, id: number, score: number) => void): void {
    const trie = this.#trie
    for (let start = 0; start < piece.length; ) {
      const width = (piece.codePointAt(start) as number) > 0xffff ? 2 : 1
      let isKnown = false
      let node = 0
      for (let at = start; at < piece.length; ) {
        node = trie.step(node, piece.charCodeAt(at))
        if (node < 0) break
        at += 1
        const id = trie.valueOf(node)
        if (id < 0) continue
        visit(start, at, id, this.#scores[id])
        if (at - start === width) isKnown = true
      }
      if (!isKnown) {
        if (this.unknownId === undefined) throw unspellable(piece.slice(start, start + width))
        visit(start, start + width, this.unknownId, this.#unknownScore)
      }
      start += width
    }
  }
}

/** log(exp(x) + exp(y)) */
function logSum(x: number, y: number): number {
  if (x === Number.NEGATIVE_INFINITY) return y
  const [low, high] = x < y ? [x, y] : [y, x]
  return high + Math.log1p(Math.exp(low - high))
}
