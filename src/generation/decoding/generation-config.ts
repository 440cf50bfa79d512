/** generation_config.json: the settings that a model's makers chose, which hold where a caller says nothing else. */
import { z } from "zod"
import type { GenerationSettings } from "./settings.ts"

// A value of a kind we do not know is a later invention of others; it is passed over, as readers of such files do.
const known = <T extends z.ZodType>(schema: T) => schema.nullish().catch(undefined)

const fileSchema = z.looseObject({
  do_sample: known(z.boolean()),
  temperature: known(z.number().min(0)),
  top_k: known(z.int().min(0)),
  top_p: known(z.number().min(0).max(1)),
  min_p: known(z.number().min(0).max(1)),
  max_new_tokens: known(z.int().min(1)),
  eos_token_id: known(z.union([z.int().min(0), z.array(z.int().min(0))])),
})

/** What generation_config.json says, in our names. */
export interface ModelDefaults {
  readonly settings: GenerationSettings
  /** Ids that end a text, beside those of config.json. */
  readonly eosIds: readonly number[]
}

/** Reads generation_config.json; as in transformers, a model whose file does not say `do_sample` is greedy. */
export function readGenerationConfig(json: Readonly<Record<string, unknown>>): ModelDefaults {
  const file = fileSchema.parse(json)
  return {
    settings: withoutGaps({
      doSample: file.do_sample ?? false,
      temperature: file.temperature,
      topK: file.top_k,
      topP: file.top_p,
      minP: file.min_p,
      maxNewTokens: file.max_new_tokens,
    }),
    eosIds: [file.eos_token_id ?? []].flat(),
  }
}

/** A caller's settings over a model's. Whoever asks for a setting of drawing decides whether to draw. */
export function applyDefaults(settings: GenerationSettings, defaults: GenerationSettings): GenerationSettings {
  const asked = withoutGaps(settings)
  const { doSample, ...rest } = defaults
  const decides = ["doSample", "temperature", "topK", "topP", "minP", "seed"].some((name) => name in asked)
  return { ...rest, ...(decides || doSample === undefined ? {} : { doSample }), ...asked }
}

/** The object without keys that hold nothing. */
function withoutGaps(settings: object): GenerationSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined && value !== null))
}
