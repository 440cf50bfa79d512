/** What a family is: one object that says everything the rest of Glossa wants to know about an architecture. */
import type { ZodType } from "zod"
import type { State, Tensor } from "../../engine/index.ts"
import type { AttentionContext, ParameterSpec, Parameters } from "../layers/index.ts"

/** A checked config.json: the checkpoint's own keys, defaults filled in, other keys kept as they came. */
export interface ModelConfig {
  readonly model_type: string
  readonly [key: string]: unknown
}

/** The sizes of a model in Glossa's words, the same for every family. */
export interface ModelDescription {
  readonly modelType: string
  readonly layers: number
  readonly width: number
  readonly heads: number
  readonly kvHeads: number
  readonly headSize: number
  /** Most positions that the model knows. */
  readonly context: number
  readonly vocabularySize: number
  /** Numbers that are learned; tied ones count once. */
  readonly parameters: number
  /** Id that texts begin with, where there is one. */
  readonly bosId?: number
  /** Ids that end a text. */
  readonly eosIds: readonly number[]
}

/** What a forward pass reads. */
export interface ForwardInputs {
  /** [rows] i32: token ids. */
  readonly tokens: Tensor
  /** [rows] i32: the position of each row in its sequence, from 0. */
  readonly positions: Tensor
  readonly attention: AttentionContext
  /**
   * Positions that this program may meet, where fewer than the model's context: keeps position tables small. It changes
   * no number.
   */
  readonly context?: number
  /**
   * [count] i32: the rows whose hidden states are wanted, all when left out. Rows meet in attention only: behind the last
   * layer's, no other row is computed. It changes no number.
   */
  readonly wanted?: Tensor
}

/** How a checkpoint's names meet the parameter paths. */
export interface CheckpointNames<Config> {
  /** Prefix that saves of the bare model lack: `transformer.`, `model.`. */
  readonly prefix: string
  /** Tensors that are no parameters: buffers that old files hold. */
  readonly ignored: readonly RegExp[]
  /** Where tied: names that a file may repeat, and the parameter each is the same as. */
  tied(config: Config): Readonly<Record<string, string>>
  /** The same config with the tie cut, for a file whose two copies differ. */
  untied(config: Config): Config
}

export interface Family<Config extends ModelConfig = ModelConfig> {
  /** `model_type` of config.json. */
  readonly modelType: string
  /** First of `architectures` in config.json. */
  readonly architecture: string
  /** Parses the config.json of a checkpoint; parsing its own output changes nothing. */
  readonly configSchema: ZodType<Config>
  /** Keys the schema reads. */
  readonly configKeys: readonly string[]
  /** Keys that config files of this family carry and that change no number here. */
  readonly ignoredConfigKeys: readonly string[]
  describe(config: Config): ModelDescription
  /** Every parameter, in the order of the forward pass. */
  parameterSpecs(config: Config): ParameterSpec[]
  /** The model up to and with its final norm. @shape returns [rows, width] float32, [count, width] of wanted rows */
  hidden(config: Config, parameters: Parameters, inputs: ForwardInputs): Tensor
  /** The matrix that turns hidden rows into logits: the token table where tied. @shape [vocab, width] */
  outputWeight(config: Config, parameters: Parameters): State
  readonly checkpoint: CheckpointNames<Config>
}
