/** How the command starts: it reads no more than it needs, and says what to run where it was not built. */
import { execFile } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { glossa } from "./glossa.ts"

const BIN = fileURLToPath(new URL("../../bin", import.meta.url))

/** The files of `dist/` that a command reads, as Node tells them. */
async function filesRead(...words: string[]): Promise<Set<string>> {
  const { stderr, exitCode } = await glossa(words, { environment: { NODE_DEBUG: "esm" } })
  expect(exitCode).toBe(0)
  return new Set(Array.from(stderr.matchAll(/\/dist\/([\w/-]+\.js)/g), ([, file]) => file))
}

describe("a command reads what it needs", () => {
  it.each([["--help"], ["--version"], ["bench", "--help"]])("%s %s: nothing but the command line", async (...words) => {
    const read = await filesRead(...words)
    expect(read).toContain("cli/commands/index.js")
    expect([...read].filter((file) => !/^(errors|cli\/[\w-]+|cli\/commands\/index)\.js$/.test(file))).toEqual([])
  })

  it("bench train: no tokenizer", async () => {
    const read = await filesRead("bench", "train", "--help")
    expect(read).toContain("engine/index.js")
    expect([...read].filter((file) => /^(text|generation|evaluation|recipes)\//.test(file))).toEqual([])
  })
})

describe("a project that is not built", () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "glossa-not-built-"))
    cpSync(BIN, join(folder, "bin"), { recursive: true })
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  async function startFault(): Promise<{ code: number; stdout: string; stderr: string }> {
    return promisify(execFile)(process.execPath, [join(folder, "bin/glossa.js"), "--help"]).then(
      () => expect.unreachable("it started"),
      (error) => error,
    )
  }

  it("is told to be built", async () => {
    const { code, stderr, stdout } = await startFault()
    expect(stderr).toMatch(/^glossa: wanted .*dist\/cli\/main\.js; run `npm run build` in the project's folder\.\n$/)
    expect([code, stdout]).toEqual([1, ""])
  })

  it("is told to be installed where a package is missing", async () => {
    mkdirSync(join(folder, "dist/cli"), { recursive: true })
    writeFileSync(join(folder, "dist/cli/main.js"), 'import "no-such-package"\n')
    const { code, stderr } = await startFault()
    expect(stderr).toMatch(/^glossa: wanted .*no-such-package.*; run `npm ci` in the project's folder\.\n$/)
    expect(code).toBe(1)
  })
})
