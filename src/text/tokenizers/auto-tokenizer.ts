/** Reads a tokenizer from the folder, or the GGUF file, it is in. */
import { readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { z } from "zod"
import { GlossaError } from "../../errors.ts"
import { GgufFile, isGgufPath } from "../../gguf/index.ts"
import { hasGgufTokenizer, tokenizerFromGguf } from "./gguf.ts"
import { describeValue, parseSettings, tokenizerInvalid } from "./parts.ts"
import { reason } from "./save.ts"
import { SPECIAL_ROLES, type SpecialRoles } from "./special-tokens.ts"
import { Tokenizer } from "./tokenizer.ts"

const tokenName = z.union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)]).nullish()

const configSchema = z.looseObject({
  bos_token: tokenName,
  eos_token: tokenName,
  pad_token: tokenName,
  unk_token: tokenName,
  chat_template: z.unknown().optional(),
})

/** Loads tokenizers by the folder, or the GGUF file, they are in. */
export const AutoTokenizer = {
  /**
   * The tokenizer of a model folder (tokenizer.json, and tokenizer_config.json and chat_template.jinja where present) or
   * of a GGUF file.
   *
   * @throws FILE_UNREADABLE when there is no tokenizer.json and no GGUF file
   * @throws TOKENIZER_INVALID, CHECKPOINT_DAMAGED when a file is damaged, contradictory or of an unknown kind
   */
  async fromPretrained(folder: string): Promise<Tokenizer> {
    if (await isGgufPath(folder)) return fromGgufFile(folder, tokenizerFromGguf)
    const path = join(folder, "tokenizer.json")
    const json = await readJson(path)
    if (json === undefined) {
      throw new GlossaError("FILE_UNREADABLE", {
        where: path,
        wanted: "a tokenizer file",
        came: (await exists(folder)) ? "a folder without one" : "no such folder",
        fix: "name the folder that holds tokenizer.json, or make one with `glossa tokenizer train`",
      })
    }
    const configPath = join(folder, "tokenizer_config.json")
    const raw = await readJson(configPath)
    const config = raw === undefined ? {} : parseSettings(configSchema, raw, configPath)
    const roles: SpecialRoles = Object.fromEntries(
      SPECIAL_ROLES.map((role) => [role, config[`${role}_token`] ?? undefined] as const).filter(
        ([, token]) => token !== undefined,
      ),
    )
    const template = (await readText(join(folder, "chat_template.jinja"))) ?? config.chat_template
    const chatTemplate = typeof template === "string" ? template : undefined
    return Tokenizer.fromJson(json, { roles, chatTemplate, config: (raw ?? {}) as Record<string, unknown> }, path)
  },
}

/** Whether a model folder or a GGUF file has a tokenizer. @throws FILE_UNREADABLE, CHECKPOINT_DAMAGED for a GGUF file */
export async function hasTokenizer(path: string): Promise<boolean> {
  return (await isGgufPath(path)) ? fromGgufFile(path, hasGgufTokenizer) : exists(join(path, "tokenizer.json"))
}

async function fromGgufFile<T>(path: string, read: (metadata: GgufFile["metadata"]) => T): Promise<T> {
  const file = await GgufFile.open(path)
  try {
    return read(file.metadata)
  } finally {
    await file.close()
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** A file's text, or undefined where there is no file. */
async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8")
  } catch (cause) {
    if (["ENOENT", "ENOTDIR"].includes((cause as NodeJS.ErrnoException).code ?? "")) return undefined
    const fix = "check the path and its permissions"
    throw new GlossaError("FILE_UNREADABLE", { where: path, wanted: "a file to read", came: reason(cause), fix, cause })
  }
}

async function readJson(path: string): Promise<unknown> {
  const text = await readText(path)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw tokenizerInvalid(path, "JSON", describeValue((cause as Error).message), cause)
  }
}
