/**
 * The report of a run as data: everything `report.md`, `report.html` and `report.json` say, checked once here. The
 * renderers only arrange it.
 */
import { z } from "zod"
import { GlossaError } from "../../errors.ts"

const count = z.number().int().nonnegative()
const positive = z.number().positive()
const seconds = z.number().nonnegative()
const bits = z.number().nonnegative()

const corpusSchema = z.strictObject({
  name: z.string(),
  version: z.string().describe("the package's version, or a date"),
  licence: z.string().describe('SPDX name, or "unknown" for a user\'s own text'),
  checksum: z.string().describe("algorithm:hex over the documents' bytes in order, such as sha256:…"),
  documents: count,
  bytes: count,
})

const machineSchema = z.strictObject({
  processor: z.string(),
  cores: count,
  instructionSet: z.string().describe("the level in use: scalar, avx2, avx512, amx, neon"),
  executor: z.string().describe("native or reference"),
  threads: count,
  memoryBytes: count,
  precision: z.string().describe("bf16 or f32"),
  matmulPeakFlops: positive.nullable().describe("measured matrix-multiply ceiling, floating-point operations a second"),
  system: z.string().describe("operating system and Node version"),
})

const modelSchema = z.strictObject({
  family: z.string(),
  layers: count,
  heads: count,
  width: count,
  context: count.describe("tokens"),
  vocabulary: count,
  parameters: count,
})

const sampleSchema = z.strictObject({
  step: count,
  seconds: seconds.describe("since training started"),
  bitsPerByte: bits.nullable().describe("held-out, at the last evaluation before; null when there was none yet"),
  text: z.string().describe("the continuation, without the prompt"),
})

/** What a run's report holds. Units: seconds, bytes, nats per counted token, bits per byte. */
export const runReportSchema = z.strictObject({
  name: z.string().describe("the run's name, such as speedrun"),
  startedAt: z.iso.datetime().describe("UTC"),
  glossaVersion: z.string(),
  command: z.string().describe("the command that repeats the run"),
  corpora: z.array(corpusSchema).min(1),
  data: z.strictObject({
    trainingDocuments: count,
    trainingBytes: count,
    heldOutDocuments: count,
    heldOutBytes: count,
  }),
  tokenizer: z.strictObject({
    algorithm: z.string().describe("such as byte-level BPE"),
    vocabulary: count,
    bytesPerToken: positive.describe("on held-out text"),
    corpusTokens: count.describe("tokens that the training text makes"),
    example: z
      .array(z.strictObject({ text: z.string(), id: count }))
      .describe("the first pieces of a real document, in order"),
  }),
  model: modelSchema,
  training: z.strictObject({
    steps: count,
    tokens: count.describe("tokens seen, repeats counted"),
    tokensPerSecond: positive,
    matmulPeakShare: z.number().nonnegative().nullable().describe("operations done / measured ceiling, 0 to 1"),
    losses: z
      .array(z.strictObject({ step: count, seconds, lossNats: z.number() }))
      .describe("training loss, nats per counted token"),
    evaluations: z
      .array(z.strictObject({ step: count, seconds, bitsPerByte: bits }))
      .describe("held-out bits per byte"),
  }),
  bitsPerByte: bits.describe("the final weights on all held-out documents"),
  baselines: z
    .strictObject({
      brotliBitsPerByte: bits,
      brotliAloneBitsPerByte: bits.nullable(),
      brotliContextBytes: count,
      ngramBitsPerByte: bits,
      ngramOrder: count,
    })
    .nullable(),
  logprobCheck: z.strictObject({ identical: count, compared: count }).nullable(),
  prompt: z.string().describe("the fixed prompt continued while training"),
  samples: z.array(sampleSchema).describe("continuations of the fixed prompt, oldest first"),
  finalSamples: z.array(z.strictObject({ prompt: z.string(), text: z.string() })),
  machine: machineSchema,
  recipe: z.record(z.string(), z.unknown()).describe("the resolved recipe; may be nested"),
  seconds: z.record(z.string(), seconds).describe("time by stage, in order"),
})

/** The report of a run. */
export type RunReport = z.infer<typeof runReportSchema>

/** One corpus of a report. */
export type ReportCorpus = RunReport["corpora"][number]

/** One continuation of the fixed prompt. */
export type ReportSample = RunReport["samples"][number]

/**
 * Checks a report.
 * @throws INTERNAL naming the first field that is missing, of the wrong kind or out of range: reports are made by
 *         Glossa, so a bad one is Glossa's fault
 */
export function checkRunReport(report: unknown): RunReport {
  const checked = runReportSchema.safeParse(report)
  if (checked.success) return checked.data
  const [issue] = checked.error.issues
  throw new GlossaError("INTERNAL", {
    where: `report ${issue.path.join(".") || "(whole)"}`,
    wanted: "a report as runReportSchema describes",
    came: issue.message,
  })
}

/** A recipe's settings as flat rows: `optimizer.learningRate` → `0.003`. */
export function recipeRows(recipe: RunReport["recipe"], prefix = ""): [key: string, value: string][] {
  return Object.entries(recipe).flatMap(([key, value]): [string, string][] => {
    const isGroup = typeof value === "object" && value !== null && !Array.isArray(value)
    if (isGroup) return recipeRows(value as RunReport["recipe"], `${prefix}${key}.`)
    return [[`${prefix}${key}`, typeof value === "string" ? value : (JSON.stringify(value) ?? String(value))]]
  })
}

/** All stages' time together, in seconds. */
export function totalSeconds(report: RunReport): number {
  return Object.values(report.seconds).reduce((sum, stage) => sum + stage, 0)
}
