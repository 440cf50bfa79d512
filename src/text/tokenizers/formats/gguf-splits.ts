/**
 * How byte-level vocabularies of GGUF files cut a text before merging: `tokenizer.ggml.pre` names one of llama.cpp's ways.
 * A way that is not listed here is refused, since other cuts would give other ids.
 */
import { SPLIT_PATTERNS } from "../pattern.ts"

export interface GgufSplit {
  /** Names that mean it; files are written with the first. */
  readonly names: readonly [string, ...string[]]
  readonly preTokenizer: Readonly<Record<string, unknown>>
  /** Whether a piece that is a token as a whole is that token, whatever the merges say. */
  readonly ignoreMerges?: true
  /** Whether texts begin with `bos` where the file does not say. */
  readonly addsBos?: true
}

const byteLevel = (useRegex: boolean) => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
})
const isolated = (pattern: string) => ({
  type: "Split",
  pattern: { Regex: pattern },
  behavior: "Isolated",
  invert: false,
})
const cutBy = (...patterns: string[]) => ({
  type: "Sequence",
  pretokenizers: [...patterns.map(isolated), byteLevel(false)],
})

/** As cl100k, but every digit stands alone. */
const QWEN2 = SPLIT_PATTERNS.cl100k.replace("\\p{N}{1,3}", "\\p{N}")

export const GGUF_SPLITS: readonly GgufSplit[] = [
  {
    names: ["gpt-2", "phi-2", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "jina-v2-code", "mpt", "olmo", "jais"],
    preTokenizer: byteLevel(true),
  },
  {
    names: ["llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral"],
    preTokenizer: cutBy(SPLIT_PATTERNS.llama3),
    ignoreMerges: true,
    addsBos: true,
  },
  { names: ["dbrx", "smaug-bpe"], preTokenizer: cutBy(SPLIT_PATTERNS.cl100k) },
  { names: ["qwen2", "deepseek-r1-qwen", "stablelm2"], preTokenizer: cutBy(QWEN2) },
  { names: ["gpt-4o", "llama4"], preTokenizer: cutBy(SPLIT_PATTERNS.o200k) },
  {
    names: ["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"],
    preTokenizer: { type: "Sequence", pretokenizers: [{ type: "Digits", individual_digits: true }, byteLevel(true)] },
  },
  {
    names: ["default"],
    preTokenizer: cutBy("[\\p{P}\\$\\+<=>\\^~\\|]+", SPLIT_PATTERNS.gpt2, "\\p{N}+", "[0-9][0-9][0-9]"),
  },
]

/** The cuts that a file names. */
export function ggufSplitOf(name: string): GgufSplit | undefined {
  return GGUF_SPLITS.find(({ names }) => names.includes(name))
}

/** The cuts that a tokenizer makes, where GGUF has a name for them. */
export function ggufSplitFor(preTokenizer: unknown, ignoreMerges: boolean): GgufSplit | undefined {
  const cuts = cutsOf(preTokenizer)
  const found = GGUF_SPLITS.filter((split) => cutsOf(split.preTokenizer) === cuts)
  return found.find((split) => (split.ignoreMerges ?? false) === ignoreMerges) ?? found.at(-1)
}

/** What tells ways to cut apart, in one text: defaults filled in, a sequence of one unwrapped. */
function cutsOf(preTokenizer: unknown): string {
  const part = (preTokenizer ?? {}) as Record<string, unknown>
  if (part["type"] === "Sequence") return (part["pretokenizers"] as unknown[]).map(cutsOf).filter(Boolean).join(" ")
  if (part["type"] === "ByteLevel") {
    const prefix = part["add_prefix_space"] === false ? "" : "prefix "
    return prefix + (part["use_regex"] === false ? "" : `split ${SPLIT_PATTERNS.gpt2}`)
  }
  const { Regex } = (part["pattern"] ?? {}) as { Regex?: string }
  if (part["type"] === "Split" && part["behavior"] === "Isolated" && part["invert"] !== true && Regex !== undefined)
    return `split ${Regex}`
  if (part["type"] === "Digits") return `digits ${part["individual_digits"] === true}`
  return JSON.stringify(preTokenizer)
}
