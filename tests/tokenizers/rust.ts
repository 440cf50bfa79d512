/** Hugging Face's Rust library through `@anush008/tokenizers`, which lives in bench/peers, and what it makes of texts. */
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import type { Encoding } from "../../src/text/tokenizers/index.ts"

/** The part of the package's types that is used here. */
export interface RustEncoding {
  getIds(): number[]
  getTokens(): string[]
  getOffsets(): [number, number][]
  getTypeIds(): number[]
  getAttentionMask(): number[]
  getSpecialTokensMask(): number[]
  getWordIds(): (number | null | undefined)[]
  getSequenceIds(): (number | null | undefined)[]
  getOverflowing(): RustEncoding[]
}
export interface RustTokenizer {
  encode(text: string, pair?: string | null, options?: { addSpecialTokens?: boolean }): Promise<RustEncoding>
  decode(ids: number[], skipSpecialTokens: boolean): Promise<string>
}
interface RustLibrary {
  Tokenizer: { fromFile(path: string): RustTokenizer; fromString(json: string): RustTokenizer }
}

const peers = fileURLToPath(new URL("../../bench/peers/", import.meta.url))

/** Whether `npm ci` was run in bench/peers. */
export const peersAreInstalled = existsSync(`${peers}node_modules`)

/** Loads a package of bench/peers. */
export const requirePeer = createRequire(`${peers}package.json`)

/** A file of a package of bench/peers. */
export function peerFile(path: string): string {
  return `${peers}node_modules/${path}`
}

let library: RustLibrary | undefined

export function rust(): RustLibrary["Tokenizer"] {
  library ??= requirePeer("@anush008/tokenizers") as RustLibrary
  return library.Tokenizer
}

/** An encoding of the Rust library in the form of ours. */
export function plainEncoding(encoding: RustEncoding): Encoding {
  return {
    ids: encoding.getIds(),
    tokens: encoding.getTokens(),
    offsets: encoding.getOffsets(),
    typeIds: encoding.getTypeIds(),
    attentionMask: encoding.getAttentionMask(),
    specialTokensMask: encoding.getSpecialTokensMask(),
    wordIds: encoding.getWordIds().map((word) => word ?? null),
    sequenceIds: encoding.getSequenceIds().map((sequence) => sequence ?? null),
    overflowing: encoding.getOverflowing().map(plainEncoding),
  }
}
