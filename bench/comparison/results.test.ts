import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { Group } from "./comparison.ts"
import { mergeRows, newestResults, type Results, type Row, readResults, resultsName, writeResults } from "./results.ts"

function row(group: Group, name: string, value?: number): Row {
  const summary = value === undefined ? {} : { summary: { value, lowest: value, highest: value } }
  return { group, name, unit: "tokens/s", measure: "speedup", ours: [], theirs: [], ...summary }
}

const shown = (rows: readonly Row[]) => rows.map(({ name, summary }) => `${name} ${summary?.value}`)

describe("merging", () => {
  test("keeps the rows of groups that did not run, in the order of groups", () => {
    const before = [row("train", "small", 1), row("generate", "decode", 2)]
    const merged = mergeRows(before, [row("memory", "peak", 3), row("train", "small", 4)], ["train", "memory"])
    expect(shown(merged)).toEqual(["small 4", "peak 3", "decode 2"])
  })

  test("drops rows of a finished group that it has no more, and keeps those of one that is under way", () => {
    const before = [row("train", "small", 1), row("train", "huge", 2)]
    expect(shown(mergeRows(before, [row("train", "small", 3)], ["train"]))).toEqual(["small 3"])
    expect(shown(mergeRows(before, [row("train", "small", 3)], []))).toEqual(["huge 2", "small 3"])
  })

  test("does not lose a compared row to one that could not be compared", () => {
    expect(shown(mergeRows([row("train", "small", 1)], [row("train", "small")], ["train"]))).toEqual(["small 1"])
    expect(shown(mergeRows([row("train", "small")], [row("train", "small")], ["train"]))).toEqual(["small undefined"])
  })
})

test("a file is named after the day and the processor", () => {
  expect(resultsName("2026-11-22T10:00:00.000Z", "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz")).toBe(
    "2026-11-22-intel-r-xeon-r-platinum-8481c-cpu-2-70ghz.json",
  )
})

describe("files", () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "glossa-results-"))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const results = (measured: string): Results => ({
    version: 1,
    measured,
    machine: { processor: "A", cores: 2, amx: false, matmul_bf16_gflops: 100 },
    commit: "abc",
    rows: [row("train", "small", 1)],
  })

  test("come back as they were written, and nothing half-written stays", () => {
    const path = join(folder, "deep", "a.json")
    expect(readResults(path)).toBeUndefined()
    writeResults(path, results("2026-01-01T00:00:00Z"))
    writeResults(path, results("2026-01-02T00:00:00Z"))
    expect(readResults(path)).toEqual(results("2026-01-02T00:00:00Z"))
    expect(readdirSync(join(folder, "deep"))).toEqual(["a.json"])
  })

  test("that are damaged are refused, so that nothing is written over them", () => {
    const path = join(folder, "a.json")
    for (const text of ["", "{", "null", '{"version": 2}']) {
      writeFileSync(path, text)
      expect(() => readResults(path)).toThrow("not a results file")
    }
  })

  test("the newest is the one measured last, whatever its name", () => {
    expect(newestResults(join(folder, "none"))).toBeUndefined()
    expect(newestResults(folder)).toBeUndefined()
    writeResults(join(folder, "z.json"), results("2026-01-01T00:00:00Z"))
    writeResults(join(folder, "a.json"), results("2026-01-02T00:00:00Z"))
    expect(newestResults(folder)?.measured).toBe("2026-01-02T00:00:00Z")
  })
})
