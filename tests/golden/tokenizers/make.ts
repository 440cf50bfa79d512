/**
 * Makes small.json: what Hugging Face's Rust library makes of short texts with small tokenizers that between them use
 * every part of tokenizer.json. Run after `npm ci` in bench/peers: npx tsx tests/golden/tokenizers/make.ts
 */
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Encoding } from "../../../src/text/tokenizers/index.ts"
import { plainEncoding, requirePeer, rust } from "../../tokenizers/rust.ts"
import { SMALL_PAIRS, SMALL_TEXTS, SMALL_TOKENIZERS } from "../../tokenizers/small-tokenizers.ts"

export interface GoldenTokenizers {
  /** What made the file. */
  readonly madeBy: string
  readonly tokenizers: Readonly<Record<string, readonly GoldenCase[]>>
}

/** One encoding, offsets in characters, with the decoded text; or that the library has an error. */
export interface GoldenCase {
  readonly text: string
  readonly pair?: string
  readonly encoding?: Encoding
  readonly decoded?: string
  readonly error?: true
}

async function goldenCase(name: string, text: string, pair?: string): Promise<GoldenCase> {
  const tokenizer = rust().fromString(JSON.stringify(SMALL_TOKENIZERS[name]))
  const head = pair === undefined ? { text } : { text, pair }
  try {
    const encoding = plainEncoding(await tokenizer.encode(text, pair ?? null))
    // Some of its decoders abort the process when there is nothing to decode.
    const decoded = encoding.ids.length > 0 ? await tokenizer.decode([...encoding.ids], false) : ""
    return { ...head, encoding, decoded }
  } catch {
    return { ...head, error: true }
  }
}

const tokenizers: Record<string, GoldenCase[]> = {}
for (const name of Object.keys(SMALL_TOKENIZERS)) {
  tokenizers[name] = []
  for (const text of SMALL_TEXTS) tokenizers[name].push(await goldenCase(name, text))
  for (const [first, second] of SMALL_PAIRS) tokenizers[name].push(await goldenCase(name, first, second))
}
const { version } = requirePeer("@anush008/tokenizers/package.json") as { version: string }
const golden: GoldenTokenizers = { madeBy: `@anush008/tokenizers ${version} (tokenizers 0.22.2)`, tokenizers }
writeFileSync(fileURLToPath(new URL("small.json", import.meta.url)), `${JSON.stringify(golden)}\n`)
