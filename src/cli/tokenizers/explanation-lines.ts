/** An explanation of a text's tokens as lines of a terminal. */
import {
  type ExplainedPiece,
  type ExplainedToken,
  type Explanation,
  legible,
  legibleToken,
  type MergeSteps,
  type PieceSteps,
  type Tokenizer,
  type TokenPath,
} from "../../text/index.ts"
import { table } from "./table.ts"

/** Longer pieces are not shown again after each merge. */
const MOST_SYMBOLS_SHOWN = 24
/** More tokens of a path are not shown. */
const MOST_TOKENS_SHOWN = 40

/** The explanation line by line; ids are named by the tokenizer that was explained. */
export function explanationLines(explanation: Explanation, tokenizer: Tokenizer): string[] {
  const lines: string[] = []
  for (const part of explanation.parts) {
    if (part.kind === "added") {
      lines.push(addedLine(part.source, part.token.id))
      continue
    }
    if (part.normalized !== part.source)
      lines.push(`${quoted(part.source)} is normalized to ${quoted(part.normalized)}`)
    for (const inner of part.parts)
      if (inner.kind === "added") lines.push(addedLine(inner.source, inner.token.id))
      else lines.push(...pieceLines(inner, tokenizer))
  }
  return [...lines, "", ...tokenLines(explanation.tokens)]
}

function addedLine(source: string, id: number): string {
  return `${quoted(source)} is an added token: ${id}`
}

function pieceLines({ source, spelled, steps, tokens }: ExplainedPiece, tokenizer: Tokenizer): string[] {
  const isRespelled = !tokenizer.spellsBytes && spelled !== source
  const name = (id: number) => symbol(legibleToken(tokenizer, id))
  const comesTo = tokens.map(({ id }) => `${name(id)} ${id}`).join("   ")
  return [
    [quoted(source), ...(isRespelled ? [`as ${quoted(spelled)}`] : []), ...remarks(steps)].join(" "),
    ...table(stepRows(steps, name)).map((line) => `    ${line}`),
    `    = ${comesTo || "nothing"}`,
  ]
}

/** What is said of a piece beside its name. */
function remarks(steps: PieceSteps): string[] {
  if (steps.kind === "whole") return [steps.isKnown ? "is a token of the vocabulary" : "is no token: unknown"]
  if (steps.kind === "matches" && steps.mostCharacters !== undefined)
    return [`has more than ${steps.mostCharacters} characters: unknown`]
  if (steps.kind !== "merges" || !steps.isTakenWhole) return []
  return [`is a token, taken as it is${steps.merges.length > 0 ? "; merges would do this:" : ""}`]
}

/** Rows of cells, one for each step. */
function stepRows(steps: PieceSteps, name: (id: number) => string): string[][] {
  switch (steps.kind) {
    case "merges":
      return mergeRows(steps, name)
    case "paths":
      return steps.paths.map((path, index) => [
        index === 0 ? "best path" : "next best",
        score(path.score),
        pathCell(path),
      ])
    case "matches":
      return steps.matches.map(({ rest, match }) => [
        symbol(legible(rest)),
        match ? `longest match ${symbol(legible(match.token))}` : "no token begins it: the piece is unknown as a whole",
      ])
    case "whole":
      return []
  }
}

function mergeRows({ symbols, merges }: MergeSteps, name: (id: number) => string): string[][] {
  const isShown = symbols.length <= MOST_SYMBOLS_SHOWN
  /** The ids there are now, each at the first symbol it covers. */
  const state = new Map(symbols.map(({ id }, at) => [at, id]))
  const shown = () => (isShown ? Array.from(state.values(), name).join(" ") : "")
  const rows = symbols.length > 1 ? [["starts as", "", isShown ? shown() : `${symbols.length} symbols`]] : []
  for (const { rank, left, right, joined, start, middle } of merges) {
    state.set(start, joined.id)
    state.delete(middle)
    rows.push([`merge ${rank}`, `${name(left.id)} + ${name(right.id)} → ${name(joined.id)}`, shown()])
  }
  return rows
}

function pathCell({ tokens }: TokenPath): string {
  const cells = tokens.slice(0, MOST_TOKENS_SHOWN).map(({ text, token, score: nats }) => {
    return `${symbol(legible(text))}${token === text ? "" : ` as ${token}`} ${score(nats)}`
  })
  return [...cells, ...(tokens.length > cells.length ? [`… ${tokens.length - cells.length} more`] : [])].join("   ")
}

/** Every token of the text in a table: id, bytes, text. */
function tokenLines(tokens: readonly ExplainedToken[]): string[] {
  const rows = tokens.map(({ id, bytes, legible: text, isPutAround }) => [
    String(id),
    Buffer.from(bytes).toString("hex").replace(/../g, "$& ").trimEnd(),
    isPutAround ? `${text} (put there by the post-processor)` : `"${text}"`,
  ])
  return table([["id", "bytes", "token"], ...rows])
}

function quoted(text: string): string {
  return `"${legible(text)}"`
}

/** Part of a row of symbols with spaces between: a space of its own is visible. */
function symbol(text: string): string {
  return text.replaceAll(" ", "␣")
}

function score(nats: number): string {
  return nats.toFixed(2)
}
