/** Every part of tokenizer.json against what Hugging Face's Rust library gave for the same file; see make.ts. */
import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { type Encoding, Tokenizer } from "../../../src/text/tokenizers/index.ts"
import { comparable } from "../../tokenizers/differences.ts"
import { SMALL_TOKENIZERS } from "../../tokenizers/small-tokenizers.ts"
import type { GoldenTokenizers } from "./make.ts"

const golden = JSON.parse(readFileSync(new URL("small.json", import.meta.url), "utf8")) as GoldenTokenizers

describe("small tokenizers", () => {
  test("there are golden encodings for each", () => {
    expect(Object.keys(golden.tokenizers)).toEqual(Object.keys(SMALL_TOKENIZERS))
  })
  test.each(Object.keys(SMALL_TOKENIZERS))("%s", (name) => {
    const tokenizer = Tokenizer.fromJson(JSON.parse(JSON.stringify(SMALL_TOKENIZERS[name])))
    const again = Tokenizer.fromJson(JSON.parse(JSON.stringify(tokenizer.toJson())))
    const options = { parseSpecialTokens: true, offsetUnit: "characters" } as const
    for (const { text, pair, encoding, decoded, error } of golden.tokenizers[name]) {
      const input = pair === undefined ? text : ([text, pair] as const)
      if (error || !encoding) {
        expect(() => tokenizer.encodeFull(input, options)).toThrow(/TOKENIZER_OPTION_INVALID|TOKEN_UNKNOWN/)
        continue
      }
      const came: Encoding = tokenizer.encodeFull(input, options)
      expect(comparable(came), JSON.stringify(input)).toEqual(comparable(encoding))
      expect(again.encodeFull(input, options)).toEqual(came)
      if (pair === undefined && encoding.overflowing.length === 0 && !encoding.attentionMask.includes(0))
        expect(tokenizer.encode(text, options)).toEqual(encoding.ids)
      expect(tokenizer.decode(encoding.ids), JSON.stringify(input)).toBe(decoded)
      const stream = tokenizer.decodeStream()
      expect(encoding.ids.map((id) => stream.push(id)).join("") + stream.end()).toBe(decoded)
    }
  })
})
