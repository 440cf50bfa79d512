/**
 * The tokenizer: added tokens → normalizer → pre-tokenizer → model → post-processor, and the decoder back. It is built
 * from, and writes itself as, Hugging Face's tokenizer.json.
 */
import { z } from "zod"
import { GlossaError } from "../../errors.ts"
import { type AddedToken, AddedTokenFinder, addedTokenSchema, checkAddedTokens } from "./added-tokens.ts"
import { bytesFromText, textFromBytes, toWellFormed } from "./byte-text.ts"
import { DECODERS, type Decoder } from "./decoders/index.ts"
import { MODELS, type TokenizerModel } from "./models/index.ts"
import { HIGHEST_VOCABULARY } from "./models/vocabulary.ts"
import { NORMALIZERS, type Normalizer } from "./normalizers/index.ts"
import { buildPart, describeValue, type Part, type PartDefinition, parseSettings, tokenizerInvalid } from "./parts.ts"
import { PieceCache } from "./piece-cache.ts"
import { POST_PROCESSORS, type PostProcessor } from "./post-processors/index.ts"
import { PRE_TOKENIZERS, type PreTokenizer } from "./pre-tokenizers/index.ts"
import { saveTokenizer } from "./save.ts"
import type { SpecialRoles } from "./special-tokens.ts"

export interface EncodeOptions {
  /** Put the post-processor's special tokens (such as `<|bos|>`) around the ids. Default true. */
  readonly addSpecialTokens?: boolean
  /** Read special tokens written out in the text as those tokens. Default false: they are text like any other. */
  readonly parseSpecialTokens?: boolean
}

export interface DecodeOptions {
  /** Leave special tokens out of the text. Default false. */
  readonly skipSpecialTokens?: boolean
  /**
   * The ids go on from earlier ones, so that nothing is taken off their start: some tokenizers leave out the space
   * before a text's first word. Default false.
   */
  readonly continues?: boolean
}

/** What stands beside tokenizer.json in a folder. */
export interface TokenizerCompanions {
  /** Which special tokens begin, end and fill. */
  readonly roles?: SpecialRoles
  /** The other keys of tokenizer_config.json, kept for writing back. */
  readonly config?: Readonly<Record<string, unknown>>
  /** How messages become text, in Jinja. */
  readonly chatTemplate?: string
}

/** Turns a stream of ids into text, never giving half a character. */
export interface DecodeStream {
  /** The whole characters that `id` completes; often none, sometimes several. */
  push(id: number): string
  /** What is left at the end: U+FFFD for a character that never became whole, else nothing. */
  end(): string
}

const tokenizerSchema = z.object({
  version: z.literal("1.0"),
  truncation: z.unknown().optional(),
  padding: z.unknown().optional(),
  added_tokens: z.array(addedTokenSchema).default([]),
  normalizer: z.unknown().optional(),
  pre_tokenizer: z.unknown().optional(),
  post_processor: z.unknown().optional(),
  decoder: z.unknown().optional(),
  model: z.record(z.string(), z.unknown()),
})

/** What tokenizer.json holds. Its `truncation` and `padding` are kept and written back; `encode` does neither. */
export interface TokenizerJson {
  readonly version: "1.0"
  readonly truncation: unknown
  readonly padding: unknown
  readonly added_tokens: readonly AddedToken[]
  readonly normalizer: unknown
  readonly pre_tokenizer: unknown
  readonly post_processor: unknown
  readonly decoder: unknown
  readonly model: unknown
}

/**
 * Text to ids and back.
 *
 * @example
 * const tokenizer = await AutoTokenizer.fromPretrained("runs/speedrun")
 * const ids = tokenizer.encode("Call me Ishmael.")
 * tokenizer.decode(ids, { skipSpecialTokens: true }) // "Call me Ishmael."
 */
export class Tokenizer {
  /** The highest id plus one: how many rows an embedding table needs. */
  readonly vocabularySize: number
  /** Which special tokens begin, end and fill. */
  readonly roles: SpecialRoles
  /** How messages become text, in Jinja, when the folder said so. */
  readonly chatTemplate: string | undefined
  /** Every added token, special or not, in the order of the file. */
  readonly addedTokens: readonly AddedToken[]
  /** The keys of tokenizer_config.json as read, for writing back. */
  readonly config: Readonly<Record<string, unknown>>

  readonly #normalizer: Normalizer | undefined
  readonly #preTokenizer: PreTokenizer | undefined
  readonly #model: TokenizerModel
  readonly #postProcessor: PostProcessor | undefined
  readonly #decoder: Decoder | undefined
  readonly #kept: { readonly truncation: unknown; readonly padding: unknown }
  readonly #tokens: (string | undefined)[]
  readonly #added = new Map<number, AddedToken>()
  readonly #addedByContent = new Map<string, number>()
  readonly #cache = new PieceCache()
  readonly #bytes: (Uint8Array | undefined)[] = []
  /** Finders for [original text, normalized text], without and with special tokens. */
  readonly #finders: Readonly<Record<"plain" | "special", readonly [AddedTokenFinder, AddedTokenFinder]>>

  private constructor(json: unknown, companions: TokenizerCompanions, where: string) {
    const file = parseSettings(tokenizerSchema, json, `${where}: file`)
    this.#normalizer = optionalPart(NORMALIZERS, file.normalizer, `${where}: normalizer`)
    this.#preTokenizer = optionalPart(PRE_TOKENIZERS, file.pre_tokenizer, `${where}: pre_tokenizer`)
    this.#model = buildPart(MODELS, withModelType(json), `${where}: model`)
    this.#postProcessor = optionalPart(POST_PROCESSORS, file.post_processor, `${where}: post_processor`)
    this.#decoder = optionalPart(DECODERS, file.decoder, `${where}: decoder`)
    this.#kept = { truncation: file.truncation ?? null, padding: file.padding ?? null }
    this.addedTokens = file.added_tokens
    this.chatTemplate = companions.chatTemplate
    this.config = companions.config ?? {}

    this.#tokens = []
    for (const [token, id] of this.#model.vocabulary) this.#tokens[id] = token
    for (const [index, { id }] of file.added_tokens.entries()) {
      if (id < HIGHEST_VOCABULARY) continue
      throw tokenizerInvalid(`${where}: added_tokens[${index}].id`, `an id below ${HIGHEST_VOCABULARY}`, `${id}`)
    }
    const tokenOfId = (id: number) => this.#tokens[id]
    checkAddedTokens(file.added_tokens, this.#model.vocabulary, tokenOfId, `${where}: added_tokens`)
    for (const token of file.added_tokens) {
      this.#tokens[token.id] = token.content
      this.#added.set(token.id, token)
      this.#addedByContent.set(token.content, token.id)
    }
    this.vocabularySize = this.#tokens.length
    if (this.vocabularySize === 0) throw tokenizerInvalid(`${where}: model.vocab`, "at least one token", "none")

    this.roles = companions.roles ?? {}
    for (const [role, token] of Object.entries(this.roles)) {
      if (token === undefined || this.tokenToId(token) !== undefined) continue
      throw tokenizerInvalid(`${where}: ${role}_token`, "a token of the vocabulary", describeValue(token))
    }
    const finders = (tokens: readonly AddedToken[]) =>
      [
        new AddedTokenFinder(tokens.filter((token) => !token.normalized)),
        new AddedTokenFinder(
          tokens.filter((token) => token.normalized),
          this.#normalizer,
        ),
      ] as const
    this.#finders = {
      plain: finders(file.added_tokens.filter((token) => !token.special)),
      special: finders(file.added_tokens),
    }
  }

  /**
   * A tokenizer from the contents of tokenizer.json.
   *
   * @param where  what to call the file in error texts
   * @throws TOKENIZER_INVALID when the contents are damaged, contradictory or of an unknown kind
   */
  static fromJson(json: unknown, companions: TokenizerCompanions = {}, where = "tokenizer.json"): Tokenizer {
    return new Tokenizer(json, companions, where)
  }

  /** The contents of tokenizer.json. */
  toJson(): TokenizerJson {
    return {
      version: "1.0",
      truncation: this.#kept.truncation,
      padding: this.#kept.padding,
      added_tokens: this.addedTokens,
      normalizer: this.#normalizer?.toJson() ?? null,
      pre_tokenizer: this.#preTokenizer?.toJson() ?? null,
      post_processor: this.#postProcessor?.toJson() ?? null,
      decoder: this.#decoder?.toJson() ?? null,
      model: this.#model.toJson(),
    }
  }

  /**
   * Writes tokenizer.json, tokenizer_config.json and special_tokens_map.json into `folder`, each replaced whole.
   *
   * @throws FILE_UNWRITABLE when a file cannot be written
   */
  async save(folder: string): Promise<void> {
    await saveTokenizer(this, folder)
  }

  /** The ids of a text. Lone surrogates, which are no text, count as U+FFFD. */
  encode(text: string, options: EncodeOptions = {}): number[] {
    return this.#encode(toWellFormed(text), options)
  }

  /** The ids of any bytes. Byte-level tokenizers give the same bytes back, be they UTF-8 or not. */
  encodeBytes(bytes: Uint8Array, options: EncodeOptions = {}): number[] {
    return this.#encode(textFromBytes(bytes), options)
  }

  /**
   * The text of ids; bytes that form no character become U+FFFD.
   *
   * @throws TOKEN_UNKNOWN when an id is outside the vocabulary
   */
  decode(ids: Iterable<number>, options: DecodeOptions = {}): string {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.decodeBytes(ids, options))
  }

  /**
   * The very bytes of ids.
   *
   * @throws TOKEN_UNKNOWN when an id is outside the vocabulary
   */
  decodeBytes(ids: Iterable<number>, { skipSpecialTokens = false, continues = false }: DecodeOptions = {}): Uint8Array {
    const parts: Uint8Array[] = []
    let length = 0
    for (const id of ids) {
      if (skipSpecialTokens && this.isSpecial(id)) continue
      const bytes = this.#bytesOf(id, !continues && parts.length === 0)
      parts.push(bytes)
      length += bytes.length
    }
    const joined = new Uint8Array(length)
    let at = 0
    for (const part of parts) {
      joined.set(part, at)
      at += part.length
    }
    return joined
  }

  /** Decodes ids as they come; all that it gives, joined, is what `decode` gives for all of them. */
  decodeStream({ skipSpecialTokens = false, continues = false }: DecodeOptions = {}): DecodeStream {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
    let isFirst = !continues
    return {
      push: (id) => {
        if (skipSpecialTokens && this.isSpecial(id)) return ""
        const bytes = this.#bytesOf(id, isFirst)
        isFirst = false
        return decoder.decode(bytes, { stream: true })
      },
      end: () => decoder.decode(),
    }
  }

  /** The id of a token as the vocabulary spells it, added tokens included. */
  tokenToId(token: string): number | undefined {
    return this.#addedByContent.get(token) ?? this.#model.vocabulary.get(token)
  }

  /** The token of an id as the vocabulary spells it. */
  idToToken(id: number): string | undefined {
    return this.#tokens[id]
  }

  /**
   * The bytes that an id adds inside a text; of a special token, the bytes of its name. Do not change them.
   *
   * @throws TOKEN_UNKNOWN when the id is outside the vocabulary
   */
  tokenBytes(id: number): Uint8Array {
    return this.#bytesOf(id, false)
  }

  /** Whether an id is a special token, which stands for structure and not for text. */
  isSpecial(id: number): boolean {
    return this.#added.get(id)?.special ?? false
  }

  /** Id of the token that begins documents and prompts, if the tokenizer has one. */
  get bosId(): number | undefined {
    return this.#roleId("bos")
  }

  /** Id of the token that ends a text, if the tokenizer has one. */
  get eosId(): number | undefined {
    return this.#roleId("eos")
  }

  /** Id of the token that fills unused places, if the tokenizer has one. */
  get padId(): number | undefined {
    return this.#roleId("pad")
  }

  #roleId(role: keyof SpecialRoles): number | undefined {
    const token = this.roles[role]
    return token === undefined ? undefined : this.tokenToId(token)
  }

  #encode(text: string, { addSpecialTokens = true, parseSpecialTokens = false }: EncodeOptions): number[] {
    const ids: number[] = []
    const [original, normalized] = this.#finders[parseSpecialTokens ? "special" : "plain"]
    for (const [index, stretch] of original.split(text).entries()) {
      if (typeof stretch !== "string") ids.push(stretch.id)
      else {
        const rewritten = this.#normalizer ? this.#normalizer.normalize(stretch) : stretch
        for (const [place, part] of normalized.split(rewritten).entries()) {
          if (typeof part !== "string") ids.push(part.id)
          else this.#encodeStretch(part, index + place === 0, ids)
        }
      }
    }
    return addSpecialTokens && this.#postProcessor ? this.#postProcessor.process(ids) : ids
  }

  /** Appends the ids of text that holds no added token. */
  #encodeStretch(text: string, isFirst: boolean, ids: number[]): void {
    const spell = this.#preTokenizer?.spell
    const pieces = this.#preTokenizer ? this.#preTokenizer.split(text, isFirst) : [text]
    for (const piece of pieces) {
      let known = this.#cache.get(piece)
      if (!known) {
        known = this.#model.tokenize(spell ? spell(piece) : piece)
        this.#cache.set(piece, known)
      }
      for (let index = 0; index < known.length; index++) ids.push(known[index])
    }
  }

  #bytesOf(id: number, isFirst: boolean): Uint8Array {
    const known = isFirst ? undefined : this.#bytes[id]
    if (known) return known
    const token = this.#tokens[id]
    if (token === undefined) {
      throw new GlossaError("TOKEN_UNKNOWN", {
        where: "decode",
        wanted: `ids of the vocabulary, 0 to ${this.vocabularySize - 1}`,
        came: `${id}`,
        fix: "decode with the tokenizer that made the ids",
      })
    }
    let bytes: Uint8Array
    if (this.#added.has(id)) bytes = bytesFromText(token)
    else if (this.#decoder) bytes = this.#decoder.bytesOf(token, isFirst)
    else bytes = bytesFromText(isFirst ? token : ` ${token}`)
    if (!isFirst) this.#bytes[id] = bytes
    return bytes
  }
}

function optionalPart<Built extends Part>(
  definitions: readonly PartDefinition<Built>[],
  json: unknown,
  where: string,
): Built | undefined {
  return json === null || json === undefined ? undefined : buildPart(definitions, json, where)
}

/** The file's model; files from before models had a type are BPE when they have merges. Read raw, so that no schema copies a large vocabulary. */
function withModelType(json: unknown): unknown {
  const { model } = json as { model: Record<string, unknown> }
  return model["type"] === undefined && "merges" in model ? Object.assign({ type: "BPE" }, model) : model
}
