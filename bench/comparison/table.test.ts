import { expect, test } from "vitest"
import type { Results, Row } from "./results.ts"
import { performanceBlock, rowLine, shownNumber, verdict } from "./table.ts"

const fast: Row = {
  group: "train",
  name: "train small, bf16",
  unit: "tokens/s",
  measure: "speedup",
  bar: { atLeast: 2 },
  ours: [13_600, 13_000, 14_000],
  theirs: [6614, 6500, 6600],
  summary: { value: 2.056, lowest: 2, highest: 2.121 },
  peer: "PyTorch 1.13.1",
}
const loss: Row = {
  group: "learn",
  name: "mean validation loss",
  unit: "nats",
  measure: "value",
  average: "mean",
  bar: { atMost: 1.9 },
  isSameEverywhere: true,
  ours: [1.8, 1.9, 2],
  theirs: [1.87, 1.88, 1.89],
  summary: { value: 1.9, lowest: 1.8, highest: 2 },
}
const missing: Row = { ...fast, name: "decode", theirs: [], note: "llama.cpp is not installed: npm ci" }
delete (missing as { summary?: unknown }).summary

test("numbers have their unit and few digits", () => {
  expect(shownNumber(33_720.4, "tokens/s")).toBe("33,720 tokens/s")
  expect(shownNumber(4.6912, "MB/s")).toBe("4.69 MB/s")
  expect(shownNumber(3.76e9, "bytes")).toBe("3.76 GB")
  expect(shownNumber(1.8784, "nats")).toBe("1.878")
  expect(shownNumber(0.512, "share")).toBe("51 %")
  expect(shownNumber(7.99997, "times")).toBe("8×")
})

test("a bar counts with AMX, and everywhere only where no machine matters", () => {
  expect(verdict(fast, { amx: true })).toBe("holds")
  expect(verdict({ ...fast, bar: { atLeast: 2.5 } }, { amx: true })).toBe("falls short")
  expect(verdict(fast, { amx: false })).toBe("reported")
  expect(verdict(loss, { amx: false })).toBe("holds")
  expect(verdict({ ...fast, othersLoad: 0.1 }, { amx: true })).toBe("holds")
  expect(verdict({ ...fast, othersLoad: 1.5 }, { amx: true })).toBe("reported, beside other programs")
  expect(verdict({ ...loss, othersLoad: 1.5 }, { amx: true })).toBe("holds")
  expect(verdict(missing, { amx: true })).toBe("not compared")
})

test("a line shows both, the ratio with its spread, and the bar", () => {
  const line = rowLine(fast, { amx: true }).replace(/ +/g, " ")
  expect(line).toBe("train small, bf16 13,600 tokens/s against 6,600 tokens/s 2.06× (2.00–2.12) bar ≥ 2× holds")
  expect(rowLine(missing, { amx: true })).toContain("npm ci")
})

test("README's block says where and when, then a row a figure", () => {
  const results: Results = {
    version: 1,
    measured: "2026-11-22T10:00:00.000Z",
    machine: { processor: "Xeon", cores: 2, amx: true, matmul_bf16_gflops: 1600 },
    commit: "abc",
    rows: [fast, loss, missing],
  }
  const block = performanceBlock(results)
  expect(block).toContain("2026-11-22: Xeon, 2 cores, with AMX")
  expect(block).toContain("Peers: PyTorch 1.13.1.")
  expect(block).toContain("| train small, bf16 | 13,600 tokens/s | 6,600 tokens/s | 2.06× (2.00–2.12) | ≥ 2× | holds |")
  expect(block).toContain("| mean validation loss | 1.900 | 1.880 | 1.900 (1.800 – 2.000) | ≤ 1.900 | holds |")
  expect(block).toContain("| decode | 13,600 tokens/s | – | llama.cpp is not installed: npm ci | ≥ 2× | not compared |")
  expect(performanceBlock({ ...results, machine: { ...results.machine, amx: false } })).toContain("claim nothing")
  expect(performanceBlock(undefined)).toContain("Nothing was measured yet")
})
