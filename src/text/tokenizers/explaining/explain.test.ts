/** Explanations tell what encoding does: the same ids, reached by the steps that are told. */
import fc from "fast-check"
import { beforeAll, describe, expect, test } from "vitest"
import { textFromBytes } from "../byte-text.ts"
import { type ExplainedPiece, explain, legible, Tokenizer, trainTokenizer } from "../index.ts"

const TEXTS = [
  "the lower boats lowered the lowest boat; 1851 and 1,000 naïve cafés. ",
  "swim swimming swimmer swims, low lower lowest slow slower; ab abab ababab!\n\n",
  "日本語のテキスト 中文文本 👩‍🚀 <s> \t  spaces",
]

const MERGED = {
  version: "1.0",
  added_tokens: [
    { id: 9, content: "<s>", special: true },
    { id: 10, content: "Ab", normalized: true },
  ],
  normalizer: { type: "Lowercase" },
  pre_tokenizer: { type: "Whitespace" },
  post_processor: {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    pair: [],
    special_tokens: { "<s>": { id: "<s>", ids: [9], tokens: ["<s>"] } },
  },
  model: {
    type: "BPE",
    unk_token: "?",
    ignore_merges: true,
    vocab: { "?": 0, l: 1, o: 2, w: 3, lo: 4, ow: 5, low: 6, a: 7, b: 8, ola: 11 },
    merges: ["o w", "l ow", "l o"],
  },
}
const WORDS = {
  version: "1.0",
  pre_tokenizer: { type: "Whitespace" },
  model: { type: "WordLevel", vocab: { "<unk>": 0, the: 1 } },
}
const UNIGRAM = {
  version: "1.0",
  model: {
    type: "Unigram",
    unk_id: 0,
    vocab: [
      ["<unk>", 0],
      ["a", -2],
      ["b", -2.5],
      ["ab", -3],
      ["ba", -3.75],
      ["aba", -6],
    ],
  },
} as const

const tokenizers: Record<string, Tokenizer> = {
  merged: Tokenizer.fromJson(MERGED),
  words: Tokenizer.fromJson(WORDS),
  paths: Tokenizer.fromJson(UNIGRAM),
}
beforeAll(async () => {
  for (const algorithm of ["bpe", "bpe-byte-fallback", "unigram", "wordpiece"] as const)
    tokenizers[algorithm] = await trainTokenizer(TEXTS, {
      algorithm,
      vocabularySize: 420,
    })
})

const text = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .array(fc.constantFrom(..."the lower swims ab日👩<s>Ab \n\u0301\u200b".split(/(?=[ ])|/u)), { maxLength: 60 })
      .map((parts) => parts.join("")),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
)
const input = fc.oneof({ weight: 4, arbitrary: text }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }) })

const piecesOf = (tokenizer: Tokenizer, given: string | Uint8Array): ExplainedPiece[] =>
  explain(tokenizer, given).parts.flatMap((part) =>
    part.kind === "added" ? [] : part.parts.flatMap((inner) => (inner.kind === "piece" ? [inner] : [])),
  )

describe.each(["bpe", "bpe-byte-fallback", "unigram", "wordpiece", "merged", "words", "paths"])("%s", (name) => {
  test("tells the ids of encode, and the pieces hold them", () => {
    const tokenizer = tokenizers[name]
    fc.assert(
      fc.property(input, fc.boolean(), fc.boolean(), (given, parseSpecialTokens, addSpecialTokens) => {
        const options = { parseSpecialTokens, addSpecialTokens }
        const { tokens, parts } = explain(tokenizer, given, options)
        const ids = typeof given === "string" ? tokenizer.encode(given, options) : tokenizer.encodeBytes(given, options)
        expect(tokens.map(({ id }) => id)).toEqual(ids)
        const inside = parts
          .flatMap((part) => (part.kind === "added" ? [part] : part.parts))
          .flatMap((part) => (part.kind === "added" ? [part.token.id] : part.tokens.map(({ id }) => id)))
        expect(inside).toEqual(tokens.filter(({ isPutAround }) => !isPutAround).map(({ id }) => id))
      }),
      { numRuns: 150 },
    )
  })

  test("its steps lead to its tokens", () => {
    const tokenizer = tokenizers[name]
    fc.assert(
      fc.property(input, (given) => {
        for (const { steps, tokens, spelled } of piecesOf(tokenizer, given)) {
          const ids = tokens.map(({ id }) => id)
          if (steps.kind === "merges") {
            const state = new Map(steps.symbols.map(({ id }, at) => [at, id]))
            for (const { left, right, joined, start, middle } of steps.merges) {
              expect([state.get(start), state.get(middle)]).toEqual([left.id, right.id])
              state.set(start, joined.id)
              state.delete(middle)
            }
            expect(steps.isTakenWhole ? [tokenizer.tokenToId(spelled)] : [...state.values()]).toEqual(ids)
          } else if (steps.kind === "paths") {
            for (const { score, tokens: path } of steps.paths) {
              expect(path.map((token) => token.text).join("")).toBe(spelled)
              expect(path.reduce((sum, token) => sum + token.score, 0)).toBe(score)
              expect(score).toBeLessThanOrEqual(steps.paths[0].score)
            }
            // Unknown characters become one token or their bytes.
            const best = steps.paths[0].tokens
            if (best.every((token) => token.text === token.token)) expect(best.map(({ id }) => id)).toEqual(ids)
          } else if (steps.kind === "matches") {
            const matched = steps.matches.flatMap(({ match }) => match?.id ?? [])
            const isKnown = steps.mostCharacters === undefined && steps.matches.every(({ match }) => match)
            expect(isKnown ? matched : [tokenizer.tokenToId(tokenizer.roles.unk ?? "")]).toEqual(ids)
          } else expect(steps.isKnown).toBe(tokenizer.tokenToId(spelled) === ids[0])
        }
      }),
      { numRuns: 150 },
    )
  })
})

test("merges are told in their order, and where the vocabulary has the piece they do not decide", () => {
  const [piece] = piecesOf(tokenizers.merged, "LOWo")
  expect(piece).toMatchObject({ source: "LOWo", spelled: "lowo", tokens: [{ id: 6 }, { id: 2 }] })
  expect(piece.steps).toMatchObject({
    symbols: [{ token: "l" }, { token: "o" }, { token: "w" }, { token: "o" }],
    merges: [
      { rank: 0, left: { token: "o" }, right: { token: "w" }, joined: { token: "ow" }, start: 1, middle: 2, end: 3 },
      { rank: 1, left: { token: "l" }, right: { token: "ow" }, joined: { token: "low" }, start: 0, middle: 1, end: 3 },
    ],
    isTakenWhole: false,
  })
  const [whole] = piecesOf(tokenizers.merged, "ola")
  expect(whole).toMatchObject({ tokens: [{ id: 11 }], steps: { merges: [], isTakenWhole: true } })
})

test("added tokens, the normalizer and the post-processor are told apart", () => {
  const { parts, tokens } = explain(tokenizers.merged, "A<s>aB low", { parseSpecialTokens: true })
  expect(parts).toMatchObject([
    { kind: "stretch", source: "A", normalized: "a", parts: [{ kind: "piece", source: "A", spelled: "a" }] },
    { kind: "added", source: "<s>", token: { id: 9 } },
    {
      kind: "stretch",
      source: "aB low",
      normalized: "ab low",
      parts: [{ kind: "added", source: "aB" }, { source: "low" }],
    },
  ])
  expect(tokens.map(({ id, isPutAround }) => [id, isPutAround])).toEqual([
    [9, true],
    [7, false],
    [9, false],
    [10, false],
    [6, false],
  ])
})

test("the next best paths are those that trying every cut finds", () => {
  const scores = new Map<string, number>(UNIGRAM.model.vocab.map(([token, score]) => [token, score]))
  const allPaths = (rest: string): { cut: string[]; score: number }[] => {
    if (rest === "") return [{ cut: [], score: 0 }]
    return Array.from(rest, (_, index) => rest.slice(0, index + 1)).flatMap((head) => {
      const score = scores.get(head)
      if (score === undefined) return []
      return allPaths(rest.slice(head.length)).map((path) => ({ cut: [head, ...path.cut], score: score + path.score }))
    })
  }
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 9 }),
      fc.nat(6),
      (piece, alternatives) => {
        const [{ steps }] = explain(tokenizers.paths, piece, { alternatives }).parts.flatMap((part) =>
          part.kind === "stretch" ? (part.parts as ExplainedPiece[]) : [],
        )
        if (steps.kind !== "paths") throw new Error("a path was wanted")
        const every = allPaths(piece).map(({ score }) => score)
        const wanted = every.sort((left, right) => right - left).slice(0, 1 + alternatives)
        expect(steps.paths.map(({ score }) => score)).toEqual(wanted)
        const cuts = steps.paths.map(({ tokens }) => tokens.map(({ token }) => token).join(" "))
        expect(new Set(cuts).size).toBe(cuts.length)
      },
    ),
    { numRuns: 200 },
  )
})

test("what does not print is spelled out", () => {
  expect(legible(textFromBytes(Uint8Array.of(0x61, 0xff, 0x0a, 0x09, 0x5c, 0x00)))).toBe("a\\xff\\n\\t\\\\\\x00")
  expect(legible("a\u00a0\u200b\u2028\u{e0001} é日")).toBe("a\\u00a0\\u200b\\u2028\\u{e0001} é日")
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (any) => {
      expect(legible(any)).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
    }),
  )
})
