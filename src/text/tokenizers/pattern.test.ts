/** Split patterns mean in JavaScript what they mean where tokenizer.json comes from. */
import { expect, test } from "vitest"
import { compilePattern, SPLIT_PATTERNS } from "./pattern.ts"

const cut = (source: string, text: string) => text.match(compilePattern(source, "test"))

test("white space is Unicode's: U+0085 belongs, U+FEFF does not", () => {
  expect(cut("\\s", "\u0085\ufeff\u00a0")).toEqual(["\u0085", "\u00a0"])
  expect(cut("[^\\s]", "\u0085\ufeff")).toEqual(["\ufeff"])
  expect(cut("\\S", "\u0085\ufeff")).toEqual(["\ufeff"])
})

test("(?i:…) ignores case within its group only, long s and Kelvin sign included", () => {
  expect(cut("(?i:'s|k)x|y", "'Sx 'ſx Kx \u212ax Y y")).toEqual(["'Sx", "'ſx", "Kx", "\u212ax", "y"])
  expect(cut("(?i:[sd])", "Sdſa")).toEqual(["S", "d", "ſ"])
})

test("scripts, one-letter properties and needless escapes", () => {
  expect(cut("\\p{Han}+|\\pN|\\'|\\-", "日本1'-a")).toEqual(["日本", "1", "'", "-"])
})

test("what JavaScript cannot say is refused", () => {
  for (const source of ["a++", "(?>a)", "[a[b]]", "[a&&b]"])
    expect(() => compilePattern(source, "here")).toThrow(/here.*TOKENIZER_INVALID/)
})

test("the known patterns cut as their vocabularies do", () => {
  const text = "It's 12345 HelloWorld  ok\n\n x"
  expect(cut(SPLIT_PATTERNS.gpt2, text)).toEqual(["It", "'s", " 12345", " HelloWorld", " ", " ok", "\n\n", " x"])
  expect(cut(SPLIT_PATTERNS.cl100k, text)).toEqual([
    "It",
    "'s",
    " ",
    "123",
    "45",
    " HelloWorld",
    " ",
    " ok",
    "\n\n",
    " x",
  ])
  expect(cut(SPLIT_PATTERNS.o200k, text)).toEqual([
    "It's",
    " ",
    "123",
    "45",
    " Hello",
    "World",
    " ",
    " ok",
    "\n\n",
    " x",
  ])
})
