/**
 * The tokenizer: added tokens → normalizer → pre-tokenizer → model → post-processor, and the decoder back. It is built
 * from, and writes itself as, Hugging Face's tokenizer.json.
 */
import { z } from "zod"
import { GlossaError } from "../../errors.ts"
import { type AddedToken, addedTokenSchema, checkAddedTokens } from "./added-tokens.ts"
import { BatchEncoder, sharesOf, UNITS_WORTH_THREADS, unitCount } from "./batch/batch-encoder.ts"
import { type WorkerStarter, workerStarter } from "./batch/encoding-worker.ts"
import { bytesFromText, textFromBytes, toWellFormed } from "./byte-text.ts"
import { DECODERS, type Decoder } from "./decoders/index.ts"
import type { Encoding } from "./encoding.ts"
import type { ExplainOptions, Explanation } from "./explaining/explain.ts"
import { IdBuffer, listOf } from "./id-buffer.ts"
import { IdEncoder, samplerOf } from "./id-encoder.ts"
import { MODELS, type TokenizerModel } from "./models/index.ts"
import { HIGHEST_VOCABULARY } from "./models/vocabulary.ts"
import { NORMALIZERS, type Normalizer } from "./normalizers/index.ts"
import { type OffsetUnit, offsetsIn } from "./offset-units.ts"
import { type PackedIds, PackedRow, type PackedStretch } from "./packed-ids.ts"
import { type Padding, paddingToJson, padEncodings, readPadding } from "./padding.ts"
import { buildPart, describeValue, type Part, type PartDefinition, parseSettings, tokenizerInvalid } from "./parts.ts"
import { POST_PROCESSORS, type PostProcessor, postProcess } from "./post-processors/index.ts"
import { PRE_TOKENIZERS, type PreTokenizer } from "./pre-tokenizers/index.ts"
import { saveTokenizer } from "./save.ts"
import type { SpecialRoles } from "./special-tokens.ts"
import type { SubwordSampler, SubwordSampling } from "./subword-sampler.ts"
import { TextPipeline } from "./text-pipeline.ts"
import { readTruncation, type Truncation, truncateEncodings, truncationToJson } from "./truncation.ts"

export interface EncodeOptions {
  /** Put the post-processor's special tokens (such as `<|bos|>`) around the ids. Default true. */
  readonly addSpecialTokens?: boolean
  /** Read special tokens written out in the text as those tokens. Default false: they are text like any other. */
  readonly parseSpecialTokens?: boolean
  /** Cut the text by chance, for training. Default: the best cut, always the same. */
  readonly sampling?: SubwordSampling
}

/** A text, bytes, or a pair of either that one encoding is to hold. */
export type EncodeInput = string | Uint8Array | readonly [first: string | Uint8Array, second: string | Uint8Array]

export interface FullEncodeOptions extends EncodeOptions {
  /** Cut to a length. Default: as tokenizer.json says, which mostly is not to. */
  readonly truncation?: Truncation | false
  /** Fill to a length. Default: as tokenizer.json says, which mostly is not to. */
  readonly padding?: Padding | boolean
  /** What `offsets` count. Default `bytes` of UTF-8. */
  readonly offsetUnit?: OffsetUnit
}

export interface ThreadOptions {
  /** Threads that encode, this one among them. Default: all cores, for batches that are worth it. */
  readonly threads?: number
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

/** Units of a text, or bytes, that common vocabularies make one id of. */
const UNITS_AN_ID = 4

function expectedIds(inputs: readonly (string | Uint8Array)[]): number {
  return Math.ceil(inputs.reduce((sum, { length }) => sum + length, 0) / UNITS_AN_ID)
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

/** What tokenizer.json holds. `encodeFull` truncates and pads as it says; `encode` does neither. */
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
  readonly #pipeline: TextPipeline
  /** Texts to ids, for the threads of batches. */
  readonly idEncoder: IdEncoder
  readonly #truncation: Truncation | undefined
  readonly #padding: Padding | undefined
  readonly #tokens: (string | undefined)[]
  readonly #added = new Map<number, AddedToken>()
  readonly #addedByContent = new Map<string, number>()
  readonly #bytes: (Uint8Array | undefined)[] = []
  #batches: BatchEncoder | undefined

  private constructor(json: unknown, companions: TokenizerCompanions, where: string) {
    const file = parseSettings(tokenizerSchema, json, `${where}: file`)
    this.#normalizer = optionalPart(NORMALIZERS, file.normalizer, `${where}: normalizer`)
    this.#preTokenizer = optionalPart(PRE_TOKENIZERS, file.pre_tokenizer, `${where}: pre_tokenizer`)
    this.#model = buildPart(MODELS, withModelType(json), `${where}: model`)
    this.#postProcessor = optionalPart(POST_PROCESSORS, file.post_processor, `${where}: post_processor`)
    this.#decoder = optionalPart(DECODERS, file.decoder, `${where}: decoder`)
    this.#truncation = readTruncation(file.truncation, `${where}: truncation`)
    this.#padding = readPadding(file.padding, `${where}: padding`)
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
    this.#model.withhold?.(new Set(file.added_tokens.filter(({ special }) => special).map(({ id }) => id)))
    this.#pipeline = new TextPipeline({
      normalizer: this.#normalizer,
      preTokenizer: this.#preTokenizer,
      model: this.#model,
      addedTokens: file.added_tokens,
    })
    this.idEncoder = new IdEncoder(this.#pipeline, this.#postProcessor)
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
      truncation: truncationToJson(this.#truncation),
      padding: paddingToJson(this.#padding),
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
    return this.idEncoder.list(text, options)
  }

  /** Appends the ids of a text to `ids`: as `encode`, without a list for each text. */
  encodeInto(text: string, ids: IdBuffer, options: EncodeOptions = {}): void {
    this.idEncoder.appendInput(text, options, 0, ids)
  }

  /** The ids of any bytes. Byte-level tokenizers give the same bytes back, be they UTF-8 or not. */
  encodeBytes(bytes: Uint8Array, options: EncodeOptions = {}): number[] {
    return this.idEncoder.list(bytes, options)
  }

  /**
   * A text or a pair with all that a model may want to know beside ids: tokens, their places, masks and type ids.
   *
   * @throws TOKENIZER_OPTION_INVALID when truncation, padding or sampling cannot be done as asked
   * @example
   * const { ids, offsets } = tokenizer.encodeFull("naïve", { offsetUnit: "utf16" })
   */
  encodeFull(input: EncodeInput, options: FullEncodeOptions = {}): Encoding {
    return this.#pad([this.#encodeFull(input, options, samplerOf(options))], options)[0]
  }

  /**
   * The ids of many texts, over this thread and workers: the same as `encode` and `encodeBytes` give one by one. Of sampling,
   * each text has its own: text number n is cut with the seed plus n.
   */
  async encodeBatch(
    inputs: readonly (string | Uint8Array)[],
    options: EncodeOptions & ThreadOptions = {},
  ): Promise<number[][]> {
    const { threads, ...encodeOptions } = options
    const batches = this.#batchEncoder(inputs, threads)
    if (!batches) return inputs.map((input, number) => this.idEncoder.list(input, encodeOptions, number))
    const lists = new Array<number[]>(inputs.length)
    const take = ({ first, counts, ids }: PackedStretch) => {
      let from = 0
      for (const [index, count] of counts.entries()) lists[first + index] = listOf(ids, from, (from += count))
    }
    await batches.encodeIds(inputs, encodeOptions, this.idEncoder, take, threads)
    return lists
  }

  /**
   * The ids of many texts in one row: what `encodeBatch` gives, in a tenth of the memory.
   *
   * @example
   * const { ids, starts } = await tokenizer.encodePacked(texts)
   * ids.subarray(starts[3], starts[4]) // those of texts[3]
   */
  async encodePacked(
    inputs: readonly (string | Uint8Array)[],
    options: EncodeOptions & ThreadOptions = {},
  ): Promise<PackedIds> {
    const { threads, ...encodeOptions } = options
    const batches = this.#batchEncoder(inputs, threads)
    if (!batches) return this.#packHere(inputs, encodeOptions)
    const row = new PackedRow(inputs.length, expectedIds(inputs))
    await batches.encodeIds(inputs, encodeOptions, this.idEncoder, (stretch) => row.add(stretch), threads)
    return row.finish()
  }

  /** Many texts or pairs as `encodeFull` gives them, over worker threads, padded as one batch. */
  async encodeFullBatch(
    inputs: readonly EncodeInput[],
    options: FullEncodeOptions & ThreadOptions = {},
  ): Promise<Encoding[]> {
    const { threads, ...encodeOptions } = options
    const batches = this.#batchEncoder(inputs, threads)
    const encodings = batches
      ? await batches.run(
          {
            shares: sharesOf(inputs),
            here: (share) => this.encodeFullHere(share.inputs, encodeOptions, share.first),
            request: (share) => ({ kind: "full", ...share, options: encodeOptions }),
            read: (answer) => ("encodings" in answer ? answer.encodings : []),
          },
          threads,
        )
      : this.encodeFullHere(inputs, encodeOptions)
    return this.#pad(encodings, options)
  }

  /** A share of a batch in this thread, not padded; `first` is the number of its first text in the batch. */
  encodeFullHere(inputs: readonly EncodeInput[], options: FullEncodeOptions, first = 0): Encoding[] {
    return inputs.map((input, index) => this.#encodeFull(input, options, samplerOf(options, first + index)))
  }

  /**
   * Starts the threads of batches ahead of time, so that the first batch has them from its beginning.
   *
   * @param threads  threads that encode, the one that calls included. Default: all cores
   */
  async openThreads(threads?: number): Promise<void> {
    await this.#openBatches()?.open(threads)
  }

  /** How the threads of batches are started, where they are not those of the built package. */
  startThreadsWith(start: WorkerStarter): void {
    this.#batches = new BatchEncoder(() => this.#batchSetup(), start)
  }

  /** Ends the threads that batches have started, if any; a later batch starts new ones. */
  async closeThreads(): Promise<void> {
    await this.#batches?.close()
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
    const follower = this.#decoder?.follow?.(!continues)
    for (const id of ids) {
      if (skipSpecialTokens && this.isSpecial(id)) continue
      if (!follower) parts.push(this.#bytesOf(id, !continues && parts.length === 0))
      else for (const part of follower.push(this.#tokenOf(id))) parts.push(bytesFromText(part))
    }
    if (follower) for (const part of follower.end()) parts.push(bytesFromText(part))
    const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
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
    const follower = this.#decoder?.follow?.(!continues)
    const write = (parts: readonly string[]) =>
      parts.map((part) => decoder.decode(bytesFromText(part), { stream: true })).join("")
    let isFirst = !continues
    return {
      push: (id) => {
        if (skipSpecialTokens && this.isSpecial(id)) return ""
        if (follower) return write(follower.push(this.#tokenOf(id)))
        const bytes = this.#bytesOf(id, isFirst)
        isFirst = false
        return decoder.decode(bytes, { stream: true })
      },
      end: () => (follower ? write(follower.end()) : "") + decoder.decode(),
    }
  }

  /** What becomes of a text before the post-processor, step by step: `explain` tells it with what comes of it. */
  partsOf(
    text: string | Uint8Array,
    { parseSpecialTokens, alternatives }: Required<Pick<ExplainOptions, "parseSpecialTokens" | "alternatives">>,
  ): Explanation["parts"] {
    return this.#pipeline.explain(textOf(text), parseSpecialTokens, alternatives)
  }

  /** Whether tokens are spelled in GPT-2's alphabet of bytes, a character for each byte. */
  get spellsBytes(): boolean {
    return this.#decoder?.spellsBytes ?? false
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

  #packHere(inputs: readonly (string | Uint8Array)[], options: EncodeOptions): PackedIds {
    const ids = new IdBuffer(expectedIds(inputs))
    const starts = new Int32Array(inputs.length + 1)
    for (const [number, input] of inputs.entries()) {
      this.idEncoder.appendInput(input, options, number, ids)
      starts[number + 1] = ids.length
    }
    return { ids: ids.release(), starts }
  }

  /** One encoding, not padded. */
  #encodeFull(input: EncodeInput, options: FullEncodeOptions, sampler: SubwordSampler | undefined): Encoding {
    const { addSpecialTokens = true, truncation = this.#truncation, offsetUnit = "bytes" } = options
    const texts = isPair(input) ? input : [input]
    let encodings: readonly Encoding[] = texts.map((text, sequence) =>
      this.#encodeText(textOf(text), sequence, options.parseSpecialTokens ?? false, offsetUnit, sampler),
    )
    const added = addSpecialTokens ? (this.#postProcessor?.added(texts.length > 1) ?? 0) : 0
    if (truncation) encodings = truncateEncodings(encodings, truncation, added)
    return postProcess(encodings, this.#postProcessor, addSpecialTokens)
  }

  #encodeText(
    text: string,
    sequence: number,
    parsesSpecial: boolean,
    unit: OffsetUnit,
    sampler: SubwordSampler | undefined,
  ): Encoding {
    const tokens = this.#pipeline.tokens(text, parsesSpecial, sampler)
    return {
      ids: tokens.map(({ id }) => id),
      tokens: tokens.map(({ token }) => token),
      offsets: offsetsIn(unit, text, tokens),
      typeIds: tokens.map(() => sequence),
      attentionMask: tokens.map(() => 1),
      specialTokensMask: tokens.map(() => 0),
      wordIds: tokens.map(({ word }) => word),
      sequenceIds: tokens.map(() => sequence),
      overflowing: [],
    }
  }

  #pad(encodings: readonly Encoding[], options: FullEncodeOptions): Encoding[] {
    const { padding = this.#padding } = options
    if (!padding) return [...encodings]
    const wanted = padding === true ? (this.#padding ?? {}) : padding
    const id = wanted.id ?? this.padId ?? 0
    return padEncodings(encodings, wanted, { id, token: this.#tokens[id] ?? "" })
  }

  /** The threads for a batch, or undefined where this thread does better. */
  #batchEncoder(inputs: readonly EncodeInput[], threads: number | undefined): BatchEncoder | undefined {
    if (threads === 1 || inputs.length < 2) return undefined
    if (threads === undefined && inputs.reduce((sum, input) => sum + unitCount(input), 0) < UNITS_WORTH_THREADS)
      return undefined
    return this.#openBatches()
  }

  #openBatches(): BatchEncoder | undefined {
    if (!this.#batches) {
      const start = workerStarter()
      if (start) this.#batches = new BatchEncoder(() => this.#batchSetup(), start)
    }
    return this.#batches
  }

  #batchSetup(): { json: TokenizerJson; companions: TokenizerCompanions } {
    return { json: this.toJson(), companions: { roles: this.roles } }
  }

  #bytesOf(id: number, isFirst: boolean): Uint8Array {
    const known = isFirst ? undefined : this.#bytes[id]
    if (known) return known
    const token = this.#tokenOf(id)
    const decoder = this.#decoder
    let bytes: Uint8Array
    if (!decoder) bytes = bytesFromText(isFirst ? token : ` ${token}`)
    else if (decoder.spellsBytes && this.#added.has(id)) bytes = bytesFromText(token)
    else bytes = decoder.bytesOf(token, isFirst)
    if (!isFirst) this.#bytes[id] = bytes
    return bytes
  }

  #tokenOf(id: number): string {
    const token = this.#tokens[id]
    if (token !== undefined) return token
    throw new GlossaError("TOKEN_UNKNOWN", {
      where: "decode",
      wanted: `ids of the vocabulary, 0 to ${this.vocabularySize - 1}`,
      came: `${id}`,
      fix: "decode with the tokenizer that made the ids",
    })
  }
}

function isPair(input: EncodeInput): input is readonly [string | Uint8Array, string | Uint8Array] {
  return Array.isArray(input)
}

/** Text as the pipeline reads it: of bytes, those that are not UTF-8 as lone surrogates; of a string, none of these. */
function textOf(input: string | Uint8Array): string {
  return typeof input === "string" ? toWellFormed(input) : textFromBytes(input)
}

function optionalPart<Built extends Part>(
  definitions: readonly PartDefinition<Built>[],
  json: unknown,
  where: string,
): Built | undefined {
  return json === null || json === undefined ? undefined : buildPart(definitions, json, where)
}

/**
 * The file's model; files from before models had a type are told by the fields that only one has. Read raw, so that no
 * schema copies a large vocabulary.
 */
function withModelType(json: unknown): unknown {
  const { model } = json as { model: Record<string, unknown> }
  if (model["type"] !== undefined) return model
  const type =
    "merges" in model
      ? "BPE"
      : Array.isArray(model["vocab"])
        ? "Unigram"
        : "continuing_subword_prefix" in model
          ? "WordPiece"
          : undefined
  return type === undefined ? model : Object.assign({ type }, model)
}
