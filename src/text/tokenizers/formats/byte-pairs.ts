/** Byte-level BPE tokenizers from what other formats keep of them: tokens by id, merges, and how text is cut. */
import { describeValue, tokenizerInvalid } from "../parts.ts"
import { SPLIT_PATTERNS, type SplitPatternName } from "../pattern.ts"
import { Tokenizer, type TokenizerCompanions } from "../tokenizer.ts"

/** What makes a byte-level BPE tokenizer. */
export interface BytePairParts {
  /** Tokens by id, in GPT-2's spelling of bytes. Special tokens may be among them. */
  readonly tokens: ReadonlyMap<string, number> | readonly string[]
  /** In the order they were learned. */
  readonly merges: readonly (readonly [left: string, right: string])[]
  /** How text is cut before merging: a well-known pattern by name, or one of Oniguruma's dialect. */
  readonly splitPattern: SplitPatternName | string
  /** Tokens that mark structure, written as they are. */
  readonly specialTokens?: readonly { readonly id: number; readonly content: string }[]
  /** A piece that is a token is taken as it is, without a look at the merges. Default false. */
  readonly ignoresMerges?: boolean
}

/**
 * A tokenizer from tokens and merges.
 *
 * @throws TOKENIZER_INVALID when the parts contradict one another
 */
export function tokenizerFromBpe(
  parts: BytePairParts,
  companions: TokenizerCompanions = {},
  where = "byte-pair vocabulary",
): Tokenizer {
  const { tokens, specialTokens = [] } = parts
  const vocab: Record<string, number> = Object.create(null)
  const entries = Array.isArray(tokens)
    ? (tokens as readonly string[]).map((token, id) => [token, id] as const)
    : [...(tokens as ReadonlyMap<string, number>)]
  for (const [token, id] of entries) {
    if (token in vocab)
      throw tokenizerInvalid(where, "each token once", `${describeValue(token)}, with ids ${vocab[token]} and ${id}`)
    vocab[token] = id
  }
  const name = parts.splitPattern
  const pattern = Object.hasOwn(SPLIT_PATTERNS, name) ? SPLIT_PATTERNS[name as SplitPatternName] : name
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true }
  const json = {
    version: "1.0",
    added_tokens: specialTokens.map(({ id, content }) => ({ id, content, special: true, normalized: false })),
    normalizer: null,
    pre_tokenizer:
      pattern === SPLIT_PATTERNS.gpt2
        ? { ...byteLevel, use_regex: true }
        : {
            type: "Sequence",
            pretokenizers: [
              { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false },
              { ...byteLevel, use_regex: false },
            ],
          },
    post_processor: { ...byteLevel, use_regex: true },
    decoder: { ...byteLevel, use_regex: true },
    model: { type: "BPE", ignore_merges: parts.ignoresMerges ?? false, vocab, merges: parts.merges },
  }
  return Tokenizer.fromJson(json, companions, where)
}
