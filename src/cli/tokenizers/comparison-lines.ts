/** A comparison of tokenizers as a table on a terminal. */
import type { DomainTokens, TokenizerComparison } from "../../evaluation/index.ts"
import { byteSize, grouped } from "../wording.ts"
import { table } from "./table.ts"

/** Two tables, and below them what the texts are and what is lost. */
export function comparisonLines(comparison: TokenizerComparison): string[] {
  const { domains, tokenizers } = comparison
  const isLossy = tokenizers.some(({ domains: measured }) => measured.some((one) => one && one.unknownTokens > 0))
  return [
    "bytes per token, more is better",
    ...rowsOf(comparison, (one) => `${one.bytesPerToken.toFixed(2)}${one.unknownTokens > 0 ? "*" : ""}`),
    "",
    "tokens per word, fewer is better",
    ...rowsOf(comparison, (one) => one.tokensPerWord.toFixed(2)),
    "",
    ...table(domains.map(({ domain, source, bytes }) => [domain, byteSize(bytes), source])),
    ...(isLossy ? ["* some of the text became the token for what is unknown and is lost"] : []),
  ]
}

function rowsOf({ domains, tokenizers }: TokenizerComparison, cell: (one: DomainTokens) => string): string[] {
  return table(
    [
      ["", "ids", ...domains.map(({ domain }) => domain)],
      ...tokenizers.map(({ name, vocabularySize, domains: measured }) => [
        name,
        grouped(vocabularySize),
        ...measured.map((one) => (one ? cell(one) : "cannot")),
      ]),
    ],
    { isRightAligned: (column) => column > 0 },
  )
}
