/** Counts that can be done by hand. */
import { expect, test } from "vitest"
import { Tokenizer } from "../../text/index.ts"
import { renderTokenizerPage } from "../report/index.ts"
import { compareTokenizers } from "./bytes-per-token.ts"

const LETTERS = Tokenizer.fromJson(
  {
    version: "1.0",
    added_tokens: [{ id: 5, content: "<s>", special: true }],
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [],
      special_tokens: { "<s>": { id: "<s>", ids: [5], tokens: ["<s>"] } },
    },
    model: { type: "BPE", unk_token: "?", vocab: { "?": 0, a: 1, b: 2, ab: 3, " ": 4 }, merges: ["a b"] },
  },
  { roles: { unk: "?" } },
)
const STRICT = Tokenizer.fromJson({
  version: "1.0",
  model: {
    type: "Unigram",
    unk_id: null,
    vocab: [
      ["a", -1],
      ["b", -1],
      [" ", -1],
    ],
  },
})

const DOMAINS = [
  { domain: "letters", source: "by hand", documents: ["ab ab a", "b"] },
  { domain: "signs", source: "by <hand>", documents: ["aé日"] },
]

test("tokens, bytes and words are counted as they are", () => {
  const { domains, tokenizers } = compareTokenizers(
    [
      { name: "letters", tokenizer: LETTERS, isOurs: true },
      { name: "strict", tokenizer: STRICT, isOurs: false },
    ],
    DOMAINS,
  )
  expect(domains).toMatchObject([
    { domain: "letters", bytes: 8, words: 4 },
    { domain: "signs", bytes: 6 },
  ])
  // ab␣ab␣a and b: 5 + 1 tokens; the token before each text does not count.
  expect(tokenizers[0].domains[0]).toEqual({
    domain: "letters",
    tokens: 6,
    unknownTokens: 0,
    bytesPerToken: 8 / 6,
    tokensPerWord: 6 / 4,
  })
  expect(tokenizers[0].domains[1]).toMatchObject({ tokens: 3, unknownTokens: 2, bytesPerToken: 2 })
  expect(tokenizers[1].domains[0]).toMatchObject({ tokens: 8, bytesPerToken: 1 })
  expect(tokenizers[1].domains[1]).toBeUndefined()
})

test("words are found where no spaces part them, and in texts of any length", () => {
  const words = (text: string) =>
    compareTokenizers([], [{ domain: "", source: "", documents: [text] }]).domains[0].words
  expect(words("孩子们数着港口的灯火")).toBeGreaterThan(3)
  expect(words("a line of five words\n".repeat(3000))).toBe(15_000)
})

test("the page shows every figure, and words from outside as text", () => {
  const ours = { name: "<b>mine</b>", tokenizer: LETTERS, isOurs: true }
  const page = renderTokenizerPage(compareTokenizers([ours, { ...ours, name: "other", isOurs: false }], DOMAINS))
  expect(page).toContain("&lt;b&gt;mine&lt;/b&gt;, held against another vocabulary on 2 kinds of text")
  expect(page).toContain("by &lt;hand&gt;")
  expect(page).not.toContain("<b>")
  expect(page.match(/<svg/g)).toHaveLength(4)
  expect(page).toMatch(/<td>other<\/td><td>6<\/td><td>1\.33<\/td><td>2\.00<\/td>/)
})
