/**
 * How GGUF files of an architecture meet a family of models: which metadata its config.json becomes, what its tensors are
 * called, and in which order their rows lie. One file an architecture; `gguf-architectures.ts` lists them.
 */
import { GlossaError } from "../../errors.ts"
import type { GgufFile, GgufTensorToWrite, GgufValue } from "../../gguf/index.ts"
import { damaged } from "../../stored-file.ts"
import type { Family, ModelConfig } from "../families/index.ts"

export interface GgufArchitecture<Config extends ModelConfig = ModelConfig> {
  /** `general.architecture`, which its own keys begin with. */
  readonly name: string
  readonly family: Family<Config>
  /**
   * The keys of config.json that metadata and tensors tell; the family's schema checks them.
   *
   * @throws CHECKPOINT_DAMAGED when a key is missing or of another kind
   * @throws CONFIG_INVALID when the file describes what the family does not have
   */
  configJson(file: GgufFile): Promise<Record<string, unknown>>
  /**
   * The architecture's own keys for a config.
   *
   * @throws CONFIG_INVALID when a GGUF file has no way to say what the config says
   */
  metadata(config: Config): Iterable<readonly [key: string, value: GgufValue]>
  /** Where the numbers of each parameter lie, by its path. */
  places(config: Config): (path: string) => GgufPlace
  /** Tensors beside the parameters, made from the config. */
  otherTensors?(config: Config): readonly GgufTensorToWrite[]
  /** Tensors that are no parameters. */
  readonly ignored: readonly RegExp[]
}

export interface GgufPlace {
  /** The tensor's name. */
  readonly name: string
  readonly order: RowOrder
  /** What a file rounded to fewer bits keeps of it: tables of tokens eight bits at least, some parts everything. */
  readonly keeps?: "table" | "float32"
}

/**
 * How a tensor lies beside its parameter: the same; its matrix transposed; or the rows of each head in the order of
 * neighbouring pairs, where the parameter has the first halves of all pairs, then the second.
 */
export type RowOrder = "same" | "transposed" | { readonly pairedHeadSize: number }

/** A key that a file must have. */
export function needed<Value>(file: GgufFile, key: string, value: Value | undefined): Value {
  if (value !== undefined) return value
  throw damaged(`${file.path}: ${key}`, "a value for it", "none")
}

/** A number that was rounded to float32 as the shortest decimal that rounds to it: 1e-5, not 9.99999974e-6. */
export function shortestOfFloat32(value: number): number {
  for (let digits = 6; digits < 10; digits++) {
    const shorter = Number(value.toPrecision(digits))
    if (Math.fround(shorter) === value) return shorter
  }
  return value
}

/** Ids that begin and end texts, by the keys that config.json has for them. */
export function specialIdsJson({ metadata }: GgufFile): Record<string, unknown> {
  const id = (name: string) => metadata.whole(`tokenizer.ggml.${name}_token_id`)
  const ends = [...new Set([id("eos"), id("eot"), id("eom")])].filter((end) => end !== undefined)
  const padding = id("padding")
  return {
    bos_token_id: id("bos") ?? null,
    eos_token_id: ends.length > 1 ? ends : (ends[0] ?? null),
    ...(padding === undefined ? {} : { pad_token_id: padding }),
  }
}

/** Metadata of counts, as GGUF keeps them. */
export function counts(values: Readonly<Record<string, number>>): [string, GgufValue][] {
  return Object.entries(values).map(([key, value]) => [key, { type: "uint32", value }])
}

/** The error of a config that GGUF has no key for. */
export function inexpressible(key: string, wanted: string, came: unknown): GlossaError {
  return new GlossaError("CONFIG_INVALID", {
    where: key,
    wanted: `${wanted}, which GGUF files of this architecture mean`,
    came: JSON.stringify(came),
    fix: "keep this model as a folder",
  })
}

/** Renames a parameter path: `prefix.3.rest` by `layer`, anything else by `outside`; undefined for a strange path. */
export function renamed(
  path: string,
  prefix: string,
  outside: Readonly<Record<string, string>>,
  layer: Readonly<Record<string, string>>,
): string | undefined {
  const [stem, kind] = [path.slice(0, path.lastIndexOf(".")), path.slice(path.lastIndexOf("."))]
  if (Object.hasOwn(outside, stem)) return outside[stem] + kind
  const [, index, rest] = new RegExp(`^${prefix.replaceAll(".", "\\.")}(\\d+)\\.(.+)$`).exec(stem) ?? []
  return rest !== undefined && Object.hasOwn(layer, rest) ? `blk.${index}.${layer[rest]}${kind}` : undefined
}
