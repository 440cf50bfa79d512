/** Writes a tokenizer as a folder: tokenizer.json, tokenizer_config.json and special_tokens_map.json, each replaced whole. */
import { randomUUID } from "node:crypto"
import { mkdir, open, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { GlossaError } from "../../errors.ts"
import { SPECIAL_ROLES } from "./special-tokens.ts"
import type { Tokenizer } from "./tokenizer.ts"

/**
 * Writes a tokenizer into `folder` (made when missing) in Hugging Face's form. Each file is written beside its place
 * and renamed into it, so a reader, or a crash, never meets half a file.
 *
 * @throws FILE_UNWRITABLE when a file cannot be written
 */
export async function saveTokenizer(tokenizer: Tokenizer, folder: string): Promise<void> {
  const special = tokenizer.addedTokens.filter((token) => token.special)
  const roleTokens = Object.fromEntries(
    SPECIAL_ROLES.filter((role) => tokenizer.roles[role] !== undefined).map((role) => [
      `${role}_token`,
      tokenizer.roles[role],
    ]),
  )
  const additional = special
    .map(({ content }) => content)
    .filter((content) => !Object.values(roleTokens).includes(content))
  const { chat_template: _, ...keptConfig } = tokenizer.config
  const config = {
    tokenizer_class: "PreTrainedTokenizerFast",
    clean_up_tokenization_spaces: false,
    ...keptConfig,
    added_tokens_decoder: Object.fromEntries(tokenizer.addedTokens.map(({ id, ...token }) => [id, token])),
    additional_special_tokens: additional,
    ...roleTokens,
  }
  const map = { ...roleTokens, additional_special_tokens: additional }
  const files: [name: string, text: string][] = [
    ["tokenizer.json", asJson(tokenizer.toJson())],
    ["tokenizer_config.json", asJson(config)],
    ["special_tokens_map.json", asJson(map)],
  ]
  if (tokenizer.chatTemplate !== undefined) files.push(["chat_template.jinja", tokenizer.chatTemplate])
  try {
    await mkdir(folder, { recursive: true })
    for (const [name, text] of files) await replaceFile(join(folder, name), text)
  } catch (cause) {
    throw new GlossaError("FILE_UNWRITABLE", {
      where: folder,
      wanted: "to write a tokenizer",
      came: reason(cause),
      fix: "make room or choose another folder; what was there before is intact",
      cause,
    })
  }
}

function asJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    const file = await open(temporary, "wx")
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (fault) {
    await rm(temporary, { force: true })
    throw fault
  }
}

/** A system error in few words. */
export function reason(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException
  return code ? `${code} (${message.replace(/^[A-Z]+: /, "").split(",")[0]})` : message
}
