/** BERT's `vocab.txt`: a token a line, ids by line. */
import { describeValue, tokenizerInvalid } from "../parts.ts"
import { templateAround } from "../post-processors/template.ts"
import { Tokenizer, type TokenizerCompanions } from "../tokenizer.ts"

/** BERT's special tokens, in the order in which they are listed when there. */
const SPECIAL = { pad: "[PAD]", unk: "[UNK]", cls: "[CLS]", sep: "[SEP]", mask: "[MASK]" } as const

/**
 * A WordPiece tokenizer from the contents of a vocab.txt, normalized and cut as BERT does. Of the configuration,
 * `do_lower_case`, `strip_accents` and `tokenize_chinese_chars` count; without them, text is made small.
 *
 * @param where  what to call the file in error texts
 * @throws TOKENIZER_INVALID when a token is there twice or the special ones are missing
 */
export function tokenizerFromVocabularyText(
  text: string,
  companions: TokenizerCompanions = {},
  where = "vocab.txt",
): Tokenizer {
  const lines = text.split("\n").map((line) => line.replace(/\p{White_Space}+$/u, ""))
  if (lines.at(-1) === "") lines.pop()
  const vocab: Record<string, number> = Object.create(null)
  for (const [id, token] of lines.entries()) {
    if (token in vocab)
      throw tokenizerInvalid(
        `${where}: line ${id + 1}`,
        "each token once",
        `${describeValue(token)}, as on line ${vocab[token] + 1}`,
      )
    vocab[token] = id
  }
  const { unk, cls, sep } = SPECIAL
  for (const token of [unk, cls, sep])
    if (!(token in vocab))
      throw tokenizerInvalid(where, `BERT's special token ${token}`, `${lines.length} lines without it`)
  const config = companions.config ?? {}
  const flag = (key: string, fallback: boolean) => (typeof config[key] === "boolean" ? config[key] : fallback)
  const json = {
    version: "1.0",
    added_tokens: Object.values(SPECIAL)
      .filter((content) => content in vocab)
      .map((content) => ({ id: vocab[content], content, special: true, normalized: false })),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: flag("tokenize_chinese_chars", true),
      strip_accents: typeof config["strip_accents"] === "boolean" ? config["strip_accents"] : null,
      lowercase: flag("do_lower_case", true),
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: templateAround([cls, vocab[cls]], [sep, vocab[sep]]),
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: { type: "WordPiece", unk_token: unk, continuing_subword_prefix: "##", max_input_chars_per_word: 100, vocab },
  }
  const roles = companions.roles ?? { unk, ...(SPECIAL.pad in vocab ? { pad: SPECIAL.pad } : {}) }
  return Tokenizer.fromJson(json, { ...companions, roles }, where)
}

/** The tokens of a tokenizer, an id a line. */
export function vocabularyTextOf(tokenizer: Tokenizer, where = "tokenizer"): string {
  let text = ""
  for (let id = 0; id < tokenizer.vocabularySize; id++) {
    const token = tokenizer.idToToken(id)
    if (token === undefined || token.includes("\n"))
      throw tokenizerInvalid(`${where}: id ${id}`, "a token of one line", describeValue(token))
    text += `${token}\n`
  }
  return text
}
