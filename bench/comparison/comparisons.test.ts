import { expect, test } from "vitest"
import { GROUPS, type Settings } from "./comparison.ts"
import { comparisons } from "./comparisons.ts"
import { bestMatmulRate, matmulShareRow, trainingOperations } from "./matmul-share.ts"
import { measure } from "./measure.ts"
import { type Command, command, flags, lastJson, ProgramFailure, runProgram, withoutFolders } from "./program.ts"

const settings: Settings = { isQuick: false, threads: 2, dataFolder: undefined, workFolder: "work" }
const inline = (script: string) => ({ interpreter: "node", words: ["-e", script] }) as const

test("every group has rows, and no two rows are named alike", () => {
  for (const isQuick of [false, true]) {
    const table = comparisons({ ...settings, isQuick })
    expect([...new Set(table.map(({ group }) => group))]).toEqual([...GROUPS])
    const names = table.flatMap(({ figures }) => figures.map(({ name }) => name))
    expect(new Set(names).size).toBe(names.length)
  }
})

test("each learning pair has a seed of its own, the same on both sides", () => {
  const [comparison] = comparisons(settings, ["learn"])
  const seeds = [0, 1, 2].map((pair) =>
    [comparison.ours(pair), comparison.peer!.command(pair)].map(({ words }) => words[words.indexOf("--seed") + 1]),
  )
  expect(new Set(seeds.map(([ours]) => ours)).size).toBe(3)
  for (const [ours, theirs] of seeds) expect(theirs).toBe(ours)
})

test("what the machine lacks becomes the note of each row", async () => {
  const [comparison] = comparisons(settings, ["learn"])
  const peers = { of: () => ({ version: "1" }), python: "python3" }
  const rows = await measure(comparison, {
    pairs: 1,
    peers,
    dataFolder: undefined,
    run: () => Promise.reject(new Error("ran")),
  })
  expect(rows.map(({ note }) => note)).toEqual(comparison.figures.map(() => comparison.lacks))
})

test("pairs take turns in who begins, and a peer that is missing is left out", async () => {
  const order: string[] = []
  const comparison = {
    group: "train",
    figures: [{ name: "speed", key: "rate", unit: "MB/s", measure: "speedup" }],
    ours: (pair: number) => command("glossa", "ours", pair),
    peer: { name: "pytorch", command: (pair: number) => command("python", "theirs", pair) },
  } as const
  const run = async ({ words }: Command) => {
    order.push(words.join(" "))
    return { rate: words[0] === "ours" ? 6 : 2, process_seconds: 1, first_line_seconds: 1 }
  }
  const measuring = { pairs: 2, dataFolder: undefined, run }
  const [row] = await measure(comparison, { ...measuring, peers: { of: () => ({ version: "1" }), python: "p" } })
  expect(order).toEqual(["ours 0", "theirs 0", "theirs 1", "ours 1"])
  expect(row).toMatchObject({ ours: [6, 6], theirs: [2, 2], summary: { value: 3 }, peer: "PyTorch 1" })
  const [alone] = await measure(comparison, {
    ...measuring,
    peers: { of: () => ({ missing: "no" }), python: undefined },
  })
  expect(alone).toMatchObject({ ours: [6, 6], theirs: [], note: "no" })
  expect(alone.summary).toBeUndefined()
  const unprinted = { ...measuring, run: async () => ({ process_seconds: 1, first_line_seconds: 1 }) }
  await expect(
    measure(comparison, { ...unprinted, peers: { of: () => ({ missing: "no" }), python: undefined } }),
  ).rejects.toThrow("speed: a program printed no rate")
})

test("a program's last line of JSON counts; one that fails says why", async () => {
  expect(lastJson('{"step": 1}\nnote\n{"step": 2}\n')).toEqual({ step: 2 })
  expect(() => lastJson("nothing")).toThrow(ProgramFailure)
  await expect(runProgram(inline("console.log(1)"))).rejects.toThrow("no line of JSON")
  const broken = runProgram(inline("console.error('Error: no such model\\n    at f'); process.exit(3)"))
  await expect(broken).rejects.toThrow("Error: no such model; ended with exit code 3")
})

test("flags are spelled as command lines have them", () => {
  expect(flags({ promptTokens: 512, json: true, quiet: false })).toEqual(["--prompt-tokens", "512", "--json"])
})

test("folders of this machine are not shown", () => {
  expect(withoutFolders("glossa bench learn --text /somewhere/data/a.txt", "/somewhere/data")).toBe(
    "glossa bench learn --text $GLOSSA_DATA/a.txt",
  )
})

test("the share of the matmul rate counts products only, by the best rate known", () => {
  // 12·2² weights of one layer and 3·2 of the table, and 2 products over 2 positions on average; 6 operations each.
  expect(trainingOperations({ layers: 1, width: 2, context: 3, vocabulary: 3 })).toBe(6 * (48 + 6 + 8))
  expect(bestMatmulRate({ amx: false, matmul_bf16_gflops: 300 }, 200).source).toContain("doctor")
  expect(bestMatmulRate({ amx: false, matmul_bf16_gflops: 300 }, 400).source).toContain("PyTorch")
  expect(bestMatmulRate({ amx: true, matmul_bf16_gflops: 300 }, undefined).flops).toBe(1.6e12)
  const training = { ...({ group: "train", name: "", unit: "tokens/s", measure: "speedup" } as const), theirs: [] }
  const sizes = { layers: 1, width: 2, context: 3, vocabulary: 3 }
  const row = matmulShareRow({ ...training, ours: [1, 2, 3] }, "small", sizes, { flops: 744, source: "someone" })
  expect(row.summary).toEqual({ value: 1, lowest: 0.5, highest: 1.5 })
})
