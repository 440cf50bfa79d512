/** A model into a GGUF file, one tensor in memory at a time. */
import { basename, dirname } from "node:path"
import { type GgufTensorToWrite, type GgufValue, writeGguf } from "../../gguf/index.ts"
import type { ModelConfig } from "../families/index.ts"
import type { ParameterSpec } from "../layers/index.ts"
import { counts, type GgufPlace } from "./gguf-architecture.ts"
import { ggufArchitectureFor } from "./gguf-architectures.ts"
import { type GgufWrittenType, ggufBytes, toGgufOrder } from "./gguf-numbers.ts"
import type { ModelToSave } from "./model-folder.ts"
import { replaceFiles } from "./replace-files.ts"

/** What numbers are rounded to. */
export type GgufDType = "f32" | "f16" | "q8_0" | "q4_0"

export interface GgufOptions {
  /**
   * `f32` (the default) keeps every bit. Norms and biases stay float32 in all of them; rows that blocks of 32 do not
   * divide stay float16; in `q4_0` files the tables of tokens are q8_0.
   */
  readonly dtype?: GgufDType
  /** `general.name`: what programs show the model as. */
  readonly name?: string
  /** Metadata of the tokenizer, keys `tokenizer.…`. */
  readonly tokenizer?: ReadonlyMap<string, GgufValue>
}

/** `general.file_type` of each. */
const FILE_TYPES = { f32: 0, f16: 1, q4_0: 2, q8_0: 7 } as const
/** The version of the rounding to blocks that every program in use has. */
const QUANTIZATION_VERSION = 2
/** Keys of further ids that end a text, after `eos`. */
const END_KEYS = ["eos", "eot", "eom"]

/**
 * Writes a model as a GGUF file that llama.cpp, and programs built on it, read. A failure leaves the file that was there.
 *
 * @throws FAMILY_UNKNOWN, CONFIG_INVALID when GGUF has no way to say what the model is
 * @throws INPUT_INVALID when a number is too large for the kind that is written
 * @throws FILE_UNWRITABLE when there is no space, no permission, or the disk is read-only
 */
export async function writeGgufModel(
  path: string,
  { family, config, parameters }: ModelToSave,
  { dtype = "f32", name = basename(path, ".gguf"), tokenizer = new Map() }: GgufOptions = {},
): Promise<void> {
  const architecture = ggufArchitectureFor(family)
  const values = new Map<string, GgufValue>([
    ["general.architecture", { type: "string", value: architecture.name }],
    ["general.name", { type: "string", value: name }],
    ...counts({ "general.file_type": FILE_TYPES[dtype] }),
    ...(dtype.startsWith("q") ? counts({ "general.quantization_version": QUANTIZATION_VERSION }) : []),
    ...architecture.metadata(config),
    ...(tokenizer.size > 0 ? tokenizer : withoutTokenizer()),
    ...specialIds(config, tokenizer),
  ])
  const placeOf = architecture.places(config)
  const tensors = parameters.specs.map((spec): GgufTensorToWrite => {
    const place = placeOf(spec.path)
    const type = typeFor(spec, place, dtype)
    const read = async () => {
      const numbers = (await parameters.get(spec.path).read()) as Float32Array
      return ggufBytes(toGgufOrder(numbers, spec.shape, place.order), type, place.name)
    }
    return { name: place.name, type, shape: shapeOf(spec, place), read }
  })
  const all = [...(architecture.otherTensors?.(config) ?? []), ...tensors]
  await replaceFiles(dirname(path), [{ name: basename(path), content: (sink) => writeGguf(sink, values, all) }])
}

/** What a file says that takes and gives ids. */
function withoutTokenizer(): [string, GgufValue][] {
  return [["tokenizer.ggml.model", { type: "string", value: "no_vocab" }]]
}

/** Ids of config.json: the one that begins texts where the tokenizer names none, and all that end them. */
function specialIds(config: ModelConfig, tokenizer: ReadonlyMap<string, GgufValue>): [string, GgufValue][] {
  const key = (name: string) => `tokenizer.ggml.${name}_token_id`
  const told = (name: string) => tokenizer.get(key(name))?.value as number | undefined
  const begin = told("bos") ?? (config["bos_token_id"] as number | null | undefined)
  const ends = [told("eos"), ...[config["eos_token_id"] ?? []].flat()] as (number | undefined)[]
  const distinct = [...new Set(ends.filter((id) => id !== undefined))]
  return counts({
    ...(typeof begin === "number" ? { [key("bos")]: begin } : {}),
    ...(Object.fromEntries(
      END_KEYS.map((name, index) => [key(name), distinct[index]] as const).filter(([, id]) => id !== undefined),
    ) as Record<string, number>),
  })
}

function shapeOf({ shape }: ParameterSpec, { order }: GgufPlace): readonly number[] {
  return order === "transposed" && shape.length === 2 ? [...shape].reverse() : shape
}

/** What a parameter is kept as in a file of a kind. */
function typeFor(spec: ParameterSpec, place: GgufPlace, dtype: GgufDType): GgufWrittenType {
  const shape = shapeOf(spec, place)
  if (dtype === "f32" || shape.length < 2 || place.keeps === "float32") return "F32"
  if (dtype === "f16" || shape[1] % 32) return "F16"
  return dtype === "q8_0" || place.keeps === "table" ? "Q8_0" : "Q4_0"
}
