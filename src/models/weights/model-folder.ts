/** A Hugging Face model folder, in and out: config.json, generation_config.json and the weights. */
import { readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { GlossaError } from "../../errors.ts"
import { type Family, familyOf, type ModelConfig, parseConfig, unknownConfigKeys } from "../families/index.ts"
import type { ParameterSpec } from "../layers/index.ts"
import { exists, WEIGHTS_FILE, WEIGHTS_INDEX } from "./checkpoint.ts"
import { readJson } from "./read-json.ts"
import { type FileToWrite, replaceFiles } from "./replace-files.ts"
import { type TensorToWrite, writeSafetensors, writtenBytes } from "./safetensors-writer.ts"

export const CONFIG_FILE = "config.json"
export const GENERATION_CONFIG_FILE = "generation_config.json"

/** What config files say about a model, before any weight is read. */
export interface ModelFolderConfig {
  readonly family: Family
  readonly config: ModelConfig
  /** generation_config.json as it is; empty where there is none. */
  readonly generation: Readonly<Record<string, unknown>>
  /** What a person should know, one sentence each. */
  readonly notices: readonly string[]
}

/**
 * Reads config.json and generation_config.json.
 *
 * @throws MODEL_NOT_FOUND when the folder or its config.json is missing
 * @throws FAMILY_UNKNOWN, CONFIG_INVALID, CHECKPOINT_DAMAGED when config.json does not describe a model of ours
 */
export async function readModelConfig(folder: string): Promise<ModelFolderConfig> {
  const path = join(folder, CONFIG_FILE)
  if (!(await exists(path)))
    throw new GlossaError("MODEL_NOT_FOUND", {
      where: folder,
      wanted: `a model folder, with ${CONFIG_FILE} and ${WEIGHTS_FILE}, or a GGUF file`,
      came: (await exists(folder)) ? `a folder without ${CONFIG_FILE}` : "no such folder",
      fix: "name the folder that a training run or a download made",
    })
  const json = await readJson(path)
  const modelType = isObject(json) ? json["model_type"] : undefined
  const family = familyOf(modelType, `${path}: model_type`)
  const config = parseConfig(family, json, { where: path, unknownKeys: "keep" })
  const unknown = unknownConfigKeys(family, config)
  const notices = unknown.length ? [`${path}: keys that ${family.modelType} does not read: ${unknown.join(", ")}.`] : []
  return { family, config, generation: await readGenerationConfig(folder), notices }
}

async function readGenerationConfig(folder: string): Promise<Record<string, unknown>> {
  const path = join(folder, GENERATION_CONFIG_FILE)
  if (!(await exists(path))) return {}
  const json = await readJson(path)
  if (isObject(json)) return json
  throw new GlossaError("CONFIG_INVALID", { where: path, wanted: "an object of settings", came: JSON.stringify(json) })
}

/** How the weights of a folder are written. */
export interface SaveOptions {
  /** `f32` (the default) keeps every bit; `bf16` halves the files and rounds. */
  readonly dtype?: "f32" | "bf16"
  /** Weights beyond this many bytes are written as shards; 5 GB unless said. */
  readonly largestFileBytes?: number
}

const LARGEST_FILE_BYTES = 5_000_000_000

/** Where the numbers to write come from: a model's parameters, or another file that is being converted. */
export interface ParameterSource {
  readonly specs: readonly ParameterSpec[]
  /** Numbers that all of them hold together. */
  readonly count: number
  get(path: string): { read(): Promise<Float32Array | Int32Array> }
}

export interface ModelToSave {
  readonly family: Family
  readonly config: ModelConfig
  readonly generation: Readonly<Record<string, unknown>>
  readonly parameters: ParameterSource
}

/**
 * Writes a model folder. The files are replaced only when all of them are whole on the disk, so a failure leaves the
 * model that was there; other files of the folder (a tokenizer's) stay.
 *
 * @throws FILE_UNWRITABLE when there is no space, no permission, or the disk is read-only
 */
export async function writeModelFolder(
  folder: string,
  model: ModelToSave,
  { dtype = "f32", largestFileBytes = LARGEST_FILE_BYTES }: SaveOptions = {},
): Promise<void> {
  const weights = weightFiles(model.parameters, dtype, largestFileBytes)
  const files: FileToWrite[] = [
    ...weights,
    { name: CONFIG_FILE, content: toJson(configJson(model, dtype)) },
    { name: GENERATION_CONFIG_FILE, content: toJson(generationJson(model)) },
  ]
  await replaceFiles(folder, files)
  await removeStaleWeights(folder, new Set(weights.map(({ name }) => name)))
}

function configJson({ family, config }: ModelToSave, dtype: "f32" | "bf16"): Record<string, unknown> {
  const stored = dtype === "bf16" ? "bfloat16" : "float32"
  // `torch_dtype` is what older readers look for, `dtype` newer ones.
  return { ...config, architectures: [family.architecture], dtype: stored, torch_dtype: stored }
}

function generationJson({ config, generation }: ModelToSave): Record<string, unknown> {
  const ids = ["bos_token_id", "eos_token_id", "pad_token_id"]
  const known = ids.filter((key) => config[key] !== undefined && config[key] !== null)
  return { ...Object.fromEntries(known.map((key) => [key, config[key]])), ...generation }
}

function weightFiles(parameters: ParameterSource, dtype: "f32" | "bf16", largestFileBytes: number): FileToWrite[] {
  const tensors = parameters.specs.map((spec) => tensorToWrite(parameters, spec, dtype))
  const shards = splitIntoShards(tensors, largestFileBytes)
  if (shards.length === 1) return [{ name: WEIGHTS_FILE, content: (sink) => writeSafetensors(sink, tensors) }]
  const number = (value: number): string => String(value).padStart(5, "0")
  const named = shards.map((shard, index) => ({
    name: `model-${number(index + 1)}-of-${number(shards.length)}.safetensors`,
    shard,
  }))
  const index = {
    metadata: { total_size: totalBytes(tensors), total_parameters: parameters.count },
    weight_map: Object.fromEntries(named.flatMap(({ name, shard }) => shard.map((tensor) => [tensor.name, name]))),
  }
  return [
    ...named.map(({ name, shard }): FileToWrite => ({ name, content: (sink) => writeSafetensors(sink, shard) })),
    { name: WEIGHTS_INDEX, content: toJson(index) },
  ]
}

function tensorToWrite(
  parameters: ParameterSource,
  { path, shape }: ParameterSpec,
  dtype: "f32" | "bf16",
): TensorToWrite {
  return { name: path, type: dtype === "bf16" ? "BF16" : "F32", shape, read: () => parameters.get(path).read() }
}

/** In order, as few as fit; a tensor larger than the limit has a file of its own. */
function splitIntoShards(tensors: readonly TensorToWrite[], largestFileBytes: number): TensorToWrite[][] {
  const shards: TensorToWrite[][] = [[]]
  let filled = 0
  for (const tensor of tensors) {
    const bytes = writtenBytes(tensor)
    if (filled > 0 && filled + bytes > largestFileBytes) {
      shards.push([])
      filled = 0
    }
    shards[shards.length - 1].push(tensor)
    filled += bytes
  }
  return shards
}

function totalBytes(tensors: readonly TensorToWrite[]): number {
  return tensors.reduce((total, tensor) => total + writtenBytes(tensor), 0)
}

/** Weights of an earlier save under other names would be taken for this one's. */
async function removeStaleWeights(folder: string, written: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder)) {
    const isWeights = name === WEIGHTS_FILE || name === WEIGHTS_INDEX || /^model-\d+-of-\d+\.safetensors$/.test(name)
    if (isWeights && !written.has(name)) await rm(join(folder, name), { force: true })
  }
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
