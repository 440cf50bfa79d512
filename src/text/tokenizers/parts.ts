/**
 * The seam of the pipeline: every normalizer, pre-tokenizer, model, post-processor and decoder is one file that
 * exports a `PartDefinition`, and each kind's `index.ts` lists its definitions. A new part is a file and a line there.
 */
import { z } from "zod"
import { GlossaError, nearestName } from "../../errors.ts"

/** What every built part can do beside its work: write itself as the piece of tokenizer.json it was read from. */
export interface Part {
  /** The part as tokenizer.json spells it, its `type` included. */
  toJson(): PartJson
}

/** A part as tokenizer.json spells it. */
export type PartJson = { readonly type: string } & { readonly [key: string]: unknown }

/** One part that tokenizer.json can name. */
export interface PartDefinition<Built extends Part> {
  /** The name in the `type` field. */
  readonly type: string
  /**
   * Builds the part from its JSON.
   *
   * @param where  the place in the file, for error texts
   * @param child  builds a part of the same kind that this one holds, such as a step of a `Sequence`
   * @throws TOKENIZER_INVALID when a field is missing, of the wrong kind or impossible
   */
  build(json: unknown, where: string, child: (json: unknown, where: string) => Built): Built
}

/** The error of a damaged tokenizer file: where in the file, what belongs there, what came. */
export function tokenizerInvalid(where: string, wanted: string, came: string, cause?: unknown): GlossaError {
  return new GlossaError("TOKENIZER_INVALID", {
    where,
    wanted,
    came,
    fix: "get the file again from where it was made, or train a new tokenizer",
    cause,
  })
}

/**
 * Checks `json` against `schema` and returns it typed.
 *
 * @throws TOKENIZER_INVALID naming the first field that does not fit
 */
export function parseSettings<Schema extends z.ZodType>(
  schema: Schema,
  json: unknown,
  where: string,
): z.output<Schema> {
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const place = issue.path.reduce<string>(
    (path, key) => (typeof key === "number" ? `${path}[${key}]` : `${path}.${String(key)}`),
    where,
  )
  let found: unknown = json
  for (const key of issue.path) found = (found as Record<PropertyKey, unknown> | undefined)?.[key]
  const expected = issue.message.replace(/^Invalid input: (?:expected )?/, "").replace(/, received .*$/, "")
  throw tokenizerInvalid(place, PLAIN_NAMES[expected] ?? expected, describeValue(found))
}

/** Kinds of JSON values as users call them. */
const PLAIN_NAMES: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  number: "a number",
  object: "an object",
  record: "an object",
  string: "a text",
}

/** A value in few words, for error texts. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "nothing"
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/**
 * Builds one part of the kind that `definitions` lists, by its `type`.
 *
 * @throws TOKENIZER_INVALID when the type is unknown, with the nearest known one named
 */
export function buildPart<Built extends Part>(
  definitions: readonly PartDefinition<Built>[],
  json: unknown,
  where: string,
  depth = 0,
): Built {
  if (depth > 16) throw tokenizerInvalid(where, "parts nested at most 16 deep", "deeper nesting")
  const { type } = parseSettings(typed, json, where)
  const definition = definitions.find((candidate) => candidate.type === type)
  if (!definition) {
    const names = definitions.map((candidate) => candidate.type)
    const nearest = nearestName(type, names)
    const hint = nearest ? ` (nearest: ${nearest})` : ""
    throw tokenizerInvalid(`${where}.type`, `one of ${names.join(", ")}`, `${describeValue(type)}${hint}`)
  }
  return definition.build(json, where, (inner, place) => buildPart(definitions, inner, place, depth + 1))
}

const typed = z.object({ type: z.string() })
