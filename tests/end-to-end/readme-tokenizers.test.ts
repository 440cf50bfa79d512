/** The commands of the README's part on tokenizers run, and show what it says they show. */
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, it } from "vitest"
import { glossa } from "./glossa.ts"

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glossa-readme-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it("trains, explains and reports", async () => {
  const readme = await readFile(fileURLToPath(new URL("../../README.md", import.meta.url)), "utf8")
  const [, part] = /^## Tokenizers$(.*?)^## /ms.exec(readme) ?? []
  const [, commands] = /^```sh\n(.*?)^```/ms.exec(part) ?? []
  const [, shown] = /^```text\n(.*?)^```/ms.exec(part) ?? []
  const lines = commands.trim().split("\n")
  expect(lines).toHaveLength(3)
  const outputs: string[] = []
  for (const line of lines) {
    const words = line.replaceAll("runs/", `${folder}/`).match(/"[^"]*"|\S+/g) ?? []
    const { exitCode, stdout, stderr } = await glossa(words.slice(4).map((word) => word.replaceAll('"', "")))
    expect(exitCode, stderr).toBe(0)
    outputs.push(stdout)
  }
  expect(outputs[1]).toContain(shown)
  expect(outputs[2]).toMatch(/^tokenizer\s+4,096/m)
  expect(await readFile(join(folder, "tokenizer/report.html"), "utf8")).toContain("Bytes per token: code")
}, 300_000)
