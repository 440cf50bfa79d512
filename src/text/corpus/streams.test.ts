/** Streams hold what files hold, in stretches of bounded size. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import fc from "fast-check"
import { afterAll, beforeAll, expect, test } from "vitest"
import { streamCorpus } from "./streams.ts"

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glossa-streams-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function stretchesOf(name: string, content: string | Uint8Array, stretchBytes = 16) {
  await writeFile(join(folder, name), content)
  const stream = await streamCorpus([name], { folder, stretchBytes })
  const stretches: { text: string; bytes: number }[] = []
  for await (const stretch of stream.stretches()) stretches.push(stretch)
  expect(stretches.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(stream.bytes)
  return stretches.map(({ text }) => text)
}

test("stretches joined are the file, whatever its characters and lines", async () => {
  const text = fc.string({ unit: fc.constantFrom("a", " ", "\n", "\r\n", "é", "😀", "▁"), maxLength: 120 })
  await fc.assert(
    fc.asyncProperty(text, async (plain) => {
      const stretches = await stretchesOf("plain.txt", plain)
      expect(stretches.join("")).toBe(plain.replaceAll("\r\n", "\n"))
      for (const stretch of stretches) expect(Buffer.byteLength(stretch)).toBeLessThanOrEqual(16)
    }),
    { numRuns: 60, examples: [["▁😀▁😀\r\n"]] },
  )
})

test("a stretch ends after a line where it can", async () => {
  expect(await stretchesOf("lines.txt", "one two\n\nthree\nfour five six\n")).toEqual([
    "one two\n\nthree\n",
    "four five six\n",
  ])
})

test("each line of a JSONL file is a stretch, however long", async () => {
  const texts = ["short", "long ".repeat(40), "a\nb"]
  const lines = texts.map((text) => `${JSON.stringify({ text })}\n`)
  expect(await stretchesOf("lines.jsonl", lines.join(""))).toEqual(texts)
})

test("faults are told with their place", async () => {
  const bytes = Buffer.concat([Buffer.from("line\n".repeat(10)), Buffer.of(0xff)])
  await expect(stretchesOf("damaged.txt", bytes)).rejects.toThrow(/damaged.txt.*0xff at offset 50/)
  await expect(stretchesOf("lines.jsonl", '{"text":"a"}\n{"text":1}\n')).rejects.toThrow(
    /lines.jsonl:2.*CORPUS_INVALID/,
  )
  await expect(streamCorpus(["missing.txt"], { folder })).rejects.toThrow(/missing.txt.*FILE_UNREADABLE/)
})
