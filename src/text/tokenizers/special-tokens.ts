/**
 * The special tokens every tokenizer trained here reserves from the start, so that a model can later learn to chat,
 * reason and call tools without growing its vocabulary. Their ids are 0, 1, 2, … in this order.
 */

/** One reserved token and what it marks. */
export interface SpecialTokenDefinition {
  readonly content: string
  readonly meaning: string
}

const NAMED: readonly SpecialTokenDefinition[] = [
  { content: "<|bos|>", meaning: "Begins every document and every prompt." },
  { content: "<|eos|>", meaning: "Ends a text: the model has nothing more to say." },
  { content: "<|pad|>", meaning: "Fills unused places of a batch; never a target." },
  { content: "<|system|>", meaning: "Opens a message of the system: rules and tools for the assistant." },
  { content: "<|user|>", meaning: "Opens a message of the user." },
  { content: "<|assistant|>", meaning: "Opens a message of the assistant; the model continues from here." },
  { content: "<|tool_result|>", meaning: "Opens a message that carries what a tool returned." },
  { content: "<|end|>", meaning: "Closes a message of any role." },
  { content: "<|think|>", meaning: "Opens the assistant's reasoning." },
  { content: "<|/think|>", meaning: "Closes the assistant's reasoning." },
  { content: "<|tool_call|>", meaning: "Opens a call of a tool, as JSON." },
  { content: "<|/tool_call|>", meaning: "Closes a call of a tool." },
]

const RESERVED_COUNT = 8

/** All reserved tokens in the order of their ids: the named ones, then `<|reserved_0|>` to `<|reserved_7|>`. */
export const SPECIAL_TOKEN_DEFINITIONS: readonly SpecialTokenDefinition[] = [
  ...NAMED,
  ...Array.from({ length: RESERVED_COUNT }, (_, index) => ({
    content: `<|reserved_${index}|>`,
    meaning: "Free for a later use, such as fill-in-the-middle or a new role.",
  })),
]

/** The contents alone, in the order of their ids. */
export const DEFAULT_SPECIAL_TOKENS: readonly string[] = SPECIAL_TOKEN_DEFINITIONS.map(({ content }) => content)

/** Which special token plays which part, as tokenizer_config.json names them. */
export interface SpecialRoles {
  /** Begins a document or prompt. */
  readonly bos?: string
  /** Ends a text. */
  readonly eos?: string
  /** Fills unused places. */
  readonly pad?: string
  /** Stands for what the vocabulary cannot spell. */
  readonly unk?: string
}

/** The keys of SpecialRoles, in the order configuration files list them. */
export const SPECIAL_ROLES = ["bos", "eos", "pad", "unk"] as const satisfies readonly (keyof SpecialRoles)[]

/** The roles among the reserved tokens above. Byte-level vocabularies spell everything, so there is no `unk`. */
export const DEFAULT_SPECIAL_ROLES: SpecialRoles = { bos: "<|bos|>", eos: "<|eos|>", pad: "<|pad|>" }
