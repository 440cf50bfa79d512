/** The report as Markdown, `report.md`: to read in an editor, a pull request or a terminal. */
import { checkRunReport, type RunReport, recipeRows, totalSeconds } from "./run-report.ts"
import {
  bitsFigure,
  byteCount,
  duration,
  logprobFinding,
  machineRows,
  modelRows,
  percent,
  pickEarly,
  pickEvenly,
  plural,
  rivals,
  roundNumber,
  verdict,
  wholeNumber,
} from "./wording.ts"

/**
 * The report as Markdown text.
 * @throws INTERNAL when the report is not one
 */
export function renderMarkdown(report: RunReport): string {
  const checked = checkRunReport(report)
  const { model, training, data, tokenizer, baselines } = checked
  const total = totalSeconds(checked)
  const alone = baselines?.brotliAloneBitsPerByte
  const parts = [
    `# ${inline(checked.name)}: from plain text to a model that writes, in ${duration(total)}`,
    `A ${inline(model.family)} model of ${roundNumber(model.parameters)} parameters learned from ` +
      `${byteCount(data.trainingBytes)} of text. Each byte of text it never saw costs it ` +
      `**${bitsFigure(checked.bitsPerByte)} bits**. ${verdict(checked)}`,
    "## Pipeline",
    table(
      ["Stage", "What", "How much"],
      [
        ["documents", plural(data.trainingDocuments, "document"), byteCount(data.trainingBytes)],
        ["held out", plural(data.heldOutDocuments, "document"), byteCount(data.heldOutBytes)],
        ["tokenizer", tokenizer.algorithm, `${wholeNumber(tokenizer.vocabulary)} pieces`],
        ["tokens", wholeNumber(tokenizer.corpusTokens), `${tokenizer.bytesPerToken.toFixed(2)} bytes each`],
        ["model", `${wholeNumber(model.parameters)} parameters`, `${wholeNumber(training.tokens)} tokens seen`],
        ["text", `${bitsFigure(checked.bitsPerByte)} bits per byte`, "held-out"],
      ],
    ),
    "## Held-out bits per byte",
    table(
      ["Model", "Bits per byte", "How"],
      [
        ["this model", bitsFigure(checked.bitsPerByte), "final weights"],
        ...rivals(checked).map(({ name, note, bitsPerByte }) => [name, bitsFigure(bitsPerByte), note]),
        ...(typeof alone === "number" ? [["brotli alone", bitsFigure(alone), "quality 11, held-out text only"]] : []),
      ],
    ),
    `Trainer = generator: ${logprobFinding(checked)}.`,
    ...(checked.samples.length ? ["## Samples over time", `Prompt: ${codeSpan(checked.prompt)}`] : []),
    ...pickEarly(checked.samples, 8).map(({ step, seconds, bitsPerByte, text }) => {
      const bits = bitsPerByte === null ? "" : `, ${bitsFigure(bitsPerByte)} bits per byte`
      return `**${duration(seconds)}** (step ${wholeNumber(step)}${bits})\n\n${fenced(checked.prompt + text)}`
    }),
    ...(checked.finalSamples.length ? ["## What it writes now"] : []),
    ...checked.finalSamples.map(({ prompt, text }) => fenced(prompt + text)),
    ...(training.losses.length ? ["## Training loss"] : []),
    ...(training.losses.length
      ? [
          table(
            ["Step", "Time", "Loss (nats per token)"],
            pickEvenly(training.losses, 12).map((entry) => [
              wholeNumber(entry.step),
              duration(entry.seconds),
              entry.lossNats.toFixed(3),
            ]),
          ),
        ]
      : []),
    ...(training.evaluations.length
      ? [
          "## Held-out text while training",
          table(
            ["Step", "Time", "Bits per byte"],
            pickEvenly(training.evaluations, 12).map((entry) => [
              wholeNumber(entry.step),
              duration(entry.seconds),
              bitsFigure(entry.bitsPerByte),
            ]),
          ),
        ]
      : []),
    "## Time by stage",
    table(
      ["Stage", "Time", "Share"],
      [
        ...Object.entries(checked.seconds).map(([stage, seconds]) => [
          stage,
          duration(seconds),
          percent(total ? seconds / total : 0),
        ]),
        ["together", duration(total), ""],
      ],
    ),
    "## Model and training",
    table(["What", "Value"], modelRows(checked)),
    "## Machine",
    table(["What", "Value"], machineRows(checked)),
    "## Corpora",
    table(
      ["Name", "Version", "Licence", "Documents", "Bytes", "Checksum"],
      checked.corpora.map((corpus) => [
        corpus.name,
        corpus.version,
        corpus.licence,
        wholeNumber(corpus.documents),
        wholeNumber(corpus.bytes),
        corpus.checksum,
      ]),
    ),
    "## Recipe",
    table(["Setting", "Value"], recipeRows(checked.recipe)),
    `Glossa ${inline(checked.glossaVersion)}, started ${checked.startedAt}. Again: ${codeSpan(checked.command)}`,
  ]
  return `${parts.join("\n\n")}\n`
}

/** Text that Markdown takes literally, on one line. */
function inline(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[\\`*_[\]<>|#&~!]/g, "\\$&")
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(inline).join(" | ")} |`
  return [line(headings), `|${headings.map(() => " --- |").join("")}`, ...rows.map(line)].join("\n")
}

function codeSpan(text: string): string {
  const single = text.replace(/\s+/g, " ")
  const ticks = "`".repeat(longestRun(single) + 1)
  return `${ticks} ${single} ${ticks}`
}

/** A fence longer than any run of backticks inside, so that the text cannot close it. */
function fenced(text: string): string {
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1))
  return `${fence}text\n${text.replace(/\r\n?/g, "\n")}\n${fence}`
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length))
}
