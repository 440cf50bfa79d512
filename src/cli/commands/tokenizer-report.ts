/** `glossa tokenizer report`: bytes per token by kind of text, beside well-known vocabularies. */
import { writeFile } from "node:fs/promises"
import { basename, dirname, resolve } from "node:path"
import { GlossaError } from "../../errors.ts"
import {
  compareTokenizers,
  type NamedTokenizer,
  renderTokenizerPage,
  type TokenizerComparison,
} from "../../evaluation/index.ts"
import { AutoTokenizer } from "../../text/index.ts"
import {
  badFlag,
  type Call,
  COMMON_FLAGS,
  defineCommand,
  JSON_FLAG,
  switchFlag,
  textFlag,
  textsFlag,
} from "../command.ts"
import { notice, printJson, printLine } from "../terminal.ts"
import { comparisonLines } from "../tokenizers/comparison-lines.ts"
import { defaultDomains, ownDomain } from "../tokenizers/domain-texts.ts"
import { type KnownVocabularies, placesFrom, readKnownVocabularies } from "../tokenizers/known-vocabularies.ts"

const flags = {
  tokenizers: textsFlag("--tokenizer <path>", "folder, GGUF file or SentencePiece .model; may be given several times"),
  against: textsFlag("--against <name=path>", "one more to compare with; may be given several times"),
  alone: switchFlag("--alone", "leave the well-known vocabularies out"),
  texts: textsFlag("--text <domain=file>", "text of your own, named; may be given several times"),
  out: textFlag("--out <file.html>", "a page with figures"),
  ...COMMON_FLAGS,
  ...JSON_FLAG,
}

export const tokenizerReport = defineCommand({
  flags,
  example: "glossa tokenizer report --tokenizer runs/speedrun --text mine=notes.txt --out tokenizer.html",
  async run({ flags: given, terminal }: Call<typeof flags>) {
    if (given.tokenizers.length === 0) throw badFlag("--tokenizer", "at least one tokenizer", "")
    if (given.out !== undefined && !given.out.endsWith(".html"))
      throw badFlag("--out", "a file that ends in .html", given.out)
    const ours = await Promise.all(given.tokenizers.map((path) => named(nameOf(path, given.tokenizers), path, true)))
    const others = await Promise.all(
      given.against.map((pair) => {
        const [, name, path] = /^([^=]+)=(.+)$/s.exec(pair) ?? []
        if (name === undefined || path === undefined) throw badFlag("--against", "NAME=PATH", pair)
        return named(name, path, false)
      }),
    )
    const own = await Promise.all(given.texts.map(ownDomain))
    const kept = (await defaultDomains()).filter(({ domain }) => own.every((other) => other.domain !== domain))
    const known = given.alone ? NONE : await readKnownVocabularies(placesFrom(process.cwd()))
    for (const line of known.missing) notice(terminal, line)
    const comparison = compareTokenizers([...ours, ...others, ...known.tokenizers], [...kept, ...own])
    if (given.json) printJson(terminal, comparisonJson(comparison))
    else for (const line of comparisonLines(comparison)) printLine(terminal, line)
    if (given.out !== undefined) {
      await write(given.out, renderTokenizerPage(comparison))
      notice(terminal, `report: ${given.out}`)
    }
  },
})

const NONE: KnownVocabularies = { tokenizers: [], missing: [] }

async function named(name: string, path: string, isOurs: boolean): Promise<NamedTokenizer> {
  return { name, tokenizer: await AutoTokenizer.fromPretrained(path), isOurs }
}

/** The last part of a path, with the folder before it where that says little; the whole path where two are alike. */
function nameOf(path: string, all: readonly string[]): string {
  const short = (one: string) => {
    const last = basename(resolve(one))
    return /^tokenizer\.(json|model)$/.test(last) ? `${basename(dirname(resolve(one)))}/${last}` : last
  }
  return all.filter((other) => short(other) === short(path)).length > 1 ? path : short(path)
}

function comparisonJson({ domains, tokenizers }: TokenizerComparison) {
  return {
    domains: domains.map(({ domain, source, bytes, words }) => ({ domain, source, bytes, words })),
    tokenizers: tokenizers.map(({ name, isOurs, vocabularySize, domains: measured }) => ({
      name,
      is_ours: isOurs,
      vocabulary_size: vocabularySize,
      domains: Object.fromEntries(
        domains.map(({ domain }, index) => {
          const one = measured[index]
          if (!one) return [domain, null]
          const { tokens, unknownTokens, bytesPerToken, tokensPerWord } = one
          const rates = { bytes_per_token: bytesPerToken, tokens_per_word: tokensPerWord }
          return [domain, { tokens, unknown_tokens: unknownTokens, ...rates }]
        }),
      ),
    })),
  }
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text)
  } catch (cause) {
    const { message } = cause as Error
    const fix = "check the folder and its permissions"
    throw new GlossaError("FILE_UNWRITABLE", { where: path, wanted: "a file to write", came: message, fix, cause })
  }
}
