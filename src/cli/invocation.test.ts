import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { shellWord, startingWords } from "./invocation.ts"

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "glossa-invocation-"))
  for (const name of ["checkout/bin", "checkout/docs", "home/node_modules/glossa/bin", "home/texts", "elsewhere"])
    mkdirSync(join(root, name), { recursive: true })
  for (const name of ["checkout", "home"]) writeFileSync(join(root, name, "package.json"), "{}")
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

it.each([
  ["the project's own folder", "checkout", "checkout", "bin/glossa.js", "npx glossa"],
  ["a folder in it", "checkout/docs", "checkout", "bin/glossa.js", "npx glossa"],
  ["a project that has it installed", "home", "home/node_modules/glossa", "bin/glossa.js", "npx glossa"],
  ["a folder of such a project", "home/texts", "home/node_modules/glossa", "bin/glossa.js", "npx glossa"],
  ["elsewhere, by its file", "elsewhere", "checkout", "bin/glossa.js", "node ../checkout/bin/glossa.js"],
  ["elsewhere, by its name", "elsewhere", "home/node_modules/glossa", "bin/glossa", "glossa"],
])("from %s", (_, folder, packageFolder, script, words) => {
  const place = { folder: join(root, folder), packageFolder: join(root, packageFolder) }
  expect(startingWords({ ...place, script: join(place.packageFolder, script) })).toBe(words)
})

it("writes words as a shell reads them back", () => {
  expect(shellWord("runs/a-1.txt")).toBe("runs/a-1.txt")
  expect(shellWord("it's *")).toBe("'it'\\''s *'")
})
