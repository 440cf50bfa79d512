/**
 * What a command is: a name, a sentence, arguments and flags as data, and one function. Help and parsing come from it. Its
 * name and what `glossa --help` says of it stand apart from the rest, which is read only when the command is asked for.
 */
import { GlossaError } from "../errors.ts"
import type { Terminal } from "./terminal.ts"

/** One flag, as `--help` shows it. */
export interface Flag<Value> {
  /** Commander's form: `--name <value>`, or `--name` for a switch. */
  readonly syntax: string
  readonly summary: string
  /** Reads a value's text; throws a GlossaError for one that is not understood. Switches have none. */
  parse?(text: string, before: Value | undefined): Value
  readonly required?: boolean
  readonly initial?: Value
}

/** An argument by position, in commander's form: `<file>`, `[files...]`. */
export interface Argument {
  readonly syntax: string
  readonly summary: string
}

export type Flags = Readonly<Record<string, Flag<unknown>>>

/** The values that flags have after parsing; undefined where one was left out. */
export type FlagValues<Definitions> = {
  readonly [Name in keyof Definitions]: Definitions[Name] extends Flag<infer Value> ? Value : never
}

export interface Call<Definitions> {
  readonly words: readonly string[]
  readonly flags: FlagValues<Definitions>
  readonly terminal: Terminal
}

/** A command in the list of all. */
export interface CommandEntry {
  /** One word, or two for a command of a group: `tokenizer train`. */
  readonly name: string
  readonly summary: string
  readonly words?: readonly Argument[]
  /** Reads the command and all that it needs. */
  load(): Promise<Command>
}

export interface Command<Definitions = Flags> {
  readonly flags: Definitions
  /** Shown under the help. */
  readonly example?: string
  run(call: Call<Definitions>): Promise<void>
}

/** Gives a command the types of its flags. */
export function defineCommand<Definitions extends Flags>(command: Command<Definitions>): Command {
  return command as Command
}

type Optional<Value> = Flag<Value | undefined>

/** A flag that is given or not. */
export function switchFlag(syntax: string, summary: string): Flag<boolean> {
  return { syntax, summary, initial: false }
}
/** A flag that turns off what is on without it: `--no-name`. */
export function offSwitchFlag(syntax: `--no-${string}`, summary: string): Flag<boolean> {
  return { syntax, summary, initial: true }
}
/** Any text. */
export function textFlag(syntax: string, summary: string): Optional<string> {
  return { syntax, summary, parse: (text) => text }
}
/** Text that must be given. */
export function requiredText(syntax: string, summary: string): Flag<string> {
  return { syntax, summary, parse: (text) => text, required: true }
}
/** Text that may be given several times. */
export function textsFlag(syntax: string, summary: string): Flag<readonly string[]> {
  return { syntax, summary, parse: (text, before) => [...(before ?? []), text], initial: [] }
}
/** A whole number of a range. */
export function wholeFlag(syntax: string, summary: string, minimum: number): Optional<number> {
  const parse = (text: string) =>
    readNumber(syntax, text, `a whole number from ${minimum}`, (value) => {
      return Number.isSafeInteger(value) && value >= minimum
    })
  return { syntax, summary, parse }
}
/** A number of a range. */
export function numberFlag(
  syntax: string,
  summary: string,
  { minimum, maximum = Number.POSITIVE_INFINITY, wanted }: { minimum: number; maximum?: number; wanted: string },
): Optional<number> {
  const parse = (text: string) => readNumber(syntax, text, wanted, (value) => value >= minimum && value <= maximum)
  return { syntax, summary, parse }
}
/** One of some words. */
export function choiceFlag<Choice extends string>(
  syntax: string,
  summary: string,
  choices: readonly Choice[],
): Optional<Choice> {
  const wanted = choices.join(", ").replace(/, ([^,]*)$/, " or $1")
  const parse = (text: string): Choice => {
    const choice = choices.find((candidate) => candidate === text)
    if (choice === undefined) throw badFlag(syntax, wanted, text)
    return choice
  }
  return { syntax, summary: `${summary}: ${wanted}`, parse }
}
/** Token ids with commas between. */
export function idsFlag(syntax: string, summary: string): Optional<readonly number[]> {
  const parse = (text: string): readonly number[] => {
    const ids = text.split(",").map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN))
    if (ids.some((id) => !Number.isSafeInteger(id))) throw badFlag(syntax, "token ids such as 1,2,3", text)
    return ids
  }
  return { syntax, summary, parse }
}

/** Flags of every command. */
export const COMMON_FLAGS = {
  threads: wholeFlag("--threads <count>", "threads to use (GLOSSA_THREADS; all cores when left out)", 1),
}
/** Flags of commands in which a model runs. */
export const MODEL_FLAGS = {
  ...COMMON_FLAGS,
  precision: choiceFlag("--precision <kind>", "numbers that products are made of", ["auto", "f32", "bf16"]),
}
/** The flag of commands that can answer to programs. */
export const JSON_FLAG = { json: switchFlag("--json", "print JSON and nothing else on standard output") }

/** The error of a flag whose value is not understood. */
export function badFlag(syntax: string, wanted: string, came: string, fix?: string): GlossaError {
  return new GlossaError("COMMAND_INVALID", {
    where: syntax.split(" ")[0],
    wanted,
    came: came === "" ? "nothing" : came,
    ...(fix ? { fix } : {}),
  })
}

function readNumber(syntax: string, text: string, wanted: string, fits: (value: number) => boolean): number {
  const value = text.trim() === "" ? Number.NaN : Number(text)
  if (!Number.isFinite(value) || !fits(value)) throw badFlag(syntax, wanted, text)
  return value
}
