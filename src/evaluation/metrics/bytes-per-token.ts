/** How much text a tokenizer's tokens stand for, by kinds of text: what vocabularies are compared by. */
import { GlossaError } from "../../errors.ts"
import type { Tokenizer } from "../../text/index.ts"

/** Texts of one kind. */
export interface DomainText {
  readonly domain: string
  /** What the texts are, for people. */
  readonly source: string
  readonly documents: readonly string[]
}

/** Sizes of a domain that are the same for every tokenizer. */
export interface DomainSize {
  readonly domain: string
  readonly source: string
  /** Of UTF-8. */
  readonly bytes: number
  /** As Unicode's rules and dictionaries part words (Intl.Segmenter), also where no spaces do. */
  readonly words: number
}

export interface NamedTokenizer {
  readonly name: string
  readonly tokenizer: Tokenizer
  /** Whether it is one that the report is about, and not one that it is held against. */
  readonly isOurs: boolean
}

/** A tokenizer on one domain. */
export interface DomainTokens {
  readonly domain: string
  readonly tokens: number
  /** How many of them stand for text that the vocabulary cannot spell: what is lost. */
  readonly unknownTokens: number
  readonly bytesPerToken: number
  /** Also called fertility. */
  readonly tokensPerWord: number
}

export interface TokenizerMeasurement {
  readonly name: string
  readonly isOurs: boolean
  readonly vocabularySize: number
  /** In the order of the domains; undefined where a text cannot be encoded at all. */
  readonly domains: readonly (DomainTokens | undefined)[]
}

export interface TokenizerComparison {
  readonly domains: readonly DomainSize[]
  readonly tokenizers: readonly TokenizerMeasurement[]
}

/** Measures every tokenizer on every domain, without the tokens that post-processors put around a text. */
export function compareTokenizers(
  tokenizers: readonly NamedTokenizer[],
  domains: readonly DomainText[],
): TokenizerComparison {
  const sizes = domains.map(({ domain, source, documents }) => ({
    domain,
    source,
    bytes: documents.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
    words: documents.reduce((sum, text) => sum + countWords(text), 0),
  }))
  return {
    domains: sizes,
    tokenizers: tokenizers.map(({ name, tokenizer, isOurs }) => ({
      name,
      isOurs,
      vocabularySize: tokenizer.vocabularySize,
      domains: domains.map(({ documents }, index) => measure(tokenizer, documents, sizes[index])),
    })),
  }
}

function measure(
  tokenizer: Tokenizer,
  documents: readonly string[],
  { domain, bytes, words }: DomainSize,
): DomainTokens | undefined {
  const unknown = tokenizer.roles.unk === undefined ? undefined : tokenizer.tokenToId(tokenizer.roles.unk)
  let tokens = 0
  let unknownTokens = 0
  try {
    for (const document of documents) {
      const ids = tokenizer.encode(document, { addSpecialTokens: false })
      tokens += ids.length
      for (const id of ids) if (id === unknown) unknownTokens += 1
    }
  } catch (error) {
    if (error instanceof GlossaError && error.code === "TOKEN_UNKNOWN") return undefined
    throw error
  }
  return { domain, tokens, unknownTokens, bytesPerToken: bytes / tokens, tokensPerWord: tokens / words }
}

const segmenter = new Intl.Segmenter("en", { granularity: "word" })
/** Texts are parted in stretches of about so many UTF-16 units, cut at line ends: parting takes longer in long texts. */
const STRETCH_UNITS = 10_000

function countWords(text: string): number {
  let words = 0
  for (let from = 0; from < text.length; ) {
    const lineEnd = text.indexOf("\n", from + STRETCH_UNITS)
    const to = lineEnd < 0 ? text.length : lineEnd + 1
    for (const { isWordLike } of segmenter.segment(text.slice(from, to))) if (isWordLike) words += 1
    from = to
  }
  return words
}
