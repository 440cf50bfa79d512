/** The command line: finds the command, hands it its flags, and turns what goes wrong into one line and an exit code. */
import { Argument as CommanderArgument, Command as CommanderCommand, CommanderError, Option } from "commander"
import { GlossaError, nearestName } from "../errors.ts"
import type { Command, CommandEntry, Flag } from "./command.ts"
import { COMMANDS } from "./commands/index.ts"
import { startingWords } from "./invocation.ts"
import { processTerminal, type Terminal } from "./terminal.ts"
import { packageVersion } from "./version.ts"

/** Runs a command line; sets the process's exit code. Never throws. */
export async function main(words: readonly string[], terminal: Terminal = processTerminal()): Promise<void> {
  process.exitCode = await runCommandLine(words, terminal)
}

/** Runs a command line and answers its exit code. */
export async function runCommandLine(words: readonly string[], terminal: Terminal): Promise<number> {
  try {
    process.exitCode = 0
    const program = await buildProgram(words, terminal)
    await program.parseAsync([...words], { from: "user" })
    return Number(process.exitCode)
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    return report(error, terminal)
  }
}

/** One line for what went wrong; a stack only for what nobody foresaw. */
function report(error: unknown, { notices }: Terminal): number {
  if (error instanceof GlossaError) {
    notices.write(`${error.message.replaceAll("\n", " ")}\n`)
    if (error.kind === "internal" && error.stack) notices.write(`${error.stack}\n`)
    return error.kind === "user" ? 2 : 1
  }
  const cause = error instanceof Error ? error : new Error(String(error))
  const { message } = new GlossaError("INTERNAL", {
    where: "glossa",
    wanted: "every error foreseen",
    came: cause.message.split("\n")[0],
  })
  notices.write(`${message}\n${cause.stack ?? ""}\n`)
  return 1
}

/** The program, described to commander; in full only the commands whose names are among the words. */
async function buildProgram(words: readonly string[], terminal: Terminal): Promise<CommanderCommand> {
  const program = new CommanderCommand("glossa")
    .description("Language models from plain text, in TypeScript: tokenizer, training, generation, evaluation.")
    .version(packageVersion(), "--version", "print the version")
    .showSuggestionAfterError(false)
  const groups = new Map<string, CommanderCommand>()
  for (const entry of COMMANDS) {
    const names = entry.name.split(" ")
    const [first, second] = names
    const group = second === undefined ? program : (groups.get(first) ?? program.command(first))
    if (second !== undefined) groups.set(first, group.description(GROUPS[first] ?? ""))
    const target = group.command(names.at(-1)!)
    describeEntry(target, entry)
    if (names.every((name) => words.includes(name))) describeCommand(target, await entry.load(), terminal)
  }
  for (const command of [program, ...allCommands(program)]) quiet(command, terminal)
  return program
}

const GROUPS: Readonly<Record<string, string>> = {
  tokenizer: "Train a tokenizer, and turn text into ids and back.",
  bench: "Measure speed and learning against stated peers.",
}

function describeEntry(target: CommanderCommand, { summary, words = [] }: CommandEntry): void {
  target.description(summary)
  for (const word of words) target.addArgument(new CommanderArgument(word.syntax, word.summary))
}

function describeCommand(target: CommanderCommand, command: Command, terminal: Terminal): void {
  const flags = Object.entries(command.flags) as [string, Flag<unknown>][]
  for (const [, flag] of flags) target.addOption(optionOf(flag))
  if (command.example) target.addHelpText("after", `\nExample:\n  ${command.example}`)
  target.action(async (...parsed: unknown[]) => {
    const values = target.opts<Record<string, unknown>>()
    await useThreads(values["threads"] as number | undefined)
    const words = parsed
      .slice(0, -2)
      .flat()
      .filter((word): word is string => typeof word === "string")
    const missing = flags.find(([, flag]) => flag.required && values[optionOf(flag).attributeName()] === undefined)
    if (missing) throw commandFault(target, missing[1].syntax, "nothing")
    const chosen = Object.fromEntries(flags.map(([name, flag]) => [name, values[optionOf(flag).attributeName()]]))
    await command.run({ words, flags: chosen as never, terminal })
  })
}

function optionOf({ syntax, summary, parse, initial }: Flag<unknown>): Option {
  const option = new Option(syntax, summary)
  if (parse) option.argParser((text, before) => parse(text, before))
  if (initial !== undefined) option.default(initial, Array.isArray(initial) || initial === false ? "" : undefined)
  return option
}

async function useThreads(threads: number | undefined): Promise<void> {
  if (threads === undefined) return
  const { createExecutor, setDefaultExecutor } = await import("../engine/index.ts")
  setDefaultExecutor(createExecutor({ threads }))
}

/** Commander throws instead of exiting, and its complaints become errors of ours. */
function quiet(command: CommanderCommand, { output }: Terminal): void {
  command.exitOverride((error) => {
    throw error.exitCode === 0 ? error : commandError(error, command)
  })
  command.configureOutput({ writeOut: (text) => output.write(text), writeErr: () => {} })
}

function allCommands(command: CommanderCommand): CommanderCommand[] {
  return command.commands.flatMap((inner) => [inner, ...allCommands(inner)])
}

function commandFault(command: CommanderCommand, wanted: string, came: string, fix?: string): GlossaError {
  const path = pathOf(command)
  return new GlossaError("COMMAND_INVALID", {
    where: path,
    wanted,
    came,
    fix: fix ?? `see \`${path.replace("glossa", startingWords())} --help\``,
  })
}

/** A complaint of commander as one clear line. */
function commandError(error: CommanderError, command: CommanderCommand): GlossaError {
  const [quoted] = /(?<=').*?(?=')/.exec(error.message) ?? [""]
  const names = command.commands.map((inner) => inner.name())
  const flags = command.options.flatMap(({ long }) => long ?? [])
  const suggestion = (nearest: string | undefined) => nearest && `did you mean ${nearest}?`
  const complaint = error.message.replace(/^error: /, "")
  switch (error.code) {
    case "commander.help":
      return commandFault(command, `a command (${names.join(", ")})`, "none")
    case "commander.unknownCommand": {
      const fix = suggestion(nearestName(quoted, names))
      return commandFault(command, `a command (${names.join(", ")})`, quoted, fix)
    }
    case "commander.unknownOption":
      return commandFault(command, "a flag that it has", quoted, suggestion(nearestName(quoted.split("=")[0], flags)))
    case "commander.missingArgument":
      return commandFault(command, `<${quoted}>`, "nothing")
    case "commander.optionMissingArgument":
      return commandFault(command, `a value: ${quoted}`, "nothing")
    default:
      return commandFault(command, "a command line that it understands", complaint)
  }
}

function pathOf(command: CommanderCommand): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}
