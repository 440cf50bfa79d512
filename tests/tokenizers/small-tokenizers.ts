/**
 * Small tokenizers that between them use every part that tokenizer.json can name. Their golden encodings, made by the
 * Rust library, are in tests/golden/tokenizers.
 */
interface Json {
  readonly [key: string]: unknown
}

const added = (id: number, content: string, flags: Json = {}) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: false,
  ...flags,
})

/** Characters of many kinds, each a token, and joined ones. */
const CHARACTERS = [
  ..."abcdefghijklmnoprstuvwxyzABCHIS0123456789 .,!?'-_()[]▁éñıßσς日本語한아ابשخका்🙂👍\u0301\u0308\u200d\n\t",
]
const JOINED = [
  "th",
  "the",
  "in",
  "ing",
  "an",
  "and",
  "er",
  "▁t",
  "▁th",
  "▁the",
  "▁a",
  "lo",
  "el",
  "he",
  "hel",
  "hello",
  "日本",
]

function vocabulary(...lists: readonly (readonly string[])[]): Record<string, number> {
  const vocab: Record<string, number> = {}
  for (const token of lists.flat()) vocab[token] ??= Object.keys(vocab).length
  return vocab
}

const MERGES = [
  "t h",
  "th e",
  "i n",
  "in g",
  "a n",
  "an d",
  "e r",
  "▁ t",
  "▁t h",
  "▁th e",
  "▁ a",
  "l o",
  "h e",
  "he l",
  "日 本",
]
const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`)

const base = { version: "1.0", truncation: null, padding: null, added_tokens: [] as unknown[] }
const none = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null }

const bpe = (settings: Json = {}, extra: readonly string[] = []) => ({
  type: "BPE",
  dropout: null,
  unk_token: "<unk>",
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
  vocab: vocabulary(["<unk>", "<s>", "</s>"], CHARACTERS, JOINED, ["▁he"], extra),
  merges: MERGES,
  ...settings,
})

const wordPiece = (settings: Json = {}) => ({
  type: "WordPiece",
  unk_token: "[UNK]",
  continuing_subword_prefix: "##",
  max_input_chars_per_word: 20,
  vocab: vocabulary(
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
    CHARACTERS,
    CHARACTERS.map((character) => `##${character}`),
    ["hello", "##ing", "##ed", "the", "##llo", "and", "'", "##th", "don", "##t"],
  ),
  ...settings,
})

const unigram = (settings: Json = {}, bytes = false) => ({
  type: "Unigram",
  unk_id: 0,
  byte_fallback: bytes,
  vocab: [
    ["<unk>", 0],
    ["<s>", 0],
    ["</s>", 0],
    ...(bytes ? BYTES.map((token) => [token, -20]) : []),
    ...CHARACTERS.map((character, index) => [character, -6 - index / 50]),
    ...JOINED.map((token, index) => [token, -4 - index / 10]),
    ["▁hello", -3],
    ["llo▁", -5],
  ],
  ...settings,
})

const wordLevel = (words: readonly string[]) => ({
  type: "WordLevel",
  vocab: vocabulary(["<unk>"], words, CHARACTERS),
  unk_token: "<unk>",
})

const metaspace = (settings: Json = {}) => ({
  type: "Metaspace",
  replacement: "▁",
  prepend_scheme: "always",
  split: true,
  ...settings,
})

const WORDS = ["hello", "the", "and", "don", "t", "123", "日本", "camel", "Case", "x", "..", "--", "hello-", "-the"]

/** Normalizers before a BPE of characters, so that each character's place shows. */
const NORMALIZERS: Record<string, Json> = {
  nfc: { type: "NFC" },
  nfd: { type: "NFD" },
  nfkc: { type: "NFKC" },
  nfkd: { type: "NFKD" },
  lowercase: { type: "Lowercase" },
  nmt: { type: "Nmt" },
  strip: { type: "Strip", strip_left: true, strip_right: true },
  "strip-left": { type: "Strip", strip_left: true, strip_right: false },
  "strip-accents": { type: "Sequence", normalizers: [{ type: "NFKD" }, { type: "StripAccents" }] },
  replace: { type: "Replace", pattern: { Regex: "\\s+|l{2}" }, content: "▁_" },
  "replace-nothing": { type: "Replace", pattern: { String: "l" }, content: "" },
  prepend: { type: "Prepend", prepend: "▁▁" },
  bert: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
  "bert-cased": {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: false,
    strip_accents: null,
    lowercase: false,
  },
  many: {
    type: "Sequence",
    normalizers: [
      { type: "NFKD" },
      { type: "Lowercase" },
      { type: "StripAccents" },
      { type: "Replace", pattern: { String: " " }, content: "▁" },
      { type: "NFC" },
    ],
  },
}

const split = (pattern: Json, behavior: string, invert = false) => ({ type: "Split", pattern, behavior, invert })

/** Pre-tokenizers before a BPE, so that pieces show in word numbers. */
const PRE_TOKENIZERS: Record<string, Json> = {
  bert: { type: "BertPreTokenizer" },
  delimiter: { type: "CharDelimiterSplit", delimiter: "-" },
  digits: { type: "Digits", individual_digits: false },
  "digits-one": { type: "Digits", individual_digits: true },
  "fixed-length": { type: "FixedLength", length: 3 },
  metaspace: metaspace(),
  "metaspace-first": metaspace({ prepend_scheme: "first" }),
  "metaspace-never": metaspace({ prepend_scheme: "never" }),
  "metaspace-whole": metaspace({ split: false }),
  "metaspace-first-later": {
    type: "Sequence",
    pretokenizers: [{ type: "WhitespaceSplit" }, metaspace({ prepend_scheme: "first" })],
  },
  punctuation: { type: "Punctuation", behavior: "Contiguous" },
  "split-isolated": split({ Regex: "\\p{L}+|\\d" }, "Isolated"),
  "split-removed": split({ Regex: "\\s+" }, "Removed"),
  "split-inverted": split({ Regex: "\\w+" }, "Removed", true),
  "split-previous": split({ String: "-" }, "MergedWithPrevious"),
  "split-next": split({ String: "-" }, "MergedWithNext"),
  "split-next-inverted": split({ Regex: "[a-z]+" }, "MergedWithNext", true),
  "split-contiguous": split({ Regex: "[-.]" }, "Contiguous"),
  "split-lines": split({ Regex: "^.|\\b[^.]$" }, "Isolated"),
  "split-empty": split({ Regex: "l*" }, "Isolated"),
  scripts: { type: "UnicodeScripts" },
  whitespace: { type: "Whitespace" },
  "whitespace-split": { type: "WhitespaceSplit" },
  "byte-level": { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
  many: {
    type: "Sequence",
    pretokenizers: [
      { type: "WhitespaceSplit" },
      { type: "Punctuation", behavior: "Isolated" },
      { type: "Digits", individual_digits: false },
    ],
  },
}

const special = (content: string, type_id: number) => ({ SpecialToken: { id: content, type_id } })
const text = (id: string, type_id: number) => ({ Sequence: { id, type_id } })

const POST_PROCESSORS: Record<string, Json> = {
  bert: { type: "BertProcessing", sep: ["</s>", 2], cls: ["<s>", 1] },
  roberta: { type: "RobertaProcessing", sep: ["</s>", 2], cls: ["<s>", 1], trim_offsets: true, add_prefix_space: true },
  template: {
    type: "TemplateProcessing",
    single: [special("<s>", 0), text("A", 0), special("</s>", 0)],
    pair: [special("<s>", 0), text("A", 0), special("</s>", 0), text("B", 2), special("</s>", 1)],
    special_tokens: {
      "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] },
      "</s>": { id: "</s>", ids: [2, 2], tokens: ["</s>", "</s>"] },
    },
  },
  sequence: {
    type: "Sequence",
    processors: [
      { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      { type: "BertProcessing", sep: ["</s>", 2], cls: ["<s>", 1] },
    ],
  },
}

const DECODERS: Record<string, Json> = {
  bpe: { type: "BPEDecoder", suffix: "o" },
  ctc: { type: "CTC", pad_token: "l", word_delimiter_token: "▁", cleanup: true },
  metaspace: metaspace(),
  "word-piece": { type: "WordPiece", prefix: "l", cleanup: true },
  replace: { type: "Replace", pattern: { String: "h" }, content: "H" },
  strip: { type: "Strip", content: "h", start: 1, stop: 0 },
  llama: {
    type: "Sequence",
    decoders: [
      { type: "Replace", pattern: { String: "▁" }, content: " " },
      { type: "ByteFallback" },
      { type: "Fuse" },
      { type: "Strip", content: " ", start: 1, stop: 0 },
    ],
  },
}

const spaced = { type: "Split", pattern: { Regex: " +" }, behavior: "MergedWithNext", invert: false }
const truncation = (settings: Json = {}) => ({
  direction: "Right",
  max_length: 8,
  strategy: "LongestFirst",
  stride: 0,
  ...settings,
})
const padding = (settings: Json = {}) => ({
  strategy: "BatchLongest",
  direction: "Right",
  pad_to_multiple_of: 8,
  pad_id: 3,
  pad_type_id: 1,
  pad_token: "<pad>",
  ...settings,
})

/** Ids behind the vocabulary's, as the Rust library counts on. */
const NEXT_ID = Object.keys(bpe().vocab).length
/** Added tokens of every kind. Their contents are looked for in the texts of `SMALL_TEXTS`. */
const ADDED = [
  added(1, "<s>", { special: true }),
  added(2, "</s>", { special: true, rstrip: true }),
  added(NEXT_ID, "<mask>", { lstrip: true, special: true }),
  added(NEXT_ID + 1, "word", { single_word: true }),
  added(NEXT_ID + 2, "HELLO", { normalized: true }),
  added(NEXT_ID + 3, "the the"),
  added(NEXT_ID + 4, "▁▁"),
]

/** Every tokenizer, by name. */
export const SMALL_TOKENIZERS: Readonly<Record<string, Json>> = {
  ...Object.fromEntries(
    Object.entries(NORMALIZERS).map(([name, normalizer]) => [
      `normalizer-${name}`,
      { ...base, ...none, normalizer, pre_tokenizer: spaced, model: bpe() },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(PRE_TOKENIZERS).map(([name, pre_tokenizer]) => [
      `pre-tokenizer-${name}`,
      { ...base, ...none, pre_tokenizer, model: name.startsWith("split-p") ? wordLevel(WORDS) : bpe() },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(POST_PROCESSORS).map(([name, post_processor]) => [
      `post-processor-${name}`,
      { ...base, ...none, pre_tokenizer: spaced, post_processor, model: bpe() },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(DECODERS).map(([name, decoder]) => [`decoder-${name}`, { ...base, ...none, decoder, model: bpe() }]),
  ),
  "bpe-fused": { ...base, ...none, model: bpe({ fuse_unk: true }) },
  "bpe-no-unknown": { ...base, ...none, model: bpe({ unk_token: null }) },
  "bpe-bytes": { ...base, ...none, model: bpe({ byte_fallback: true, fuse_unk: true }, BYTES) },
  "bpe-some-bytes": { ...base, ...none, model: bpe({ byte_fallback: true }, BYTES.slice(0, 0xd0)) },
  "bpe-ignore-merges": { ...base, ...none, pre_tokenizer: spaced, model: bpe({ ignore_merges: true }) },
  "bpe-suffix": {
    ...base,
    ...none,
    pre_tokenizer: { type: "WhitespaceSplit" },
    model: bpe({ end_of_word_suffix: "</w>", merges: ["t h", "th e</w>", "l o</w>"] }, [
      ...CHARACTERS.map((character) => `${character}</w>`),
      "the</w>",
      "lo</w>",
    ]),
  },
  "bpe-prefix": {
    ...base,
    ...none,
    pre_tokenizer: { type: "WhitespaceSplit" },
    model: bpe({ continuing_subword_prefix: "##", merges: ["t ##h", "th ##e", "##l ##o"] }, [
      ...CHARACTERS.map((character) => `##${character}`),
      "##lo",
    ]),
  },
  "word-piece": {
    ...base,
    normalizer: NORMALIZERS["bert"],
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: { type: "BertProcessing", sep: ["[SEP]", 3], cls: ["[CLS]", 2] },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: wordPiece(),
  },
  "word-level": { ...base, ...none, pre_tokenizer: { type: "Whitespace" }, model: wordLevel(WORDS) },
  unigram: { ...base, ...none, pre_tokenizer: metaspace(), decoder: metaspace(), model: unigram() },
  "unigram-whole": { ...base, ...none, pre_tokenizer: metaspace({ split: false }), model: unigram() },
  "unigram-bytes": { ...base, ...none, pre_tokenizer: metaspace(), model: unigram({}, true) },
  "added-tokens": { ...base, ...none, added_tokens: ADDED, pre_tokenizer: spaced, model: bpe() },
  "added-tokens-normalized": {
    ...base,
    ...none,
    added_tokens: ADDED,
    normalizer: { type: "Sequence", normalizers: [{ type: "Lowercase" }, { type: "Prepend", prepend: "▁" }] },
    pre_tokenizer: metaspace({ prepend_scheme: "first" }),
    model: bpe(),
  },
  "truncation-longest": {
    ...base,
    ...none,
    truncation: truncation(),
    post_processor: POST_PROCESSORS["template"],
    model: bpe(),
  },
  "truncation-stride": { ...base, ...none, truncation: truncation({ stride: 3 }), model: bpe() },
  "truncation-left": {
    ...base,
    ...none,
    truncation: truncation({ stride: 2, direction: "Left", max_length: 9 }),
    post_processor: POST_PROCESSORS["bert"],
    model: bpe(),
  },
  "truncation-first": {
    ...base,
    ...none,
    truncation: truncation({ strategy: "OnlyFirst", max_length: 30 }),
    post_processor: POST_PROCESSORS["roberta"],
    model: bpe(),
  },
  "padding-right": { ...base, ...none, padding: padding(), post_processor: POST_PROCESSORS["bert"], model: bpe() },
  "padding-left": {
    ...base,
    ...none,
    padding: padding({ strategy: { Fixed: 21 }, direction: "Left", pad_to_multiple_of: null }),
    truncation: truncation(),
    model: bpe(),
  },
}

/** Texts for the golden encodings: short, and each there for a reason. */
export const SMALL_TEXTS: readonly string[] = [
  "",
  " ",
  "hello the the and HELLO hello",
  "  Hello,  the-- world-the and!  ",
  "e\u0301a\u0308\u0323 ñ é ﬁ ½ İ ΣΑΣ ß",
  "日本語 テキスト 한국 アー",
  "don't 123 x1y2 camelCase",
  "▁▁the▁hello",
  "<s>hello</s>  the <mask> word words <s",
  "🙂👍🏽 👨‍👩‍👧‍👦 \u200b\ufeff\t\n",
  "xqzw€ §§ the",
  "hello hello hello hello hello",
]

/** Pairs for the golden encodings. */
export const SMALL_PAIRS: readonly (readonly [first: string, second: string])[] = [
  ["hello the", "and the hello"],
  ["hello the and the hello the and the end", "in"],
  ["the", "hello the and the hello the and the end and the end"],
  ["", "hello"],
]
