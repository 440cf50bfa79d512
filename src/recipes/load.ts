/** Reads recipes: YAML from a file, overrides on top, checked against the schema. */
import { readFile } from "node:fs/promises"
import { basename, extname } from "node:path"
import { LineCounter, parseDocument } from "yaml"
import { z } from "zod"
import { GlossaError, nearestName } from "../errors.ts"
import { type Recipe, resolveRecipe } from "./resolve.ts"
import { type RecipeFile, recipeSchema } from "./schema.ts"

/** One value put over a recipe's, at a dotted path of keys. */
export interface RecipeOverride {
  readonly path: readonly string[]
  readonly value: unknown
}

/**
 * An override as a command line says it.
 *
 * @example readOverride("training.steps=200")
 * @throws COMMAND_INVALID when it is not KEY=VALUE
 */
export function readOverride(text: string): RecipeOverride {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  const path = key?.trim().split(".") ?? []
  if (value === undefined || path.some((name) => name === ""))
    throw new GlossaError("COMMAND_INVALID", {
      where: "--set",
      wanted: "KEY=VALUE, such as training.steps=200",
      came: text,
    })
  return { path, value: value === "" ? "" : parseYaml(value, `--set ${key}`) }
}

/**
 * Reads a recipe and resolves it.
 *
 * @throws FILE_UNREADABLE when the file is missing; RECIPE_INVALID when it is not YAML or a value is wrong;
 *   RECIPE_UNKNOWN_KEY naming the nearest key; CONFIG_INVALID for an impossible model
 */
export async function loadRecipe(path: string, overrides: readonly RecipeOverride[] = []): Promise<Recipe> {
  return parseRecipeText(await readText(path), { overrides, where: path, name: basename(path, extname(path)) })
}

export interface RecipeOptions {
  readonly overrides?: readonly RecipeOverride[]
  /** What errors call the recipe. */
  readonly where?: string
  /** The name of the run where the recipe gives none. */
  readonly name?: string
}

/** A recipe from the text of a file. Errors as `loadRecipe`. */
export function parseRecipeText(text: string, options: RecipeOptions = {}): Recipe {
  return parseRecipe(parseYaml(text, options.where ?? "recipe"), options)
}

/** A recipe from data rather than a file. Errors as `loadRecipe`. */
export function parseRecipe(json: unknown, options: RecipeOptions = {}): Recipe {
  const { overrides = [], where = "recipe", name = "recipe" } = options
  const whole = overrides.reduce<unknown>((value, override) => withOverride(value, override), json ?? {})
  return resolveRecipe(checkRecipe(whole, where), { where, name })
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8")
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new GlossaError("FILE_UNREADABLE", {
      where: path,
      wanted: "a recipe (YAML)",
      came: code === "ENOENT" ? "no such file" : code === "EISDIR" ? "a folder" : String(code),
      fix: "name a file such as recipes/tiny.yaml",
      cause,
    })
  }
}

function parseYaml(text: string, where: string): unknown {
  const invalid = (place: string, came: string): GlossaError =>
    new GlossaError("RECIPE_INVALID", { where: place, wanted: "YAML", came })
  try {
    // Of many faults one is told: the library is not to write a page about each.
    const lineCounter = new LineCounter()
    const document = parseDocument(text, { prettyErrors: false, lineCounter, logLevel: "error" })
    const [fault] = document.errors
    if (!fault) return document.toJS()
    const { line } = lineCounter.linePos(fault.pos[0])
    throw invalid(line && text.includes("\n") ? `${where}:${line}` : where, reasonOf(fault))
  } catch (cause) {
    if (cause instanceof GlossaError) throw cause
    // An alias without its anchor, aliases that multiply, or values nested so deep that no stack holds them.
    throw invalid(where, reasonOf(cause as Error))
  }
}

function reasonOf({ message }: Error): string {
  return /call stack/.test(message) ? "values nested too deep" : message.split("\n")[0].replace(/ at line.*$/, "")
}

function withOverride(json: unknown, { path: [key, ...rest], value }: RecipeOverride): unknown {
  const object = isObject(json) ? json : {}
  return { ...object, [key]: rest.length > 0 ? withOverride(object[key], { path: rest, value }) : value }
}

function checkRecipe(json: unknown, where: string): RecipeFile {
  const parsed = recipeSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const unknown = parsed.error.issues.find(({ code }) => code === "unrecognized_keys")
  const issue = unknown ?? parsed.error.issues[0]
  if (issue.code === "unrecognized_keys") throw unknownKey(issue.keys[0], issue.path, where)
  const key = issue.path.join(".")
  const came = issue.path.reduce<unknown>((value, name) => (isObject(value) ? value[String(name)] : undefined), json)
  throw new GlossaError("RECIPE_INVALID", {
    where: key ? `${where}: ${key}` : where,
    wanted: issue.message,
    came: came === undefined ? "nothing" : JSON.stringify(came).slice(0, 80),
  })
}

function unknownKey(key: string, path: readonly PropertyKey[], where: string): GlossaError {
  const known = keysAt(recipeSchema, path)
  const nearest = nearestName(key, known)
  const elsewhere = nearest ? undefined : sectionOf(key)
  const suggestion = nearest ? [...path, nearest].join(".") : elsewhere
  return new GlossaError("RECIPE_UNKNOWN_KEY", {
    where: `${where}: ${[...path, key].join(".")}`,
    wanted: path.length > 0 ? `a key of ${path.join(".")}` : "a key of a recipe",
    came: "an unknown one",
    fix: suggestion ? `did you mean ${suggestion}?` : `known are ${known.join(", ")}`,
  })
}

/** Where a key lives when it was written outside its section, such as `steps` for `training.steps`. */
function sectionOf(key: string): string | undefined {
  const sections = Object.keys(recipeSchema.shape)
  const section = sections.find((name) => keysAt(recipeSchema, [name]).includes(key))
  return section && `${section}.${key}`
}

/** Keys of the object schema at a path, under defaults and optional wrappers. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const [key, ...rest] = path
  const shape = innerShape(schema)
  if (key === undefined) return Object.keys(shape)
  const inner = shape[String(key)]
  return inner ? keysAt(inner, rest) : []
}

/** The fields of an object schema, under defaults and optional wrappers; none for other schemas. */
export function innerShape(schema: z.ZodType): Record<string, z.ZodType> {
  let inner: unknown = schema
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional)
    inner = inner.unwrap()
  return inner instanceof z.ZodObject ? (inner.shape as Record<string, z.ZodType>) : {}
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
