/**
 * Rotary position tables: the cosine and sine of every position's angles, made in float64 and kept as float32. The
 * scalings stretch a model's context beyond what it was trained on; their names are those of config files.
 */
import { constant, rope, type Tensor } from "../../engine/index.ts"

/** How fast the pairs of a head turn. `rope_theta` is the base of the wavelengths. */
export type RotaryScaling =
  | { readonly rope_type: "default"; readonly rope_theta: number }
  /** Longer than trained only by recomputing the base as a text grows; within `context` it is the default. */
  | { readonly rope_type: "dynamic"; readonly rope_theta: number; readonly factor: number }
  /** All pairs turn `factor` times slower. */
  | { readonly rope_type: "linear"; readonly rope_theta: number; readonly factor: number }
  /** Slow pairs turn `factor` times slower, fast ones as before, those between by a ramp. */
  | {
      readonly rope_type: "llama3"
      readonly rope_theta: number
      readonly factor: number
      readonly low_freq_factor: number
      readonly high_freq_factor: number
      readonly original_max_position_embeddings: number
    }
  /** Like `llama3` with a ramp over pairs, and scores made sharper by `attention_factor`. */
  | {
      readonly rope_type: "yarn"
      readonly rope_theta: number
      readonly factor: number
      readonly original_max_position_embeddings: number
      readonly attention_factor?: number | null
      readonly beta_fast?: number | null
      readonly beta_slow?: number | null
      readonly mscale?: number | null
      readonly mscale_all_dim?: number | null
      readonly truncate?: boolean | null
    }

export interface RotaryTables {
  /** Positions the tables cover. */
  readonly context: number
  /** Half the head size. */
  readonly pairs: number
  /** [context, pairs], row-major. */
  readonly cosine: Float32Array
  readonly sine: Float32Array
}

/**
 * Angles that each pair turns by from one position to the next, in radians, and what cosines and sines are multiplied
 * by.
 *
 *   θⱼ = rope_theta^(−2j / headSize), then as `rope_type` says
 *
 * @paper Su et al. 2021, arXiv:2104.09864; yarn: Peng et al. 2023, arXiv:2309.00071
 */
export function rotaryFrequencies(
  scaling: RotaryScaling,
  headSize: number,
): { readonly frequencies: Float64Array; readonly amplitude: number } {
  const frequencies = Float64Array.from(
    { length: headSize / 2 },
    (_, pair) => scaling.rope_theta ** ((-2 * pair) / headSize),
  )
  switch (scaling.rope_type) {
    case "default":
    case "dynamic":
      return { frequencies, amplitude: 1 }
    case "linear":
      return { frequencies: frequencies.map((frequency) => frequency / scaling.factor), amplitude: 1 }
    case "llama3":
      return { frequencies: frequencies.map((frequency) => llama3Frequency(frequency, scaling)), amplitude: 1 }
    case "yarn":
      return { frequencies: yarnFrequencies(frequencies, scaling, headSize), amplitude: yarnAmplitude(scaling) }
  }
}

function llama3Frequency(frequency: number, scaling: RotaryScaling & { rope_type: "llama3" }): number {
  const { factor, low_freq_factor, high_freq_factor, original_max_position_embeddings } = scaling
  const wavelength = (2 * Math.PI) / frequency
  if (wavelength > original_max_position_embeddings / low_freq_factor) return frequency / factor
  if (wavelength < original_max_position_embeddings / high_freq_factor) return frequency
  const turns = original_max_position_embeddings / wavelength
  const smooth = (turns - low_freq_factor) / (high_freq_factor - low_freq_factor)
  return ((1 - smooth) * frequency) / factor + smooth * frequency
}

type Yarn = RotaryScaling & { readonly rope_type: "yarn" }

function yarnFrequencies(frequencies: Float64Array, scaling: Yarn, headSize: number): Float64Array {
  const { rope_theta, factor, original_max_position_embeddings } = scaling
  /** The (fractional) pair that turns `turns` times within the trained context. */
  const pairOfTurns = (turns: number): number =>
    (headSize * Math.log(original_max_position_embeddings / (turns * 2 * Math.PI))) / (2 * Math.log(rope_theta))
  const whole = scaling.truncate !== false
  const fastPair = pairOfTurns(scaling.beta_fast ?? 32)
  const slowPair = pairOfTurns(scaling.beta_slow ?? 1)
  const first = Math.max(whole ? Math.floor(fastPair) : fastPair, 0)
  const last = Math.min(whole ? Math.ceil(slowPair) : slowPair, headSize - 1)
  const span = last === first ? 0.001 : last - first
  return frequencies.map((frequency, pair) => {
    const slowed = Math.min(1, Math.max(0, (pair - first) / span))
    return (frequency / factor) * slowed + frequency * (1 - slowed)
  })
}

function yarnAmplitude({ factor, attention_factor, mscale, mscale_all_dim }: Yarn): number {
  if (attention_factor != null) return attention_factor
  const amplitude = (weight: number): number => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1)
  return mscale && mscale_all_dim ? amplitude(mscale) / amplitude(mscale_all_dim) : amplitude(1)
}

/** Tables already made for a scaling object, so that the programs of one model share their memory. */
const madeTables = new WeakMap<RotaryScaling, RotaryTables[]>()

/** The tables of the first `context` positions. A shorter table is the beginning of a longer one, number for number. */
export function rotaryTables(scaling: RotaryScaling, headSize: number, context: number): RotaryTables {
  const made = madeTables.get(scaling) ?? []
  madeTables.set(scaling, made)
  let tables = made.find((candidate) => candidate.context === context && 2 * candidate.pairs === headSize)
  if (!tables) made.push((tables = makeTables(scaling, headSize, context)))
  return tables
}

function makeTables(scaling: RotaryScaling, headSize: number, context: number): RotaryTables {
  const { frequencies, amplitude } = rotaryFrequencies(scaling, headSize)
  const pairs = frequencies.length
  const cosine = new Float32Array(context * pairs)
  const sine = new Float32Array(context * pairs)
  for (let position = 0; position < context; position++)
    for (let pair = 0; pair < pairs; pair++) {
      const angle = position * frequencies[pair]
      cosine[position * pairs + pair] = Math.cos(angle) * amplitude
      sine[position * pairs + pair] = Math.sin(angle) * amplitude
    }
  return { context, pairs, cosine, sine }
}

/** Rotary tables as constants of the open trace: a function that turns heads by their rows' positions. */
export function rotary(tables: RotaryTables, positions: Tensor): (heads: Tensor) => Tensor {
  const shape = [tables.context, tables.pairs]
  const cosine = constant(tables.cosine, shape)
  const sine = constant(tables.sine, shape)
  return (heads) => rope(heads, positions, cosine, sine)
}
