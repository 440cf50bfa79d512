import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { brotliCompressSync, constants } from "node:zlib"
import { afterAll, beforeAll, expect, test } from "vitest"
import { brotliBitsPerByte, countBytes, joinDocuments, measureBaselines, sampleDocuments } from "./index.ts"
import { proseDocuments } from "./prose.cases.ts"

const { training, heldOut } = proseDocuments(20)

test("brotli alone is what zlib says at quality 11", async () => {
  const text = joinDocuments(heldOut)
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: text.length }
  const compressed = brotliCompressSync(text, { params: { ...params, [constants.BROTLI_PARAM_LGWIN]: 24 } })
  const measured = await brotliBitsPerByte([], heldOut)
  expect(measured.aloneBitsPerByte).toBeCloseTo((8 * compressed.length) / text.length, 12)
  expect(measured.bitsPerByte).toBe(measured.aloneBitsPerByte)
  expect(measured.contextBytes).toBe(0)
})

test("brotli that has read the training text needs fewer bits, and next to none for a text it has read", async () => {
  const measured = await brotliBitsPerByte(training, heldOut)
  expect(measured.contextBytes).toBe(countBytes(training))
  expect(measured.bitsPerByte).toBe(measured.conditionalBitsPerByte)
  expect(measured.conditionalBitsPerByte).toBeLessThan(measured.aloneBitsPerByte)
  const copied = await brotliBitsPerByte(training, training[3])
  expect(copied.bitsPerByte).toBeLessThan(0.02)
})

test("brotli without held-out text is refused", async () => {
  await expect(brotliBitsPerByte(training, [])).rejects.toThrow(/CORPUS_EMPTY/)
})

test("a share of the documents is spread over all of them and never over the limit", () => {
  const documents = Array.from({ length: 100 }, (_, index) => new Uint8Array(1000).fill(index))
  const sample = sampleDocuments(documents, 25_000)
  expect(countBytes(sample)).toBeLessThanOrEqual(25_000)
  expect(countBytes(sample)).toBeGreaterThanOrEqual(24_000)
  const indexes = sample.map((piece) => piece[0])
  expect(indexes[0]).toBeLessThan(4)
  expect(indexes.at(-1)).toBeGreaterThan(95)
  expect(sampleDocuments(documents, 100_000)).toEqual(documents)
  for (const limit of [10, 999, 100_000]) {
    const bytes = countBytes(sampleDocuments([new Uint8Array(1_000_000)], limit))
    expect(bytes).toBeLessThanOrEqual(limit)
    expect(bytes).toBeGreaterThan(0.8 * limit)
  }
})

let folder = ""

// The worker needs JavaScript, so these files are compiled as the package is.
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "glossa-baselines-"))
  writeFileSync(join(folder, "package.json"), '{"type":"module"}')
  const repository = fileURLToPath(new URL("../../../", import.meta.url))
  const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc")
  const source = join(repository, "src")
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: join(repository, "tsconfig.build.json"),
      compilerOptions: {
        rootDir: source,
        outDir: folder,
        sourceMap: false,
        declaration: false,
        typeRoots: [join(repository, "node_modules/@types")],
      },
      include: [join(source, "evaluation/metrics/*.ts")],
      exclude: [join(source, "**/*.test.ts"), join(source, "**/*.cases.ts")],
    }),
  )
  execFileSync(process.execPath, [compiler, "-p", folder], { stdio: "inherit" })
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test("the worker thread gives the same figures as this thread, which stays free", async () => {
  const compiled: typeof import("./index.ts") = await import(
    pathToFileURL(join(folder, "evaluation/metrics/index.js")).href
  )
  const options = { order: 4, brotliContextBytes: 100_000 }
  let turns = 0
  const clock = setInterval(() => turns++, 5)
  const figures = await compiled.measureBaselines(training, heldOut, options)
  clearInterval(clock)
  const { brotliSeconds, ngramSeconds, ...rest } = await measureBaselines(training, heldOut, options)
  expect(figures).toMatchObject(rest)
  expect(turns).toBeGreaterThan(5)
  expect(brotliSeconds + ngramSeconds).toBeGreaterThan(0)
  expect(rest.heldOutBytes).toBe(countBytes(heldOut))
})

test("the worker's errors arrive with their code, and an abort ends it", async () => {
  const compiled: typeof import("./index.ts") = await import(
    pathToFileURL(join(folder, "evaluation/metrics/index.js")).href
  )
  await expect(compiled.measureBaselines([], heldOut)).rejects.toThrow(/CORPUS_EMPTY/)
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 20)
  await expect(compiled.measureBaselines(training, heldOut, { signal: controller.signal })).rejects.toThrow(/CANCELLED/)
})
