/**
 * The report as one self-contained page: no script, no font, no image, nothing fetched (its own policy forbids it).
 * Every word from outside goes through `escapeHtml`; figures carry a title, a description and a table.
 */
import { escapeHtml } from "./escape.ts"
import { barFigure, learningFigure, pipelineFigure } from "./figure.ts"
import { dataTable, folded, htmlPage, pairTable, renderSection, type Section } from "./page-parts.ts"
import { checkRunReport, type ReportSample, type RunReport, recipeRows, totalSeconds } from "./run-report.ts"
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

/** Samples shown at once; the others fold away. */
const SAMPLES_SHOWN = 8

/**
 * The report as the text of an HTML page.
 * @throws INTERNAL when the report is not one
 */
export function renderHtml(report: RunReport): string {
  const checked = checkRunReport(report)
  const sections = [
    pipelineSection(checked),
    samplesSection(checked),
    learningSection(checked),
    comparisonSection(checked),
    finalSamplesSection(checked),
    checkSection(checked),
    timeSection(checked),
    machineSection(checked),
    corporaSection(checked),
    recipeSection(checked),
  ].filter((section) => section !== undefined)
  return htmlPage(
    `${checked.name} · Glossa run report`,
    `<a class="skip" href="#content">Skip to the report</a>
${pageHeader(checked, sections)}
<main id="content" tabindex="-1">
${sections.map(renderSection).join("\n")}
</main>
<footer>
<p>Glossa ${escapeHtml(checked.glossaVersion)} · run “${escapeHtml(checked.name)}” started ${timeElement(checked.startedAt)} · again: <code>${escapeHtml(checked.command)}</code> · this page fetches nothing and runs no script.</p>
</footer>`,
  )
}

function pageHeader(report: RunReport, sections: readonly Section[]): string {
  const { model, training, machine, data } = report
  const figures: [figure: string, label: string, className: string][] = [
    [bitsFigure(report.bitsPerByte), "bits per byte, held-out", "ours"],
    [roundNumber(model.parameters), "parameters", ""],
    [roundNumber(training.tokens), "tokens seen", ""],
    [wholeNumber(training.tokensPerSecond), "tokens a second", ""],
    [duration(totalSeconds(report)), "from start to end", ""],
  ]
  return `<header>
<p class="eyebrow">Glossa · run report · ${escapeHtml(report.name)}</p>
<h1>From plain text to a model that writes, in ${duration(totalSeconds(report))}</h1>
<p class="lede">${[
    `A ${escapeHtml(model.family)} model of ${roundNumber(model.parameters)} parameters learned from`,
    `${byteCount(data.trainingBytes)} of text on ${plural(machine.threads, "thread")} of one machine.`,
    `Each byte of text it never saw costs it ${bitsFigure(report.bitsPerByte)} bits.`,
    escapeHtml(verdict(report)),
  ].join(" ")}</p>
<dl class="figures">
${figures.map(([figure, label, className]) => `<div><dt>${label}</dt><dd${className && ` class="${className}"`}>${figure}</dd></div>`).join("\n")}
</dl>
<nav aria-label="Contents"><ul>
${sections.map(({ id, short }) => `<li><a href="#${id}">${short}</a></li>`).join("\n")}
</ul></nav>
</header>`
}

function pipelineSection(report: RunReport): Section {
  const { tokenizer, data, model, training } = report
  const rows = [
    ["Documents", plural(data.trainingDocuments, "document"), byteCount(data.trainingBytes)],
    ["Held out", plural(data.heldOutDocuments, "document"), byteCount(data.heldOutBytes)],
    ["Tokenizer", tokenizer.algorithm, `${wholeNumber(tokenizer.vocabulary)} pieces`],
    ["Tokens", wholeNumber(tokenizer.corpusTokens), `${tokenizer.bytesPerToken.toFixed(2)} bytes each`],
    ["Model", `${wholeNumber(model.parameters)} parameters`, `${wholeNumber(training.tokens)} tokens seen`],
    ["Text", `${bitsFigure(report.bitsPerByte)} bits per byte`, "held-out"],
  ]
  const pieces = tokenizer.example.map(({ text, id }) => [JSON.stringify(text), String(id)])
  const held = plural(data.heldOutDocuments, "document")
  return {
    id: "pipeline",
    heading: "How the text became a model",
    short: "Pipeline",
    body: `<p>Documents are cut into pieces, pieces become numbers, the model learns which number comes next, and what it then says is turned back into letters. ${held} (${byteCount(data.heldOutBytes)}) were kept away from it, to be judged by.</p>
<figure>${pipelineFigure(report)}
<figcaption>The words and numbers in the boxes are this run’s own; a dot stands for a space.</figcaption>
${folded("The figures as tables", dataTable("Pipeline", ["Stage", "Count", "Size"], rows) + dataTable("First pieces of a document", ["Piece", "Id"], pieces))}
</figure>`,
  }
}

function samplesSection(report: RunReport): Section | undefined {
  const { samples, prompt } = report
  if (samples.length === 0) return undefined
  const shown = pickEarly(samples, SAMPLES_SHOWN)
  const others = samples.length - shown.length
  const list = (chosen: readonly ReportSample[]) =>
    `<ol class="timeline">${chosen.map((sample) => sampleItem(sample, prompt)).join("\n")}</ol>`
  const rest = others > 0 ? folded(`All ${samples.length} continuations`, list(samples)) : ""
  return {
    id: "samples",
    heading: "Gibberish becoming language",
    short: "Samples",
    body: `<p>While it trained, the model was stopped again and again and given the same words to continue. The prompt is in colour; the rest is the model’s.</p>
${list(shown)}
${rest}`,
  }
}

function sampleItem({ step, seconds, bitsPerByte, text }: ReportSample, prompt: string): string {
  const bits = bitsPerByte === null ? "" : `<br>${bitsFigure(bitsPerByte)} bits per byte`
  return `<li><p class="when"><strong>${duration(seconds)}</strong> step ${wholeNumber(step)}${bits}</p>${quote(prompt, text)}</li>`
}

/** The lang attribute is empty because the language of a corpus is not known. */
function quote(prompt: string, text: string): string {
  return `<blockquote lang="" dir="auto"><span class="prompt">${escapeHtml(prompt)}</span>${escapeHtml(text)}</blockquote>`
}

function learningSection(report: RunReport): Section | undefined {
  const { losses, evaluations } = report.training
  if (losses.length === 0 && evaluations.length === 0) return undefined
  const lossRows = pickEvenly(losses, 20).map((entry) => [
    wholeNumber(entry.step),
    duration(entry.seconds),
    entry.lossNats.toFixed(3),
  ])
  const heldOutRows = pickEvenly(evaluations, 20).map((entry) => [
    wholeNumber(entry.step),
    duration(entry.seconds),
    bitsFigure(entry.bitsPerByte),
  ])
  return {
    id: "learning",
    heading: "How it learned",
    short: "Learning",
    body: `<p>Above, how surprised the model was by each batch it trained on, and the same smoothed. Below, how many bits it needs for each byte of the documents kept away from it. Lower is better in both.</p>
<figure>${learningFigure(report)}
${folded("The curves as tables", dataTable("Training loss, nats per token", ["Step", "Time", "Loss"], lossRows) + dataTable("Held-out bits per byte", ["Step", "Time", "Bits per byte"], heldOutRows))}
</figure>`,
  }
}

function comparisonSection(report: RunReport): Section | undefined {
  const beside = rivals(report)
  if (!report.baselines || beside.length === 0) return undefined
  const bars = [{ name: "this model", note: "", bitsPerByte: report.bitsPerByte }, ...beside]
    .sort((left, right) => left.bitsPerByte - right.bitsPerByte)
    .map(({ name, bitsPerByte }) => ({
      label: name,
      value: bitsPerByte,
      figure: bitsFigure(bitsPerByte),
      isOurs: name === "this model",
    }))
  const rows = bars.map(({ label, figure }) => [label, figure])
  const alone = report.baselines.brotliAloneBitsPerByte
  if (alone !== null) rows.push(["brotli on the held-out text alone", bitsFigure(alone)])
  const notes = beside.map(({ name, note }) => `${name}: ${note}`).join(". ")
  return {
    id: "comparison",
    heading: "Beside a compressor and a counting model",
    short: "Comparison",
    body: `<p>A compressor is a language model too: the fewer bits it needs for a byte, the better it foresaw it. All three were measured on the same ${byteCount(report.data.heldOutBytes)} of held-out text, and this model needs ${bitsFigure(report.bitsPerByte)}. ${escapeHtml(verdict(report))}</p>
<figure class="bars">${barFigure("comparison", "Bits per byte of held-out text, lower is better", bars)}
<figcaption>Bits per byte, lower is better. ${escapeHtml(notes)}.</figcaption>
${folded("The figure as a table", dataTable("Bits per byte of held-out text", ["Model", "Bits per byte"], rows))}
</figure>`,
  }
}

function finalSamplesSection({ finalSamples }: RunReport): Section | undefined {
  if (finalSamples.length === 0) return undefined
  return {
    id: "final",
    heading: "What it writes now",
    short: "Writing",
    body: `<div class="samples">${finalSamples.map(({ prompt, text }) => quote(prompt, text)).join("\n")}</div>`,
  }
}

function checkSection(report: RunReport): Section | undefined {
  const { logprobCheck } = report
  if (!logprobCheck) return undefined
  const holds = logprobCheck.identical === logprobCheck.compared
  const meaning = holds
    ? "Each token’s log-probability was computed twice from the final weights, once as in training and once as in generation, and the two agree to the last bit. What was trained is what speaks."
    : "Training and generation should give every token the same log-probability to the last bit, and here they did not. Please report it."
  return {
    id: "check",
    heading: "Trainer = generator",
    short: "Check",
    body: `<div class="check${holds ? "" : " failed"}"><strong>${holds ? "" : "Failed: "}${logprobFinding(report)}</strong>
<p>${meaning}</p></div>`,
  }
}

function timeSection(report: RunReport): Section {
  const total = totalSeconds(report)
  const longest = Math.max(...Object.values(report.seconds))
  const bars = Object.entries(report.seconds).map(([stage, seconds]) => ({
    label: stage,
    value: seconds,
    figure: duration(seconds),
    isOurs: seconds === longest,
  }))
  const rows = Object.entries(report.seconds).map(([stage, seconds]) => [
    stage,
    duration(seconds),
    percent(total ? seconds / total : 0),
  ])
  return {
    id: "time",
    heading: "Where the time went",
    short: "Time",
    body: `<figure class="bars">${barFigure("time", "Time by stage", bars)}
${folded("The figure as a table", dataTable("Time by stage", ["Stage", "Time", "Share"], rows))}
</figure>`,
  }
}

function machineSection(report: RunReport): Section {
  return {
    id: "machine",
    heading: "Model and machine",
    short: "Machine",
    body: `<div class="columns">${pairTable("Model and training", modelRows(report))}${pairTable("Machine", machineRows(report))}</div>`,
  }
}

function corporaSection({ corpora }: RunReport): Section {
  const cards = corpora.map(
    (corpus) => `<article><h3>${escapeHtml(corpus.name)}</h3><dl>
<dt>Version</dt><dd>${escapeHtml(corpus.version)}</dd>
<dt>Licence</dt><dd>${escapeHtml(corpus.licence)}</dd>
<dt>Documents</dt><dd>${wholeNumber(corpus.documents)}</dd>
<dt>Size</dt><dd>${byteCount(corpus.bytes)} (${wholeNumber(corpus.bytes)} bytes)</dd>
<dt>Checksum</dt><dd><code>${escapeHtml(corpus.checksum)}</code></dd>
</dl></article>`,
  )
  return {
    id: "corpora",
    heading: "What it read",
    short: "Corpora",
    body: `<div class="corpora">${cards.join("\n")}</div>`,
  }
}

function recipeSection({ recipe }: RunReport): Section {
  const rows = recipeRows(recipe)
  return {
    id: "recipe",
    heading: "The recipe, resolved",
    short: "Recipe",
    body: `<p>Every setting as it was used, the derived ones too.</p>
${dataTable("Recipe", ["Setting", "Value"], rows, "pairs")}`,
  }
}

function timeElement(iso: string): string {
  return `<time datetime="${escapeHtml(iso)}">${escapeHtml(iso.slice(0, 16).replace("T", " "))} UTC</time>`
}
