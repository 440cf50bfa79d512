/** What a speedrun found, as a report: report.md, report.json and report.html of the run folder. */
import { availableParallelism, totalmem } from "node:os"
import { join } from "node:path"
import type { ExecutorDescription } from "../../engine/index.ts"
import { type Baselines, type RunReport, renderHtml, renderMarkdown, toReportJson } from "../../evaluation/index.ts"
import { type ModelDescription, replaceFiles } from "../../models/index.ts"
import type { Recipe } from "../../recipes/index.ts"
import type { CorpusDocument, TokenizedSplit, Tokenizer } from "../../text/index.ts"
import { type EvaluationMetrics, readMetrics, type StepMetrics, type TrainResult } from "../../training/index.ts"
import { countBytes, type RunText } from "../data.ts"
import { shellWord, startingWords } from "../invocation.ts"
import { packageVersion } from "../version.ts"

/** A continuation of the prompt while training. */
export type Sample = RunReport["samples"][number]

/** Everything that a report is made of. */
export interface FinishedRun {
  readonly recipe: Recipe
  /** UTC. */
  readonly startedAt: string
  readonly text: RunText
  /** What the final figures are measured on. */
  readonly heldOut: readonly CorpusDocument[]
  readonly tokens: { readonly training: TokenizedSplit; readonly heldOut: TokenizedSplit }
  readonly description: ModelDescription
  readonly executor: ExecutorDescription & { readonly precision: string; readonly matmulPeakFlops: number }
  readonly result: TrainResult
  readonly prompt: string
  readonly samples: readonly Sample[]
  readonly finalSamples: readonly { readonly prompt: string; readonly text: string }[]
  readonly bitsPerByte: number
  readonly baselines: Baselines
  readonly identity: { readonly identical: number; readonly compared: number }
  readonly seconds: Readonly<Record<string, number>>
}

/** Points of a curve; more are thinned out. */
const MOST_POINTS = 600

/** Writes the three reports, all or none. @throws FILE_UNWRITABLE */
export async function writeReport(run: FinishedRun, tokenizer: Tokenizer): Promise<Readonly<Record<string, unknown>>> {
  const report = reportOf(run, tokenizer)
  const json = toReportJson(report)
  await replaceFiles(run.recipe.output, [
    { name: "report.md", content: renderMarkdown(report) },
    { name: "report.html", content: renderHtml(report) },
    { name: "report.json", content: `${JSON.stringify(json, undefined, 2)}\n` },
  ])
  return json
}

function reportOf(run: FinishedRun, tokenizer: Tokenizer): RunReport {
  const { recipe, text, tokens, description, executor, result, baselines } = run
  const metrics = readMetrics(join(recipe.output, "metrics.jsonl"))
  const steps = metrics.filter((line): line is StepMetrics => line.event === "step")
  const evaluations = metrics.filter((line): line is EvaluationMetrics => line.event === "evaluation")
  const { progress } = result
  const tokensPerSecond = progress.tokens / Math.max(progress.trainingSeconds, 1e-6)
  return {
    name: recipe.name,
    startedAt: run.startedAt,
    glossaVersion: packageVersion(),
    command: [startingWords(), ...process.argv.slice(2).map(shellWord)].join(" "),
    corpora: text.corpus.records.map((record) => ({
      name: record.name,
      version: record.version ?? run.startedAt.slice(0, 10),
      licence: record.licence ?? "unknown",
      checksum: `sha256:${record.sha256}`,
      documents: record.documents,
      bytes: record.bytes,
    })),
    data: {
      trainingDocuments: text.train.length,
      trainingBytes: text.trainingBytes,
      heldOutDocuments: run.heldOut.length,
      heldOutBytes: countBytes(run.heldOut),
    },
    tokenizer: {
      algorithm: "byte-level BPE",
      vocabulary: tokenizer.vocabularySize,
      bytesPerToken: tokens.heldOut.bytes / tokens.heldOut.tokens.length,
      corpusTokens: tokens.training.tokens.length,
      example: examplePieces(tokenizer, run.heldOut[0].text),
    },
    model: {
      family: description.modelType,
      layers: description.layers,
      heads: description.heads,
      width: description.width,
      context: description.context,
      vocabulary: description.vocabularySize,
      parameters: description.parameters,
    },
    training: {
      steps: progress.step,
      tokens: progress.tokens,
      tokensPerSecond,
      matmulPeakShare: (6 * description.parameters * tokensPerSecond) / executor.matmulPeakFlops,
      losses: thinned(
        steps.flatMap(({ step, seconds, loss_nats_per_token: loss }) =>
          loss === null ? [] : [{ step, seconds, lossNats: loss }],
        ),
      ),
      evaluations: thinned(
        evaluations.map(({ step, seconds, bits_per_byte }) => ({ step, seconds, bitsPerByte: bits_per_byte })),
      ),
    },
    bitsPerByte: run.bitsPerByte,
    baselines: {
      brotliBitsPerByte: baselines.brotliBitsPerByte,
      brotliAloneBitsPerByte: baselines.brotliAloneBitsPerByte,
      brotliContextBytes: baselines.brotliContextBytes,
      ngramBitsPerByte: baselines.ngramBitsPerByte,
      ngramOrder: baselines.ngramOrder,
    },
    logprobCheck: run.identity,
    prompt: run.prompt,
    samples: [...run.samples],
    finalSamples: [...run.finalSamples],
    machine: {
      processor: executor.processor,
      cores: availableParallelism(),
      instructionSet: executor.level,
      executor: executor.name,
      threads: executor.threads,
      memoryBytes: totalmem(),
      precision: executor.precision,
      matmulPeakFlops: executor.matmulPeakFlops,
      system: `${process.platform} ${process.arch}, Node ${process.versions.node}`,
    },
    recipe: JSON.parse(JSON.stringify(recipe)),
    seconds: { ...run.seconds },
  }
}

/** The first pieces of a real document. */
function examplePieces(tokenizer: Tokenizer, text: string): { text: string; id: number }[] {
  const ids = tokenizer.encode(text.slice(0, 200), { addSpecialTokens: false }).slice(0, 24)
  return ids.map((id) => ({ text: new TextDecoder().decode(tokenizer.tokenBytes(id)), id }))
}

/** At most MOST_POINTS of a curve's points, the first and the last among them. */
function thinned<Point>(points: readonly Point[]): Point[] {
  if (points.length <= MOST_POINTS) return [...points]
  const stride = (points.length - 1) / (MOST_POINTS - 1)
  return Array.from({ length: MOST_POINTS }, (_, index) => points[Math.round(index * stride)])
}
