/** `glossa tokenizer explain`: how a text becomes ids, merge by merge, path by path or match by match. */
import { AutoTokenizer, type ExplainedStretch, type Explanation, explain, type PieceSteps } from "../../text/index.ts"
import { type Call, COMMON_FLAGS, defineCommand, JSON_FLAG, wholeFlag } from "../command.ts"
import { printJson, printLine, readAll } from "../terminal.ts"
import { ENCODING_FLAGS } from "../tokenizers/encoding-flags.ts"
import { explanationLines } from "../tokenizers/explanation-lines.ts"

const flags = {
  ...ENCODING_FLAGS,
  alternatives: wholeFlag("--alternatives <count>", "ways to cut a piece that come after the best; unigram (3)", 0),
  ...COMMON_FLAGS,
  ...JSON_FLAG,
}

export const tokenizerExplain = defineCommand({
  flags,
  example: 'glossa tokenizer explain --tokenizer runs/speedrun "The people"',
  async run({ words, flags: given, terminal }: Call<typeof flags>) {
    const tokenizer = await AutoTokenizer.fromPretrained(given.tokenizer)
    const explanation = explain(tokenizer, words[0] ?? (await readAll(terminal)), {
      alternatives: given.alternatives,
      addSpecialTokens: given.specialTokens,
      parseSpecialTokens: given.parseSpecialTokens,
    })
    if (given.json) printJson(terminal, explanationJson(explanation))
    else for (const line of explanationLines(explanation, tokenizer)) printLine(terminal, line)
  },
})

/** For programs: keys in snake_case, bytes as numbers. */
function explanationJson({ parts, tokens }: Explanation) {
  return {
    ids: tokens.map(({ id }) => id),
    parts: parts.map((part) => (part.kind === "added" ? part : { ...part, parts: part.parts.map(innerJson) })),
    tokens: tokens.map(({ id, token, legible, bytes, isPutAround }) => ({
      id,
      token,
      legible,
      bytes: [...bytes],
      is_put_around: isPutAround,
    })),
  }
}

function innerJson(part: ExplainedStretch["parts"][number]) {
  return part.kind === "added" ? part : { ...part, steps: stepsJson(part.steps) }
}

function stepsJson(steps: PieceSteps) {
  switch (steps.kind) {
    case "merges": {
      const { isTakenWhole, ...rest } = steps
      return { ...rest, is_taken_whole: isTakenWhole }
    }
    case "matches":
      return { kind: steps.kind, matches: steps.matches, most_characters: steps.mostCharacters }
    case "whole":
      return { kind: steps.kind, is_known: steps.isKnown }
    case "paths":
      return steps
  }
}
