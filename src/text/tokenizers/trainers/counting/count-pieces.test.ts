/** Counting: exact on any number of threads, on disk as in memory, and honest about what a bound leaves out. */
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Worker } from "node:worker_threads"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type CountTask, countPieces } from "./count-pieces.ts"
import { pieceBytes } from "./piece-counter.ts"
import { condenseRuns, mergeRuns, readRun, writeRun } from "./piece-runs.ts"
import { sampler } from "./sampler.ts"

const WORDS = {
  normalizer: null,
  preTokenizer: { type: "Split", pattern: { Regex: "\\s+" }, behavior: "Removed", invert: false },
}
const DOCUMENTS = Array.from(
  { length: 300 },
  (_, index) => `word${index % 70} word${(index * 7) % 90} the é 😀${index}`,
)

/** Counts with no thought for memory: the referee. */
function countPlainly(documents: readonly string[]): [string, number][] {
  const counts = new Map<string, number>()
  for (const document of documents) {
    for (const word of document.split(" ")) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return [...counts].sort(([left], [right]) => (left < right ? -1 : 1))
}

const asPairs = ({ texts, counts }: { texts: readonly string[]; counts: ArrayLike<number> }) =>
  texts.map((text, index): [string, number] => [text, counts[index]])

/** A worker from sources: a thread does not inherit the loader of TypeScript that the process was started with. */
function startWorker(workerData: CountTask): Worker {
  const worker = JSON.stringify(new URL("./count-worker.ts", import.meta.url).href)
  const source = `import("tsx/esm/api").then(({ register }) => { register(); return import(${worker}) })`
  return new Worker(source, { eval: true, workerData })
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glossa-count-test-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe("countPieces", () => {
  test("gives the same on one thread and on several", async () => {
    const plain = countPlainly(DOCUMENTS)
    const options = { startWorker, unitsBeforeThreads: 0 }
    // On three, so little memory that every thread writes runs, and yet all pieces fit once they are joined.
    const memoryLimit = plain.reduce((sum, [text]) => sum + pieceBytes(text), 0)
    const all = await Promise.all([
      countPieces(DOCUMENTS, WORDS, { ...options, threads: 1 }),
      countPieces(DOCUMENTS, WORDS, { ...options, threads: 1, memoryLimit }),
      countPieces(DOCUMENTS, WORDS, { ...options, threads: 2 }),
      countPieces(DOCUMENTS, WORDS, { ...options, threads: 3, memoryLimit }),
    ])
    for (const counted of all) {
      expect(asPairs(counted)).toEqual(plain)
      expect(counted.summary).toEqual(all[0].summary)
    }
  })

  test("tells a worker's failure", async () => {
    const failing = () => new Worker("throw new Error('no such luck')", { eval: true })
    const options = { startWorker: failing, unitsBeforeThreads: 0, threads: 2 }
    await expect(countPieces(DOCUMENTS, WORDS, options)).rejects.toThrow("no such luck")
  })

  test("when not all pieces fit, leaves out the rarest, and says what", async () => {
    const plain = countPlainly(DOCUMENTS)
    const frequent = plain.filter(([, count]) => count >= 4)
    const memoryLimit = frequent.reduce((sum, [text]) => sum + pieceBytes(text), 0)
    const counted = await countPieces(DOCUMENTS, WORDS, { memoryLimit, temporaryFolder: folder })
    expect(asPairs(counted)).toEqual(frequent)
    const rare = plain.filter(([, count]) => count < 4)
    expect(counted.summary).toEqual({
      documents: 300,
      pieces: frequent.length,
      occurrences: frequent.reduce((sum, [, count]) => sum + count, 0),
      leftOutPieces: rare.length,
      leftOutOccurrences: rare.reduce((sum, [, count]) => sum + count, 0),
      leastCount: 4,
    })
    expect(await readdir(folder)).toEqual([])
  })

  test("a folder that cannot be written to is one clear error", async () => {
    const temporaryFolder = join(folder, "missing")
    await expect(countPieces(DOCUMENTS, WORDS, { temporaryFolder })).rejects.toThrow(/missing.*FILE_UNWRITABLE/)
  })
})

describe("runs", () => {
  test("come back as they were, merged and in order, in however many rounds", async () => {
    const path = (name: string) => join(folder, name)
    const long = "x".repeat(140_000)
    const shards = Array.from({ length: 70 }, (_, index): [string, number][] => [
      [`a${String(index).padStart(2, "0")}`, 2 ** 40],
      ["same", index],
      [long, 1],
      ["\udc80\u2581", 0.5],
    ])
    const sorted = shards.map((pieces) => pieces.toSorted(([left], [right]) => (left < right ? -1 : 1)))
    const paths = sorted.map((pieces, index) => {
      writeRun(path(`run${index}`), pieces)
      return path(`run${index}`)
    })
    expect([...readRun(paths[3])]).toEqual(sorted[3])
    const condensed = condenseRuns(paths, path("merged"))
    expect(condensed.length).toBeLessThan(32)
    const merged = new Map(mergeRuns(condensed))
    expect([...merged.keys()]).toEqual([...merged.keys()].toSorted((left, right) => (left < right ? -1 : 1)))
    expect(merged.get("same")).toBe((69 * 70) / 2)
    expect(merged.get(long)).toBe(70)
    expect(merged.get("\udc80\u2581")).toBe(35)
    expect(merged.size).toBe(73)
  })
})

test("a sample holds its share, the same for the same seed", () => {
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom(0.1, 0.5, 0.9), (seed, fraction) => {
      const isDrawn = sampler(fraction, seed)
      const drawn = Array.from({ length: 4000 }, (_, index) => isDrawn(index))
      expect(drawn.filter(Boolean).length / 4000).toBeCloseTo(fraction, 1)
      expect(drawn).toEqual(drawn.map((_, index) => sampler(fraction, seed)(index)))
    }),
    { numRuns: 20 },
  )
})
