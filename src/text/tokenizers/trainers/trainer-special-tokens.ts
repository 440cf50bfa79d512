/** The special tokens of a tokenizer in training: which there are, and what part each plays. */
import { DEFAULT_SPECIAL_ROLES, DEFAULT_SPECIAL_TOKENS, SPECIAL_ROLES, type SpecialRoles } from "../special-tokens.ts"
import type { CommonTrainingOptions } from "./options.ts"
import { checkWhole, optionInvalid } from "./trainer.ts"

export interface TrainerSpecialTokens {
  /** In the order of their ids, from 0. */
  readonly tokens: readonly string[]
  readonly roles: SpecialRoles
}

/** Stands for what the vocabulary cannot spell, where a model needs such a token and none was named. */
export const UNKNOWN_TOKEN = "<|unk|>"

/** Names by which special tokens are known to play a part. */
const USUAL_NAMES: Readonly<Record<keyof SpecialRoles, readonly (string | undefined)[]>> = {
  bos: [DEFAULT_SPECIAL_ROLES.bos, "<s>", "<bos>", "[CLS]"],
  eos: [DEFAULT_SPECIAL_ROLES.eos, "</s>", "<eos>", "[SEP]"],
  pad: [DEFAULT_SPECIAL_ROLES.pad, "<pad>", "[PAD]"],
  unk: [UNKNOWN_TOKEN, "<unk>", "[UNK]"],
}

/**
 * The special tokens that options ask for, and the unknown one where it is needed.
 *
 * @throws RECIPE_INVALID when one is empty or named twice, or a role is played by none of them
 */
export function resolveSpecialTokens(options: CommonTrainingOptions, needsUnknown: boolean): TrainerSpecialTokens {
  checkWhole("reservedTokens", options.reservedTokens, 0)
  const tokens = [...(options.specialTokens ?? DEFAULT_SPECIAL_TOKENS)]
  for (const [index, token] of tokens.entries()) {
    if (token === "") throw optionInvalid("specialTokens", "texts of at least one character", "an empty one")
    if (tokens.indexOf(token) !== index) throw optionInvalid("specialTokens", "each token once", `"${token}" twice`)
  }
  for (let number = 0, left = options.reservedTokens ?? 0; left > 0; number++) {
    const token = `<|reserved_${number}|>`
    if (tokens.includes(token)) continue
    tokens.push(token)
    left -= 1
  }
  const roles: { -readonly [Role in keyof SpecialRoles]: string } = options.roles ? { ...options.roles } : {}
  if (!options.roles) {
    for (const role of SPECIAL_ROLES) {
      const token = USUAL_NAMES[role].find((name) => name !== undefined && tokens.includes(name))
      if (token !== undefined) roles[role] = token
    }
  }
  if (needsUnknown && roles.unk === undefined) {
    if (!tokens.includes(UNKNOWN_TOKEN)) tokens.push(UNKNOWN_TOKEN)
    roles.unk = UNKNOWN_TOKEN
  }
  for (const [role, token] of Object.entries(roles)) {
    if (token !== undefined && !tokens.includes(token)) {
      throw optionInvalid(`roles.${role}`, "one of the special tokens", `"${token}"`)
    }
  }
  return { tokens, roles }
}
