/**
 * One table of coded errors. Fields carry the data, the text is built from them in one order:
 * where · what was wanted · what came · what to do. `docs/errors.md` is checked against this table.
 */

/** Whose mistake an error is: the user's (exit code 2, HTTP 4xx), the machine's (exit 1), or ours ("please report"). */
export type ErrorKind = "user" | "environment" | "internal"

/** Every code, whose mistake it is, and one sentence for `docs/errors.md`. */
export const ERROR_CODES = {
  SHAPE_MISMATCH: { kind: "user", meaning: "The shapes of an operation's inputs do not fit together." },
  DTYPE_MISMATCH: { kind: "user", meaning: "An operation was given numbers of a kind it does not take." },
  ATTRIBUTE_INVALID: { kind: "user", meaning: "An operation's setting is outside its range." },
  TRACE_MISUSE: { kind: "user", meaning: "A traced tensor or operation was used outside its trace." },
  NOT_DIFFERENTIABLE: { kind: "user", meaning: "A gradient was asked through an operation that has none." },
  INPUT_INVALID: { kind: "user", meaning: "A program was run with an input of the wrong name, length, kind or range." },
  DISPOSED: { kind: "user", meaning: "A program or store was used after it was disposed." },
  CANCELLED: { kind: "user", meaning: "A run was cancelled; it changed nothing." },
  NOT_FINITE: { kind: "user", meaning: "GLOSSA_CHECK=finite found an instruction that made a NaN or an infinity." },
  FILE_UNREADABLE: { kind: "user", meaning: "A file is missing or cannot be read." },
  FILE_UNWRITABLE: {
    kind: "environment",
    meaning: "A file cannot be written: no space, no permission, or a read-only disk.",
  },
  TEXT_NOT_UTF8: { kind: "user", meaning: "A text file holds bytes that are not UTF-8." },
  CORPUS_EMPTY: { kind: "user", meaning: "A corpus has no text." },
  CORPUS_INVALID: { kind: "user", meaning: "A line of a JSONL corpus is not a JSON object with a text." },
  CORPUS_TOO_SHORT: { kind: "user", meaning: "A corpus is shorter than one training row." },
  DATA_NOT_FOUND: { kind: "user", meaning: "Data was named that is not on this machine." },
  TOKENIZER_INVALID: { kind: "user", meaning: "A tokenizer file is damaged, contradictory or of an unknown kind." },
  TOKENIZER_TOO_SMALL: {
    kind: "user",
    meaning: "The vocabulary asked for is smaller than its alphabet and special tokens.",
  },
  TOKENIZER_OPTION_INVALID: {
    kind: "user",
    meaning: "A setting of encoding, such as a length to cut to, is outside its range.",
  },
  TOKENIZER_MISSING: { kind: "user", meaning: "Text was given where there is a model but no tokenizer." },
  TOKEN_UNKNOWN: { kind: "user", meaning: "A token id is outside the vocabulary." },
  RECIPE_INVALID: { kind: "user", meaning: "A recipe's value is of the wrong kind or outside its range." },
  RECIPE_UNKNOWN_KEY: { kind: "user", meaning: "A recipe has a key that no recipe has." },
  COMMAND_INVALID: { kind: "user", meaning: "A command or its flags are not understood." },
  CONFIG_INVALID: { kind: "user", meaning: "A model's config.json is missing a key or holds an impossible value." },
  FAMILY_UNKNOWN: { kind: "user", meaning: "A model's `model_type` is not one of the families here." },
  CHECKPOINT_DAMAGED: { kind: "user", meaning: "A checkpoint is truncated, altered or lacks a file." },
  CHECKPOINT_MISMATCH: { kind: "user", meaning: "A checkpoint does not belong to this model or recipe." },
  MODEL_NOT_FOUND: { kind: "user", meaning: "What was named as a model is neither a model folder nor a GGUF file." },
  RUN_EXISTS: { kind: "user", meaning: "A new run was to begin in a folder that already holds one." },
  TRAINING_DIVERGED: { kind: "user", meaning: "Gradients stayed infinite or NaN for many steps." },
  CONTEXT_EXCEEDED: { kind: "user", meaning: "A prompt is longer than the model's context." },
  CACHE_FULL: { kind: "user", meaning: "The key-value cache has too few pages for what was asked." },
  SAMPLING_INVALID: { kind: "user", meaning: "A sampling setting is outside its range." },
  EXECUTOR_UNAVAILABLE: {
    kind: "environment",
    meaning: "The native executor was asked for but could not be built or loaded.",
  },
  OUT_OF_MEMORY: { kind: "environment", meaning: "Memory the plan asked for could not be had." },
  INTERNAL: { kind: "internal", meaning: "A promise inside Glossa was broken; please report it." },
} as const satisfies Record<string, { kind: ErrorKind; meaning: string }>

export type ErrorCode = keyof typeof ERROR_CODES

/** What an error says, in the order it is printed. Every field is a short phrase without a final full stop. */
export interface ErrorFields {
  /** Where: an operation, a file, a recipe key, a flag. */
  readonly where: string
  /** What was wanted there. */
  readonly wanted: string
  /** What came instead. */
  readonly came: string
  /** What the user can do about it. */
  readonly fix?: string
  /** Module path where the operation was traced, such as `model.layers.3.mlp.down_proj`. */
  readonly path?: string
  readonly cause?: unknown
}

/** The only exception thrown on purpose anywhere in Glossa. */
export class GlossaError extends Error {
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly fields: ErrorFields

  constructor(code: ErrorCode, fields: ErrorFields) {
    super(errorText(code, fields), fields.cause === undefined ? undefined : { cause: fields.cause })
    this.name = "GlossaError"
    this.code = code
    this.kind = ERROR_CODES[code].kind
    this.fields = fields
  }
}

/** One line: `where: wanted …; came …; fix. At path. [CODE]` */
function errorText(code: ErrorCode, fields: ErrorFields): string {
  const [where, wanted, came] = [fields.where, fields.wanted, fields.came].map(onOneLine)
  const remedy = fields.fix ? `; ${onOneLine(fields.fix)}` : ""
  const place = fields.path ? ` At ${onOneLine(fields.path)}.` : ""
  const report = ERROR_CODES[code].kind === "internal" ? " This is a fault in Glossa: please report it." : ""
  const end = remedy.endsWith("?") ? "" : "."
  return `${where}: wanted ${wanted}; came ${came}${remedy}${end}${place}${report} [${code}]`
}

/** Characters of one field that an error's text shows. */
const LONGEST_FIELD = 600

/** A field may hold whatever a file held: control characters are written out, and what is very long is cut. */
function onOneLine(text: string): string {
  const shown = text.slice(0, LONGEST_FIELD).replace(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    const known = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[character]
    return known ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  })
  return Math.max(shown.length, text.length) > LONGEST_FIELD ? `${shown.slice(0, LONGEST_FIELD)}…` : shown
}

/** Throws INTERNAL when a promise that only Glossa itself can break is broken. */
export function invariant(condition: unknown, where: string, came: string): asserts condition {
  if (!condition) throw new GlossaError("INTERNAL", { where, wanted: "a promise kept inside Glossa", came })
}

/** The name in `names` nearest to `name` by edit distance, when near enough to be a slip of the pen. */
export function nearestName(name: string, names: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= left.length; i++) {
    const current = [i]
    for (let j = 1; j <= right.length; j++) {
      const substitution = previous[j - 1] + (left[i - 1] === right[j - 1] ? 0 : 1)
      current[j] = Math.min(substitution, previous[j] + 1, current[j - 1] + 1)
    }
    previous = current
  }
  return previous[right.length]
}
