/** Any bytes as text that a person can read: what does not print is spelled as an escape, as in JavaScript's strings. */
import { textFromBytes } from "../byte-text.ts"
import type { Tokenizer } from "../tokenizer.ts"

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" }
/** Control and format characters, white space other than the plain one, what Unicode has not given out, and raw bytes. */
const ILLEGIBLE = /[\p{C}\p{Zl}\p{Zp}\\]|(?! )\p{Zs}/gu
/** First lone surrogate that stands for a raw byte, less 0x80; see `byte-text.ts`. */
const RAW_BYTE = 0xdc00

/**
 * A text with `\n`, `\u200b`, `\u{e0001}` for characters that do not print, `\xff` for bytes that are not UTF-8, and
 * `\\` for the backslash. Combining marks without a character to stand on get a dotted circle (U+25CC).
 */
export function legible(text: string): string {
  return text.replace(ILLEGIBLE, escaped).replace(/^\p{M}/u, "\u25cc$&")
}

function escaped(character: string): string {
  const named = NAMED[character]
  if (named) return named
  const code = character.codePointAt(0) as number
  const hex = code.toString(16)
  if (code >= RAW_BYTE + 0x80 && code <= RAW_BYTE + 0xff) return `\\x${(code - RAW_BYTE).toString(16)}`
  if (code < 0x80) return `\\x${hex.padStart(2, "0")}`
  return code > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, "0")}`
}

/** A token for people: of byte-level vocabularies its bytes as text, of others its spelling. */
export function legibleToken(tokenizer: Tokenizer, id: number): string {
  return legible(tokenizer.spellsBytes ? textFromBytes(tokenizer.tokenBytes(id)) : (tokenizer.idToToken(id) ?? ""))
}
