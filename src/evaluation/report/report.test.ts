import { expect, test } from "vitest"
import { escapeHtml } from "./escape.ts"
import { checkRunReport, type RunReport, renderHtml, renderMarkdown, toReportJson } from "./index.ts"
import { recipeRows } from "./run-report.ts"
import { sampleReport } from "./sample-report.cases.ts"
import { byteCount, duration, pickEarly, roundNumber, verdict } from "./wording.ts"

const HOSTILE = `</svg></style><script>alert(1)</script><img src=x onerror=alert(1)>" onload='x' & \u0000\u202e \`\`\`\n# h | p`

/** The sample report with every text in it, wherever it is, made hostile. */
function hostileReport(): RunReport {
  const kept = new Set(["startedAt"])
  const poison = (value: unknown, key = ""): unknown => {
    if (typeof value === "string") return kept.has(key) ? value : HOSTILE
    if (Array.isArray(value)) return value.map((inner) => poison(inner))
    if (typeof value !== "object" || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [
        key === "recipe" || key === "seconds" ? `${HOSTILE}${name}` : name,
        poison(inner, name),
      ]),
    )
  }
  return poison(sampleReport()) as RunReport
}

/** Names of all tags that are opened in a page, its style left out. */
function tagNames(html: string): Set<string> {
  const body = html.replace(/<style>[\s\S]*?<\/style>/, "")
  return new Set([...body.matchAll(/<([a-z][a-z0-9]*)/gi)].map(([, name]) => name.toLowerCase()))
}

test("report.json has the keys that programs ask for, in snake_case throughout", () => {
  const json = JSON.parse(JSON.stringify(toReportJson(sampleReport())))
  expect(json).toMatchObject({
    format: 1,
    bits_per_byte: 1.352,
    brotli_bits_per_byte: 1.9227,
    ngram_bits_per_byte: 1.5613,
    identical_logprobs: 512,
    compared_logprobs: 512,
    parameters: 5_770_752,
    tokens: 9_666_560,
    seconds: { tokenizer: 6.4, training: 236.2 },
    recipe: { optimizer: { learningRate: 0.003 } },
    machine: { instruction_set: "amx", matmul_peak_flops: 1.61e12 },
    training: { tokens_per_second: 40_960 },
  })
  expect(json.total_seconds).toBeCloseTo(263.1, 9)
  expect(json.corpora[0].checksum).toMatch(/^sha256:/)
  const { recipe: _names, ...fields } = json
  expect(JSON.stringify(fields).match(/"[a-z]+[A-Z]\w*":/g)).toBeNull()
})

test("a report without baselines or check says null and still renders", () => {
  const bare: RunReport = {
    ...sampleReport(),
    baselines: null,
    logprobCheck: null,
    samples: [],
    finalSamples: [],
    seconds: {},
    training: { ...sampleReport().training, losses: [], evaluations: [], matmulPeakShare: null },
  }
  expect(toReportJson(bare)).toMatchObject({ brotli_bits_per_byte: null, identical_logprobs: null, seconds: {} })
  for (const text of [renderHtml(bare), renderMarkdown(bare)]) {
    expect(text).not.toMatch(/NaN|undefined|Infinity/)
    expect(text).not.toContain("brotli needs")
  }
})

test("a report with a missing or impossible figure is refused, and the field is named", () => {
  const report = sampleReport()
  expect(() => checkRunReport({ ...report, bitsPerByte: Number.NaN })).toThrow(/report bitsPerByte.*\[INTERNAL\]/)
  expect(() => checkRunReport({ ...report, model: { ...report.model, heads: 1.5 } })).toThrow(/report model\.heads/)
  expect(() => checkRunReport({ ...report, surprise: 1 })).toThrow(/surprise/)
  expect(checkRunReport(report)).toEqual(report)
})

test("the page says every finding", () => {
  const html = renderHtml(sampleReport())
  for (const finding of [
    "1.352",
    "brotli needs 1.923",
    "6-gram byte model needs 1.561",
    "512 of 512 log-probabilities identical",
    "4 min 23 s",
    "The people of the United States",
    "Queequeg",
    "sha256:5c1d0e6f",
    "PDDL-1.0",
    "optimizer.learningRate",
    "Intel(R) Xeon(R)",
    "354 documents",
    "·Senate",
    "1.61 TFLOP/s",
    "43 %",
  ]) {
    expect(html).toContain(finding)
  }
  expect(html).not.toMatch(/NaN|undefined|\[object/)
})

test("the page needs nothing from outside and runs no script", () => {
  const html = renderHtml(sampleReport())
  expect(html).toContain("default-src 'none'")
  expect(html).not.toMatch(/<script|@import|url\(|<link(?! rel="icon" href="data:,")|src=/)
  expect(
    [...html.matchAll(/href="([^"]*)"/g)].every(([, target]) => target === "data:," || target.startsWith("#")),
  ).toBe(true)
})

test("the page can be read by everyone: headings in order, names that exist, unique ids, tables for figures", () => {
  const html = renderHtml(sampleReport())
  const levels = [...html.matchAll(/<h([1-6])/g)].map(([, level]) => Number(level))
  expect(levels[0]).toBe(1)
  expect(levels.filter((level) => level === 1)).toHaveLength(1)
  for (let index = 1; index < levels.length; index++) expect(levels[index]).toBeLessThanOrEqual(levels[index - 1] + 1)
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const [, names] of html.matchAll(/aria-labelledby="([^"]+)"/g)) {
    for (const name of names.split(" ")) expect(ids).toContain(name)
  }
  for (const [, target] of html.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target)
  for (const [, figure] of html.matchAll(/<figure[^>]*>([\s\S]*?)<\/figure>/g)) {
    expect(figure).toMatch(/<title[\s\S]*<desc[\s\S]*<details>[\s\S]*<table/)
  }
})

test("hostile text stays text, in the page", () => {
  const html = renderHtml(hostileReport())
  expect(tagNames(html)).toEqual(new Set([...tagNames(renderHtml(sampleReport()))]))
  expect(html).not.toContain("<script")
  expect(html).not.toContain("<img")
  expect(html).not.toContain("\u0000")
  expect(html).not.toContain("\u202e")
  // Every attribute is one that the page itself writes.
  const attributes = [...html.replace(/<style>[\s\S]*?<\/style>/, "").matchAll(/<[a-z][^>]*>/g)].join(" ")
  expect(attributes).not.toMatch(/\son[a-z]+=/)
  expect(escapeHtml(`<a b="c" d='e'>&\r\n\u001b`)).toBe("&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;\n\ufffd")
})

test("hostile text stays text, in Markdown", () => {
  const markdown = renderMarkdown(hostileReport())
  const outside = markdown.replace(/^(`{3,})text\n[\s\S]*?\n\1$/gm, "").replace(/(`+) [\s\S]*? \1(?!`)/g, "")
  expect(outside).not.toMatch(/(?<!\\)<(script|img)/)
  for (const line of outside.split("\n").filter((row) => row.startsWith("| "))) {
    expect(line.endsWith(" |")).toBe(true)
  }
  expect(renderMarkdown(sampleReport())).toContain("| this model | 1.352 | final weights |")
})

test("the verdict is honest whichever way it went", () => {
  const report = sampleReport()
  expect(verdict(report)).toContain("lower than both")
  expect(verdict({ ...report, bitsPerByte: 1.7 })).toContain("lower than brotli, but not lower than the other")
  expect(verdict({ ...report, bitsPerByte: 2.5 })).toContain("not yet lower")
  const failed = renderHtml({ ...report, logprobCheck: { identical: 511, compared: 512 } })
  expect(failed).toContain("Failed: 511 of 512 log-probabilities identical")
})

test("quantities read as people write them", () => {
  expect([0, 7.31, 59.6, 276.4, 3725].map(duration)).toEqual(["0.0 s", "7.3 s", "1 min 0 s", "4 min 36 s", "1 h 2 min"])
  expect([1, 999, 10_796_130, 999_999_999].map(byteCount)).toEqual(["1 byte", "999 bytes", "10.8 MB", "1.00 GB"])
  expect([4096, 5_770_752, 1.24e9].map(roundNumber)).toEqual(["4,096", "5.77 million", "1.24 billion"])
  expect(recipeRows({ a: { b: [1, 2], c: null }, d: "x" })).toEqual([
    ["a.b", "[1,2]"],
    ["a.c", "null"],
    ["d", "x"],
  ])
})

test.each([9, 16, 40, 200])("8 of %d samples are all different, first and last among them", (count) => {
  const picked = pickEarly(
    Array.from({ length: count }, (_, index) => index),
    8,
  )
  expect(new Set(picked).size).toBe(8)
  expect(picked[0]).toBe(0)
  expect(picked.at(-1)).toBe(count - 1)
})
