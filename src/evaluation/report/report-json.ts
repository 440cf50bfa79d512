/** The report for programs: `report.json`, in snake_case, the figures people ask for first at the top level. */
import { checkRunReport, type RunReport } from "./run-report.ts"

/** A JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** Format of `report.json`; grows when a key changes its meaning or goes. */
export const REPORT_FORMAT = 1

/**
 * The report as plain data for `JSON.stringify`. Always there: `bits_per_byte`, `brotli_bits_per_byte`,
 * `ngram_bits_per_byte`, `identical_logprobs`, `compared_logprobs` (each null when not measured), `seconds` by stage,
 * `total_seconds`, `parameters`, `tokens`, `tokens_per_second`.
 *
 * @throws INTERNAL when the report is not one
 */
export function toReportJson(report: RunReport): { [key: string]: Json } {
  const checked = checkRunReport(report)
  const { recipe, seconds, bitsPerByte, baselines, logprobCheck, ...rest } = checked
  return {
    format: REPORT_FORMAT,
    bits_per_byte: bitsPerByte,
    brotli_bits_per_byte: baselines?.brotliBitsPerByte ?? null,
    ngram_bits_per_byte: baselines?.ngramBitsPerByte ?? null,
    identical_logprobs: logprobCheck?.identical ?? null,
    compared_logprobs: logprobCheck?.compared ?? null,
    parameters: checked.model.parameters,
    tokens: checked.training.tokens,
    tokens_per_second: checked.training.tokensPerSecond,
    total_seconds: Object.values(seconds).reduce((sum, stage) => sum + stage, 0),
    // Stage names and recipe keys are names, not fields: they stay as they are.
    seconds,
    recipe: recipe as Json,
    baselines: snakeKeys(baselines),
    ...(snakeKeys(rest) as { [key: string]: Json }),
  }
}

function snakeKeys(value: unknown): Json {
  if (Array.isArray(value)) return value.map(snakeKeys)
  if (typeof value !== "object" || value === null) return value as Json
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [snakeCase(key), snakeKeys(inner)]))
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
