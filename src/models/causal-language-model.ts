/** A model with its parameters: made new, loaded from a folder, saved to one. What training and generation are given. */
import { type Executor, type State, Store, type Tensor } from "../engine/index.ts"
import {
  type Family,
  type ForwardInputs,
  familyOf,
  type ModelConfig,
  type ModelDescription,
  parseConfig,
} from "./families/index.ts"
import { Parameters } from "./layers/index.ts"
import {
  fillParameters,
  type GgufOptions,
  type ModelToSave,
  numbersToSave,
  openStoredModel,
  type SaveOptions,
  type StoredBlocks,
  writeGgufModel,
  writeModelFolder,
} from "./weights/index.ts"

export interface CreateOptions {
  /** The family: `gpt2`, `llama`. */
  readonly modelType: string
  /** Keys of the family's config.json; the rest have its defaults. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Of the initial parameters: a whole number from 0 to 2³² − 1. */
  readonly seed: number
  /** Keys of generation_config.json: how the model is to be sampled from; none when left out. */
  readonly generation?: Readonly<Record<string, unknown>>
  /** Where the parameters live; the default executor when left out. */
  readonly executor?: Executor
  /** Names the config in errors, such as the recipe's key; `model` unless said. */
  readonly where?: string
}

export interface LoadOptions {
  /** Where the parameters live; the default executor when left out. */
  readonly executor?: Executor
  /**
   * What becomes of matrices in blocks of a GGUF file: `keep` (the default) computes with them as they are, which is
   * for generation only; `widen` makes them float32, as training needs.
   */
  readonly blocks?: "keep" | "widen"
}

interface Contents {
  readonly family: Family
  readonly config: ModelConfig
  readonly generation: Readonly<Record<string, unknown>>
  readonly notices: readonly string[]
  readonly blocks?: ReadonlyMap<string, StoredBlocks>
}

export class CausalLanguageModel {
  readonly family: Family
  readonly config: ModelConfig
  readonly description: ModelDescription
  readonly parameters: Parameters
  readonly store: Store
  /** generation_config.json: sampling defaults that the model's makers chose. */
  readonly generation: Readonly<Record<string, unknown>>
  /** What a person should know about how the model was loaded, one sentence each. */
  readonly notices: readonly string[]

  private constructor({ family, config, generation, notices, blocks }: Contents, executor: Executor | undefined) {
    this.family = family
    this.config = config
    this.generation = generation
    this.notices = notices
    this.description = family.describe(config)
    this.store = new Store(executor)
    try {
      this.parameters = new Parameters(this.store, family.parameterSpecs(config), blocks)
    } catch (error) {
      this.store.dispose()
      throw error
    }
  }

  /**
   * A new model with random parameters. The same seed gives the same numbers on every machine and for any number of
   * threads; those of the reference executor may differ in the last bits.
   *
   * @example const model = await CausalLanguageModel.create({ modelType: "llama", config: { num_hidden_layers: 4 }, seed: 1 })
   * @throws FAMILY_UNKNOWN for a family that is not here
   * @throws CONFIG_INVALID for an impossible value, or a key that the family does not have
   */
  static async create(options: CreateOptions): Promise<CausalLanguageModel> {
    const { modelType, config: json = {}, seed, generation = {}, executor, where = "model" } = options
    const family = familyOf(modelType, `${where}: model_type`)
    const config = parseConfig(family, { ...json, model_type: modelType }, { where, unknownKeys: "refuse" })
    const model = new CausalLanguageModel({ family, config, generation, notices: [] }, executor)
    return model.filledBy(() => model.parameters.initialize(seed))
  }

  /**
   * The model of a Hugging Face folder or of a GGUF file. Numbers of any kind become float32, but for matrices in blocks
   * of a GGUF file.
   *
   * @throws MODEL_NOT_FOUND, FILE_UNREADABLE when it is neither
   * @throws FAMILY_UNKNOWN, CONFIG_INVALID when its config is not one of a family here
   * @throws CHECKPOINT_DAMAGED when a file is truncated or altered
   * @throws CHECKPOINT_MISMATCH when the weights are not those that the config describes
   */
  static async load(path: string, { executor, blocks = "keep" }: LoadOptions = {}): Promise<CausalLanguageModel> {
    const stored = await openStoredModel(path)
    try {
      const contents = blocks === "keep" ? stored : { ...stored, blocks: new Map() }
      const model = new CausalLanguageModel(contents, executor)
      return await model.filledBy(() => fillParameters(model.parameters, stored))
    } finally {
      await stored.close()
    }
  }

  /**
   * Writes config.json, generation_config.json and the weights. A failed save leaves what was there.
   *
   * @throws FILE_UNWRITABLE when there is no space, no permission, or the disk is read-only
   */
  async save(folder: string, options?: SaveOptions): Promise<void> {
    await writeModelFolder(folder, this.toSave(), options)
  }

  /**
   * Writes a GGUF file. A failed save leaves what was there.
   *
   * @throws FAMILY_UNKNOWN, CONFIG_INVALID when GGUF has no way to say what the model is
   * @throws FILE_UNWRITABLE when there is no space, no permission, or the disk is read-only
   */
  async saveGguf(path: string, options?: GgufOptions): Promise<void> {
    await writeGgufModel(path, this.toSave(), options)
  }

  /** The traced forward pass, up to and with the final norm. @shape returns [rows, width] float32, [count, width] of wanted rows */
  hidden(inputs: ForwardInputs): Tensor {
    return this.family.hidden(this.config, this.parameters, inputs)
  }
  /** The matrix that turns hidden rows into logits. @shape [vocabularySize, width] */
  get outputWeight(): State {
    return this.family.outputWeight(this.config, this.parameters)
  }

  /** Gives the memory of the parameters back. */
  dispose(): void {
    this.store.dispose()
  }
  [Symbol.dispose](): void {
    this.dispose()
  }

  private toSave(): ModelToSave {
    const { family, config, generation, parameters } = this
    return { family, config, generation, parameters: numbersToSave(family, config, parameters) }
  }

  private async filledBy(fill: () => Promise<void>): Promise<this> {
    try {
      await fill()
      return this
    } catch (error) {
      this.dispose()
      throw error
    }
  }
}
