/** Reads a tokenizer from the folder or the file it is in, whichever of the known kinds that is. */
import { readFile, stat } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { z } from "zod"
import { GlossaError } from "../../errors.ts"
import { GgufFile, isGgufPath } from "../../gguf/index.ts"
import { hasGgufTokenizer, tokenizerFromGguf } from "./formats/gguf.ts"
import { tokenizerFromLlama2c } from "./formats/llama2c.ts"
import { tokenizerFromMergesText } from "./formats/merges-text.ts"
import { tokenizerFromSentencePiece } from "./formats/sentencepiece.ts"
import { readSentencePieceModel } from "./formats/sentencepiece-file.ts"
import { tokenizerFromTiktoken } from "./formats/tiktoken.ts"
import { tokenizerFromVocabularyText } from "./formats/vocabulary-text.ts"
import { describeValue, parseSettings, tokenizerInvalid } from "./parts.ts"
import { reason } from "./save.ts"
import { SPECIAL_ROLES, type SpecialRoles } from "./special-tokens.ts"
import { Tokenizer, type TokenizerCompanions } from "./tokenizer.ts"

const tokenName = z.union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)]).nullish()

const rolesSchema = z.looseObject({
  bos_token: tokenName,
  eos_token: tokenName,
  pad_token: tokenName,
  unk_token: tokenName,
})
const configSchema = rolesSchema.extend({ chat_template: z.unknown().optional() })

/** What a folder may hold a tokenizer as, the first that is there counts. */
const FILE_NAMES = ["tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt"] as const

/** Loads tokenizers by the folder or the file they are in. */
export const AutoTokenizer = {
  /**
   * The tokenizer of a model folder, or of one file. Of a folder: tokenizer.json, tokenizer.model (SentencePiece),
   * vocab.json with merges.txt, or vocab.txt, the first that is there. Of a file: any of these by its name, any other
   * `.json` (a tokenizer.json), `.model` (SentencePiece), `.tiktoken` (ranks), `.bin` (llama2.c), `.txt` (BERT's
   * tokens) or `.gguf`. Beside it, where present: tokenizer_config.json, special_tokens_map.json and chat_template.jinja.
   *
   * @throws FILE_UNREADABLE when there is no tokenizer
   * @throws TOKENIZER_INVALID, CHECKPOINT_DAMAGED when a file is damaged, contradictory or of an unknown kind
   */
  async fromPretrained(path: string): Promise<Tokenizer> {
    if (await isGgufPath(path)) return fromGgufFile(path, tokenizerFromGguf)
    const file = await fileOf(path)
    return readTokenizer(file, await readCompanions(dirname(file)))
  },
}

/** Whether a model folder or a GGUF file has a tokenizer. @throws FILE_UNREADABLE, CHECKPOINT_DAMAGED for a GGUF file */
export async function hasTokenizer(path: string): Promise<boolean> {
  if (await isGgufPath(path)) return fromGgufFile(path, hasGgufTokenizer)
  for (const name of FILE_NAMES) if (await exists(join(path, name))) return true
  return false
}

async function fromGgufFile<T>(path: string, read: (metadata: GgufFile["metadata"]) => T): Promise<T> {
  const file = await GgufFile.open(path)
  try {
    return read(file.metadata)
  } finally {
    await file.close()
  }
}

/** The file that holds the tokenizer of a path. */
async function fileOf(path: string): Promise<string> {
  const about = await stat(path).catch(() => undefined)
  if (about && !about.isDirectory()) return path
  for (const name of about ? FILE_NAMES : []) if (await exists(join(path, name))) return join(path, name)
  throw new GlossaError("FILE_UNREADABLE", {
    where: about ? join(path, FILE_NAMES[0]) : path,
    wanted: "a tokenizer file",
    came: about ? "a folder without one" : "no such folder",
    fix: "name the folder that holds tokenizer.json, or make one with `glossa tokenizer train`",
  })
}

async function readTokenizer(file: string, companions: TokenizerCompanions): Promise<Tokenizer> {
  const name = basename(file)
  if (name === "vocab.json" || name === "merges.txt") {
    const folder = dirname(file)
    const vocabulary = await readJson(join(folder, "vocab.json"))
    const merges = await readText(join(folder, "merges.txt"))
    if (vocabulary === undefined || merges === undefined)
      throw new GlossaError("FILE_UNREADABLE", {
        where: join(folder, vocabulary === undefined ? "vocab.json" : "merges.txt"),
        wanted: "the other half of the tokenizer",
        came: "no such file",
        fix: "put vocab.json and merges.txt into one folder",
      })
    return tokenizerFromMergesText(vocabulary, merges, companions, folder)
  }
  if (name.endsWith(".model")) {
    const model = readSentencePieceModel(await readBytes(file), file)
    return tokenizerFromSentencePiece(model, companions, file)
  }
  if (name.endsWith(".bin")) return tokenizerFromLlama2c(await readBytes(file), file)
  if (name.endsWith(".tiktoken")) return tokenizerFromTiktoken((await readText(file)) ?? "", {}, file)
  if (name.endsWith(".txt")) return tokenizerFromVocabularyText((await readText(file)) ?? "", companions, file)
  return Tokenizer.fromJson(await readJson(file), companions, file)
}

/** What stands beside a tokenizer. Roles that no file names are left to the tokenizer's own. */
async function readCompanions(folder: string): Promise<TokenizerCompanions> {
  const configPath = join(folder, "tokenizer_config.json")
  const mapPath = join(folder, "special_tokens_map.json")
  const raw = await readJson(configPath)
  const config = raw === undefined ? {} : parseSettings(configSchema, raw, configPath)
  const rawMap = raw === undefined ? await readJson(mapPath) : undefined
  const named = rawMap === undefined ? config : parseSettings(rolesSchema, rawMap, mapPath)
  const entries = SPECIAL_ROLES.flatMap((role) => {
    const token = named[`${role}_token`]
    return token === undefined || token === null ? [] : [[role, token] as const]
  })
  const roles: SpecialRoles | undefined = entries.length > 0 ? Object.fromEntries(entries) : undefined
  const template =
    (await readText(join(folder, "chat_template.jinja"))) ?? (config as { chat_template?: unknown }).chat_template
  return {
    ...(roles ? { roles } : {}),
    ...(typeof template === "string" ? { chatTemplate: template } : {}),
    config: (raw ?? {}) as Record<string, unknown>,
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path))
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

/** A file's text, or undefined where there is no file. */
async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8")
  } catch (cause) {
    if (["ENOENT", "ENOTDIR"].includes((cause as NodeJS.ErrnoException).code ?? "")) return undefined
    throw unreadable(path, cause)
  }
}

function unreadable(path: string, cause: unknown): GlossaError {
  const fix = "check the path and its permissions"
  return new GlossaError("FILE_UNREADABLE", { where: path, wanted: "a file to read", came: reason(cause), fix, cause })
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
