/** Reading config.json: the pieces families build their schemas from, and one clear line for what is wrong. */
import { z } from "zod"
import { GlossaError, nearestName } from "../../errors.ts"
import type { Family, ModelConfig } from "./family.ts"

/** Sizes above this are slips of the pen, and their products would no longer be exact. */
const LARGEST_SIZE = 2 ** 31 - 1

/** No model is deeper; a larger number is a slip of the pen, and its list of parameters would not fit in memory. */
const DEEPEST = 10_000
const LAYERS = "a whole number from 1 to 10000"
/** A count of layers. */
export const layerCount = () => z.int(LAYERS).min(1, LAYERS).max(DEEPEST, LAYERS)

const SIZE = "a whole number from 1 to 2147483647"
/** A count of things. */
export const size = () => z.int(SIZE).min(1, SIZE).max(LARGEST_SIZE, SIZE)

const TOKEN_ID = "a token id: a whole number of 0 or more"
const tokenId = () => z.int(TOKEN_ID).min(0, TOKEN_ID).max(LARGEST_SIZE, TOKEN_ID)
/** A token id, or null for none. */
export const optionalTokenId = () => tokenId().nullable()
/** One token id, several, or null for none. */
export const tokenIds = () => z.union([tokenId(), z.array(tokenId())], `${TOKEN_ID}, or a list of them`).nullable()

/** Tokens that begin and end texts, as descriptions have them. Ids outside the vocabulary (defaults of other models) fall away. */
export function specialIds(config: {
  readonly vocab_size: number
  readonly bos_token_id: number | null
  readonly eos_token_id: number | number[] | null
}): { readonly bosId?: number; readonly eosIds: readonly number[] } {
  const { vocab_size, bos_token_id, eos_token_id } = config
  return {
    ...(bos_token_id !== null && bos_token_id < vocab_size ? { bosId: bos_token_id } : {}),
    eosIds: [eos_token_id ?? []].flat().filter((id) => id < vocab_size),
  }
}

const POSITIVE = "a number above 0"
export const positive = () => z.number(POSITIVE).gt(0, POSITIVE)

const DEVIATION = "a deviation of 0 or more"
export const deviation = () => z.number(DEVIATION).min(0, DEVIATION)

export const flag = () => z.boolean("true or false")

/** A value of config.json that this family's forward does not have; naming it beats computing something else. */
export const unsupported = (wanted: string, values: readonly [unknown, ...unknown[]]) =>
  z
    .unknown()
    .refine((value) => values.includes(value), wanted)
    .optional()
    .optional()

/** A value that may be left out or null. */
export function orNull<T extends z.ZodType>(schema: T) {
  return schema.nullable().default(null as never)
}

/** An impossible combination, reported at `key`. */
export interface ConfigFault {
  readonly key: string
  readonly wanted: string
  /** What came, where the value at `key` alone does not tell. */
  readonly came?: string
}

/** A check over several keys for `schema.check`. */
export function faults<Config>(find: (config: Config) => ConfigFault | undefined) {
  return (context: z.core.ParsePayload<Config>): void => {
    const fault = find(context.value)
    if (!fault) return
    const { key, wanted, came } = fault
    context.issues.push({ code: "custom", message: wanted, input: context.value, path: [key], params: { came } })
  }
}

/** Keys that config files of every family carry and that change no number here. */
export const COMMON_IGNORED_KEYS = [
  "_attn_implementation_autoset",
  "_commit_hash",
  "_name_or_path",
  "architectures",
  "auto_map",
  "chunk_size_feed_forward",
  "cross_attention_hidden_size",
  "dtype",
  "finetuning_task",
  "gradient_checkpointing",
  "id2label",
  "is_decoder",
  "label2id",
  "mlx_version",
  "output_attentions",
  "output_hidden_states",
  "pad_token_id",
  "problem_type",
  "return_dict",
  "sep_token_id",
  "task_specific_params",
  "tokenizer_class",
  "torch_dtype",
  "transformers_version",
  "unsloth_version",
  "use_cache",
] as const

/** Keys of `json` that the family neither reads nor knows to be harmless. */
export function unknownConfigKeys(family: Family, json: Readonly<Record<string, unknown>>): string[] {
  const known = new Set([...family.configKeys, ...family.ignoredConfigKeys])
  return Object.keys(json).filter((key) => !known.has(key))
}

/**
 * The config of a family from JSON, defaults filled in.
 *
 * @param where        names the source in errors: a path, a recipe's key
 * @param unknownKeys  `keep` for checkpoints, whose makers add keys of their own; `refuse` for what a person wrote
 * @throws CONFIG_INVALID naming the first key that is wrong
 */
export function parseConfig<Config extends ModelConfig>(
  family: Family<Config>,
  json: unknown,
  { where, unknownKeys }: { where: string; unknownKeys: "keep" | "refuse" },
): Config {
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw new GlossaError("CONFIG_INVALID", { where, wanted: "an object of settings", came: shown(json) })
  if (unknownKeys === "refuse") refuseUnknownKeys(family as unknown as Family, json as Record<string, unknown>, where)
  const parsed = family.configSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue, ...others] = parsed.error.issues
  const key = issue.path.join(".")
  const told = issue.code === "custom" ? (issue.params?.["came"] as string | undefined) : undefined
  throw new GlossaError("CONFIG_INVALID", {
    where: key ? `${where}: ${key}` : where,
    wanted: issue.message,
    came: told ?? shown(valueAt(json, issue.path)),
    ...(others.length ? { fix: `${others.length} more to correct` } : {}),
  })
}

function refuseUnknownKeys(family: Family, json: Readonly<Record<string, unknown>>, where: string): void {
  const [unknown] = unknownConfigKeys(family, json)
  if (unknown === undefined) return
  const nearest = nearestName(unknown, family.configKeys)
  throw new GlossaError("CONFIG_INVALID", {
    where: `${where}: ${unknown}`,
    wanted: `a key of ${family.modelType} models`,
    came: "one they do not have",
    fix: nearest ? `did you mean ${nearest}?` : `they have ${family.configKeys.join(", ")}`,
  })
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], json)
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing"
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
