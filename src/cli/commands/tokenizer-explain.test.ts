/** What a person and a program are shown of a text's way to ids. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { afterAll, beforeAll, expect, it } from "vitest"
import { runCommandLine } from "../main.ts"
import type { Terminal } from "../terminal.ts"

const BYTE_LEVEL = {
  version: "1.0",
  added_tokens: [{ id: 8, content: "<s>", special: true }],
  pre_tokenizer: { type: "ByteLevel", add_prefix_space: false },
  decoder: { type: "ByteLevel" },
  model: {
    type: "BPE",
    vocab: { l: 0, o: 1, w: 2, Ġ: 3, ow: 4, low: 5, Ġlow: 6, ÿ: 7 },
    merges: ["o w", "l ow", "Ġ low"],
  },
}
const UNIGRAM = {
  version: "1.0",
  normalizer: { type: "Lowercase" },
  model: {
    type: "Unigram",
    unk_id: 0,
    vocab: [
      ["?", 0],
      ["a", -2],
      ["b", -2.5],
      ["ab", -4],
    ],
  },
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glossa-explain-"))
  await writeFile(join(folder, "bytes.json"), JSON.stringify(BYTE_LEVEL))
  await writeFile(join(folder, "unigram.json"), JSON.stringify(UNIGRAM))
})
afterAll(() => rm(folder, { recursive: true }))

async function explain(tokenizer: string, words: string[], input?: Uint8Array): Promise<string> {
  const [output, notices, read] = [new PassThrough(), new PassThrough(), new PassThrough()]
  read.end(input)
  const terminal = { input: read, output, notices, isWatched: false } as unknown as Terminal
  const line = ["tokenizer", "explain", "--tokenizer", join(folder, tokenizer), ...words]
  expect(await runCommandLine(line, terminal), String(notices.read())).toBe(0)
  return String(output.read())
}

it("shows merges with what each leaves, and the bytes of the ids", async () => {
  expect(await explain("bytes.json", ["lowo low<s>", "--parse-special-tokens"])).toBe(`"lowo"
    starts as                l o w o
    merge 0    o + w → ow    l ow o
    merge 1    l + ow → low  low o
    = low 5   o 1
" low"
    starts as                  ␣ l o w
    merge 0    o + w → ow      ␣ l ow
    merge 1    l + ow → low    ␣ low
    merge 2    ␣ + low → ␣low  ␣low
    = ␣low 6
"<s>" is an added token: 8

id  bytes        token
5   6c 6f 77     "low"
1   6f           "o"
6   20 6c 6f 77  " low"
8   3c 73 3e     "<s>"
`)
})

it("shows paths with their scores, the normalizer, and bytes that are no text", async () => {
  expect(await explain("unigram.json", ["AbX", "--alternatives", "1"])).toBe(`"AbX" is normalized to "abx"
"AbX" as "abx"
    best path  -18.00  ab -4.00   x as ? -14.00
    next best  -18.50  a -2.00   b -2.50   x as ? -14.00
    = ab 3   ? 0

id  bytes     token
3   20 61 62  "ab"
0   20 3f     "?"
`)
  expect(await explain("bytes.json", [], Uint8Array.of(0xff, 0x6c))).toContain('"\\xff"\n    = \\xff 7\n"l"')
})

it("gives programs the same as JSON", async () => {
  const told = JSON.parse(await explain("bytes.json", ["low", "--json"]))
  expect(told.ids).toEqual([5])
  expect(told.tokens).toEqual([{ id: 5, token: "low", legible: "low", bytes: [108, 111, 119], is_put_around: false }])
  expect(told.parts[0].parts[0].steps).toMatchObject({ kind: "merges", is_taken_whole: false })
  expect(told.parts[0].parts[0].steps.merges).toHaveLength(2)
})
