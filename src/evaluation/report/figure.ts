/**
 * The report's figures as small SVG, drawn by hand: pipeline, curves, bars. Each is drawn twice, for wide and for narrow
 * pages, so that its letters stay readable; the page's style shows one of them. Colours come from the page's style.
 */
import { escapeHtml } from "./escape.ts"
import type { RunReport } from "./run-report.ts"
import { bitsFigure, byteCount, duration, pickEvenly, plural, rivals, roundNumber, wholeNumber } from "./wording.ts"

/** One bar: its length is `value` on the figure's common scale. */
export interface Bar {
  readonly label: string
  readonly value: number
  /** The value as read. */
  readonly figure: string
  /** Whether this is the one the figure is about. */
  readonly isOurs: boolean
}

interface Drawing {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly width: number
  readonly height: number
  readonly body: string
}

type Layout = "wide" | "narrow"

/** A figure in both layouts. `draw` is told which, and its width in user units (CSS pixels at full size). */
function inBothLayouts(draw: (layout: Layout) => Drawing): string {
  return (["wide", "narrow"] as const)
    .map((layout) => `<div class="${layout}">${svg(draw(layout), layout)}</div>`)
    .join("\n")
}

function svg({ id, title, description, width, height, body }: Drawing, layout: Layout): string {
  const name = `${id}-${layout}`
  return (
    `<svg viewBox="0 0 ${width} ${round(height)}" role="img" aria-labelledby="${name}-title ${name}-description">` +
    `<title id="${name}-title">${escapeHtml(title)}</title>` +
    `<desc id="${name}-description">${escapeHtml(description)}</desc>${body}</svg>`
  )
}

// ---- pipeline --------------------------------------------------------------------------------------------------

const CHARACTER_WIDTH = 6.7 // of 11 px monospace, a little generously
const LINE = 17

interface Station {
  readonly name: string
  readonly counts: readonly string[]
  /** Draws what is in the station's box, from its top left corner, inside `width` by `height`. */
  readonly draw: (width: number, height: number) => string
}

/** Documents → tokenizer → tokens → model → text, with the run's real data and counts in each. */
export function pipelineFigure(report: RunReport): string {
  const { data, tokenizer, model, training } = report
  const pieces = tokenizer.example
  const excerpt = pieces.map((piece) => piece.text).join("")
  const said = report.finalSamples[0] ?? { prompt: report.prompt, text: report.samples.at(-1)?.text ?? "" }
  const stations: Station[] = [
    {
      name: "Documents",
      counts: [plural(data.trainingDocuments, "document"), `${byteCount(data.trainingBytes)} to learn from`],
      draw: (width, height) => textLines([["piece", excerpt]], width, height),
    },
    {
      name: "Tokenizer",
      counts: [tokenizer.algorithm, `${wholeNumber(tokenizer.vocabulary)} pieces to choose from`],
      draw: (width, height) =>
        chips(
          pieces.map(({ text }) => visible(text)),
          width,
          height,
        ),
    },
    {
      name: "Tokens",
      counts: [`${roundNumber(tokenizer.corpusTokens)} ids`, `${tokenizer.bytesPerToken.toFixed(2)} bytes each`],
      draw: (width, height) =>
        chips(
          pieces.map(({ id }) => String(id)),
          width,
          height,
        ),
    },
    {
      name: "Model",
      counts: [`${roundNumber(model.parameters)} parameters`, `${roundNumber(training.tokens)} tokens seen`],
      draw: (width, height) => layers(model.layers, model.heads, width, height),
    },
    {
      name: "Text",
      counts: [`${bitsFigure(report.bitsPerByte)} bits per byte`, "on text it never saw"],
      draw: (width, height) =>
        textLines(
          [
            ["prompt", said.prompt],
            ["piece", said.text],
          ],
          width,
          height,
        ),
    },
  ]
  const description = stations.map(({ name, counts }) => `${name}: ${counts.join(", ")}`).join("; ")
  return inBothLayouts((layout) => {
    const drawing = layout === "wide" ? stationsInRow(stations) : stationsInColumn(stations)
    return { id: "pipeline", title: "From documents to text", description: `${description}.`, ...drawing }
  })
}

function stationsInRow(stations: readonly Station[]): Pick<Drawing, "width" | "height" | "body"> {
  const gap = 34
  const width = (1040 - gap * (stations.length - 1)) / stations.length
  const boxHeight = 132
  const body = stations.map((station, index) => {
    const x = index * (width + gap)
    const arrow = index === 0 ? "" : arrowPath(x - gap + 7, 28 + boxHeight / 2, gap - 14, 0)
    return arrow + group(x, 0, drawStation(station, width, boxHeight))
  })
  return { width: 1040, height: 28 + boxHeight + 46, body: body.join("") }
}

function stationsInColumn(stations: readonly Station[]): Pick<Drawing, "width" | "height" | "body"> {
  const boxHeight = 74
  const step = 28 + boxHeight + 46 + 34
  const body = stations.map((station, index) => {
    const arrow = index === 0 ? "" : arrowPath(170, index * step - 32, 0, 20)
    return arrow + group(0, index * step, drawStation(station, 340, boxHeight))
  })
  return { width: 340, height: stations.length * step - 34, body: body.join("") }
}

function drawStation({ name, counts, draw }: Station, width: number, boxHeight: number): string {
  const padding = 11
  const lines = counts.map((line, index) => words("count", 0, 28 + boxHeight + 20 + index * 18, line)).join("")
  return (
    words("station", 0, 15, name) +
    `<rect class="box" x="0.5" y="28" width="${round(width - 1)}" height="${boxHeight}" rx="6"/>` +
    group(padding, 28 + padding, draw(width - 2 * padding, boxHeight - 2 * padding)) +
    lines
  )
}

/** Runs of text one after another, broken into lines of a box, cut with an ellipsis where the box ends. */
function textLines(runs: readonly [className: string, text: string][], width: number, height: number): string {
  const columns = Math.floor(width / CHARACTER_WIDTH)
  const rows = Math.floor((height + 4) / LINE)
  const letters = runs.flatMap(([className, text]) =>
    [...text.replace(/\s+/g, " ")].map((letter) => ({ letter, className })),
  )
  let start = 0
  const lines: string[] = []
  while (start < letters.length && lines.length < rows) {
    if (letters[start].letter === " " && lines.length > 0) start++
    let end = start
    for (let used = 0; end < letters.length && used + columnsOf(letters[end].letter) <= columns; end++) {
      used += columnsOf(letters[end].letter)
    }
    end = Math.max(end, start + 1)
    const isLast = lines.length === rows - 1
    if (end < letters.length && !isLast) {
      const space = letters.slice(start, end + 1).findLastIndex(({ letter }) => letter === " ")
      if (space > 0) end = start + space
    }
    const isCut = isLast && end < letters.length
    const shown = letters.slice(start, isCut ? end - 1 : end)
    let spans = ""
    for (const [className] of runs) {
      const part = shown
        .filter((entry) => entry.className === className)
        .map(({ letter }) => letter)
        .join("")
      if (part) spans += `<tspan class="${className}">${escapeHtml(part)}</tspan>`
    }
    lines.push(
      `<text class="mono" y="${10 + lines.length * LINE}" xml:space="preserve">${spans}${isCut ? "…" : ""}</text>`,
    )
    start = end
  }
  return lines.join("")
}

/** Short texts in tinted boxes, flowing over lines; what does not fit is left out with an ellipsis. */
function chips(texts: readonly string[], width: number, height: number): string {
  const rowHeight = 24
  const rows = Math.floor((height + 6) / rowHeight)
  const ellipsisWidth = 12
  let x = 0
  let row = 0
  let drawn = ""
  for (const [index, text] of texts.entries()) {
    const chipWidth = [...text].reduce((sum, letter) => sum + columnsOf(letter), 0) * CHARACTER_WIDTH + 8
    const isLastText = index === texts.length - 1
    const fits = (isLastRow: boolean) => x + chipWidth + (isLastRow && !isLastText ? ellipsisWidth : 0) <= width
    if (!fits(row === rows - 1) && x > 0 && row < rows - 1) {
      x = 0
      row++
    }
    const y = row * rowHeight
    if (!fits(row === rows - 1)) return drawn + words("mono", x + 1, y + 14, "…")
    drawn +=
      `<rect class="chip tint-${index % 3}" x="${round(x)}" y="${y}" width="${round(chipWidth)}" height="20" rx="3"/>` +
      words("mono", x + 4, y + 14, text)
    x += chipWidth + 4
  }
  return drawn
}

/** A stack of layers, each with its heads, and the arrow that goes through them. */
function layers(layerCount: number, headCount: number, width: number, height: number): string {
  const shown = Math.min(layerCount, 8)
  const headsShown = Math.min(headCount, 16)
  const label = `${plural(layerCount, "layer")} × ${plural(headCount, "head")}`
  const stackHeight = height - 20
  const step = stackHeight / shown
  const barHeight = Math.min(16, step - 3)
  let drawn = ""
  for (let layer = 0; layer < shown; layer++) {
    const y = layer * step
    const headWidth = width / headsShown
    for (let head = 0; head < headsShown; head++) {
      drawn += `<rect class="head" x="${round(head * headWidth)}" y="${round(y)}" width="${round(headWidth - 2)}" height="${round(barHeight)}" rx="1.5"/>`
    }
  }
  return drawn + words("mono", 0, height - 1, label)
}

function visible(piece: string): string {
  return piece.replace(/ /g, "·").replace(/\n/g, "↵").replace(/\t/g, "→").replace(/\r/g, "␍")
}

/** Columns a character takes in a monospace font: two for East Asian wide ones and pictures. */
function columnsOf(letter: string): number {
  return /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u.test(
    letter,
  )
    ? 2
    : 1
}

function arrowPath(x: number, y: number, dx: number, dy: number): string {
  const tip = dx > 0 ? `m-6 -5l6 5l-6 5` : `m-5 -6l5 6l5 -6`
  return `<path class="arrow" d="M${round(x)} ${round(y)}l${dx} ${dy}${tip}"/>`
}

// ---- curves ----------------------------------------------------------------------------------------------------

interface Point {
  readonly x: number
  readonly y: number
}

/** Training loss above, held-out bits per byte below, over the same time; the byte models as level lines. */
export function learningFigure(report: RunReport): string {
  const { losses, evaluations } = report.training
  const beside = rivals(report)
  const lastSeconds = Math.max(1, losses.at(-1)?.seconds ?? 0, evaluations.at(-1)?.seconds ?? 0)
  const first = losses[0]
  const last = losses.at(-1)
  const fall =
    first && last
      ? `Training loss goes from ${first.lossNats.toFixed(2)} to ${last.lossNats.toFixed(2)} nats per token`
      : "No training loss was recorded"
  const heldOut = evaluations.length
    ? `held-out bits per byte from ${bitsFigure(evaluations[0].bitsPerByte)} to ${bitsFigure(evaluations.at(-1)!.bitsPerByte)}`
    : "held-out text was not measured on the way"
  const lines = beside.map((rival) => `${rival.name} at ${bitsFigure(rival.bitsPerByte)}`).join(", ")
  return inBothLayouts((layout) => {
    const width = layout === "wide" ? 1040 : 340
    const panelHeight = layout === "wide" ? 220 : 165
    const raw = losses.map((entry) => ({ x: entry.seconds, y: entry.lossNats }))
    const measured = evaluations.map((entry) => ({ x: entry.seconds, y: entry.bitsPerByte }))
    const upper = panel({
      width,
      height: panelHeight,
      lastSeconds,
      heading: "Training loss, nats per token",
      series: [
        { className: "faint", points: thinned(raw, width / 2), hasDots: false },
        { className: "line", points: thinned(smoothed(raw), width / 2), hasDots: false },
      ],
      levels: [],
    })
    const lower = panel({
      width,
      height: panelHeight,
      lastSeconds,
      heading: "Held-out text, bits per byte",
      series: [{ className: "line", points: measured, hasDots: true }],
      levels: beside.map((rival) => ({
        label: `${rival.name} ${bitsFigure(rival.bitsPerByte)}`,
        value: rival.bitsPerByte,
      })),
    })
    const offset = panelHeight + 50
    return {
      id: "learning",
      title: "How the loss fell",
      description: `${fall}; ${heldOut}${lines ? `; for comparison ${lines}` : ""}. Over ${duration(lastSeconds)}.`,
      width,
      height: offset + panelHeight + 46,
      body: upper + group(0, offset, lower) + timeAxis(width, offset + panelHeight + 8, lastSeconds),
    }
  })
}

interface Panel {
  readonly width: number
  readonly height: number
  readonly lastSeconds: number
  readonly heading: string
  readonly series: readonly { className: string; points: readonly Point[]; hasDots: boolean }[]
  readonly levels: readonly { label: string; value: number }[]
}

const AXIS_WIDTH = 34
const KEY_CHARACTER_WIDTH = 6.6 // of 12 px text

function panel({ width, height, lastSeconds, heading, series, levels }: Panel): string {
  const values = [...series.flatMap(({ points }) => points.map(({ y }) => y)), ...levels.map(({ value }) => value)]
  const ticks = niceTicks(Math.min(...values), Math.max(...values), 4)
  const [low, high] = [ticks[0], ticks.at(-1)!]
  const top = levels.length > 0 ? 50 : 28
  const toX = (seconds: number) => AXIS_WIDTH + (seconds / lastSeconds) * (width - AXIS_WIDTH - 6)
  const toY = (value: number) => top + (1 - (value - low) / (high - low)) * (height - top)
  const decimals = ticks.length > 1 && ticks[1] - ticks[0] < 1 ? 1 : 0
  const grid = ticks.map(
    (tick) =>
      `<path class="grid" d="M${AXIS_WIDTH} ${round(toY(tick))}H${width}"/>` +
      words("tick end", AXIS_WIDTH - 7, toY(tick) + 4, tick.toFixed(decimals)),
  )
  const lines = series.map(({ className, points, hasDots }) => {
    const path = points.map(({ x, y }, index) => `${index ? "L" : "M"}${round(toX(x))} ${round(toY(y))}`).join("")
    const dots = hasDots
      ? points.map(({ x, y }) => `<circle class="dot" cx="${round(toX(x))}" cy="${round(toY(y))}" r="3"/>`).join("")
      : ""
    return `<path class="${className}" d="${path}"/>${dots}`
  })
  // A key above the panel, not labels beside the lines: the curve ends where the lines are.
  let keyX = 0
  const rules = levels.map(({ label, value }, index) => {
    const dashes = index % 2 === 0 ? "level" : "level dotted"
    const drawn =
      `<path class="${dashes}" d="M${AXIS_WIDTH} ${round(toY(value))}H${width}"/>` +
      `<path class="${dashes}" d="M${round(keyX)} 29h22"/>${words("level-label", keyX + 28, 33, label)}`
    keyX += 28 + label.length * KEY_CHARACTER_WIDTH + 16
    return drawn
  })
  return words("heading", 0, 13, heading) + grid.join("") + rules.join("") + lines.join("")
}

function timeAxis(width: number, y: number, lastSeconds: number): string {
  const isMinutes = lastSeconds > 150
  const unit = isMinutes ? 60 : 1
  const ticks = niceTicks(0, lastSeconds / unit, width > 600 ? 8 : 4).filter((tick) => tick * unit <= lastSeconds)
  const drawn = ticks.map((tick) => {
    const x = AXIS_WIDTH + ((tick * unit) / lastSeconds) * (width - AXIS_WIDTH - 6)
    return words("tick middle", x, y + 14, String(Number(tick.toFixed(2))))
  })
  return drawn.join("") + words("tick end", width, y + 32, isMinutes ? "minutes of training" : "seconds of training")
}

/** Round numbers from at or below `low` to at or above `high`. */
function niceTicks(low: number, high: number, wanted: number): number[] {
  if (!(Number.isFinite(low) && Number.isFinite(high))) return [0, 1]
  const span = high - low || Math.max(1, Math.abs(high))
  const power = 10 ** Math.floor(Math.log10(span / wanted))
  const step = power * ([1, 2, 5, 10].find((factor) => (factor * power * wanted) / span >= 0.999) ?? 10)
  const start = Math.floor(low / step + 1e-9)
  const end = Math.max(start + 1, Math.ceil(high / step - 1e-9))
  return Array.from({ length: end - start + 1 }, (_, index) => (start + index) * step)
}

/** Mean over neighbours on both sides, up to a fiftieth of the curve each way and fewer at its ends: no lag, no bias. */
function smoothed(points: readonly Point[]): Point[] {
  const widest = Math.ceil(points.length / 50)
  const sums = [0]
  for (const { y } of points) sums.push(sums[sums.length - 1] + y)
  return points.map(({ x }, index) => {
    const reach = Math.min(widest, index, points.length - 1 - index)
    return { x, y: (sums[index + reach + 1] - sums[index - reach]) / (2 * reach + 1) }
  })
}

function thinned(points: readonly Point[], most: number): Point[] {
  return pickEvenly(points, Math.floor(most))
}

// ---- bars ------------------------------------------------------------------------------------------------------

/** Level bars from zero, each under its label. */
export function barFigure(id: string, title: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE)
  const description = `${bars.map(({ label, figure }) => `${label}: ${figure}`).join("; ")}.`
  return inBothLayouts((layout) => {
    const width = layout === "wide" ? 720 : 340
    const step = 50
    const drawn = bars.map(({ label, value, figure, isOurs }, index) => {
      const length = Math.max(2, (value / most) * width)
      const y = index * step
      return (
        words(isOurs ? "bar-label ours" : "bar-label", 0, y + 14, label) +
        words(isOurs ? "bar-label ours end" : "bar-label end", width, y + 14, figure) +
        `<rect class="track" x="0" y="${y + 22}" width="${width}" height="12" rx="2"/>` +
        `<rect class="${isOurs ? "bar ours" : "bar"}" x="0" y="${y + 22}" width="${round(length)}" height="12" rx="2"/>`
      )
    })
    return { id, title, description, width, height: bars.length * step - 10, body: drawn.join("") }
  })
}

// ---- drawing ---------------------------------------------------------------------------------------------------

function words(className: string, x: number, y: number, text: string): string {
  return `<text class="${className}" x="${round(x)}" y="${round(y)}">${escapeHtml(text)}</text>`
}

function group(x: number, y: number, body: string): string {
  return `<g transform="translate(${round(x)} ${round(y)})">${body}</g>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
