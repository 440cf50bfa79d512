/** A folder or a file becomes a model with its tokenizer, which generates and scores. */
import { createExecutor, type Executor, type PrecisionPolicy } from "./engine/index.ts"
import { type Generated, type GeneratedPiece, type GenerateOptions, TextGenerator } from "./generation/index.ts"
import { CausalLanguageModel } from "./models/index.ts"
import { AutoTokenizer, hasTokenizer, type Tokenizer } from "./text/index.ts"

export interface FromPretrainedOptions {
  /** Where the model runs; the default executor when left out. */
  readonly executor?: Executor
  /** Threads of an executor of the model's own. Not with `executor`. */
  readonly threads?: number
  readonly precision?: PrecisionPolicy
}

/** A model with its tokenizer, ready to write and to judge. Dispose it when done; it works with `using`. */
export class LanguageModel {
  readonly model: CausalLanguageModel
  /** Undefined where the folder has none; then prompts are ids. */
  readonly tokenizer: Tokenizer | undefined
  private readonly generator: TextGenerator

  constructor(model: CausalLanguageModel, tokenizer?: Tokenizer, options: { precision?: PrecisionPolicy } = {}) {
    this.model = model
    this.tokenizer = tokenizer
    this.generator = new TextGenerator(model, { ...options, ...(tokenizer ? { tokenizer } : {}) })
  }

  /**
   * Continues a text, or ids.
   *
   * @example const { text } = await model.generate("Call me", { maxNewTokens: 40, temperature: 0.8, seed: 1 })
   * @throws SAMPLING_INVALID, CONTEXT_EXCEEDED, TOKEN_UNKNOWN, TOKENIZER_MISSING, CANCELLED
   */
  generate(prompt: string | readonly number[], options?: GenerateOptions): Promise<Generated> {
    return typeof prompt === "string"
      ? this.generator.generate(prompt, options)
      : this.generator.generateIds(prompt, options)
  }

  /**
   * Continues a text, or ids, piece by piece as they are made.
   *
   * @example for await (const { text } of model.stream("Call me")) process.stdout.write(text)
   */
  stream(prompt: string | readonly number[], options?: GenerateOptions): AsyncIterableIterator<GeneratedPiece> {
    return typeof prompt === "string"
      ? this.generator.stream(prompt, options)
      : this.generator.streamIds(prompt, options)
  }

  /**
   * ln of the probability of each id but the first, given those before it, nats. A text is read as its ids, `bos` first
   * where the tokenizer has one.
   *
   * @throws CONTEXT_EXCEEDED, TOKEN_UNKNOWN, INPUT_INVALID, TOKENIZER_MISSING
   */
  score(textOrIds: string | readonly number[]): Promise<Float32Array> {
    return this.generator.score(typeof textOrIds === "string" ? this.generator.promptIds(textOrIds) : textOrIds)
  }

  /** Gives memory and programs back. */
  dispose(): void {
    this.generator.dispose()
    this.model.dispose()
  }
  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** Loads models by the folder, or the GGUF file, they are in. */
export const AutoModelForCausalLM = {
  /**
   * The model of a Hugging Face folder or of a GGUF file, with its tokenizer where there is one. Matrices in q8_0 and q4_0
   * of a GGUF file stay so; other numbers become float32.
   *
   * @example
   * const model = await AutoModelForCausalLM.fromPretrained("runs/speedrun")
   * const { text } = await model.generate("The people", { maxNewTokens: 60, temperature: 0.8 })
   *
   * @throws MODEL_NOT_FOUND, FILE_UNREADABLE, FAMILY_UNKNOWN, CONFIG_INVALID, CHECKPOINT_DAMAGED, CHECKPOINT_MISMATCH, TOKENIZER_INVALID
   */
  async fromPretrained(path: string, options: FromPretrainedOptions = {}): Promise<LanguageModel> {
    const { threads, precision } = options
    const executor = options.executor ?? (threads === undefined ? undefined : createExecutor({ threads }))
    const model = await CausalLanguageModel.load(path, executor ? { executor } : {})
    try {
      const tokenizer = (await hasTokenizer(path)) ? await AutoTokenizer.fromPretrained(path) : undefined
      return new LanguageModel(model, tokenizer, precision ? { precision } : {})
    } catch (error) {
      model.dispose()
      throw error
    }
  },
}
