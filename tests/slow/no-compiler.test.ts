/** A machine without a C++ compiler: installing still succeeds, and doctor says which executor serves and why. */
import { spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { freshBuild } from "../end-to-end/fresh-build.ts"

const ROOT = fileURLToPath(new URL("../../", import.meta.url))

let folder: string

/** The package as it is before its native part is built. */
beforeAll(async () => {
  await freshBuild()
  folder = mkdtempSync(join(tmpdir(), "glossa-no-compiler-"))
  for (const name of ["bin", "dist", "native", "recipes", "scripts/build-native.mjs", "package.json"])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"))
  mkdirSync(join(folder, "programs"))
  symlinkSync(process.execPath, join(folder, "programs", "node"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs Node in the package's folder where no program but Node is found. */
function runNode(words: string[], environment: Record<string, string> = {}) {
  const { GLOSSA_EXECUTOR: _, GLOSSA_ISA: __, CXX: ___, ...rest } = process.env
  const env = { ...rest, PATH: join(folder, "programs"), ...environment }
  return spawnSync(process.execPath, words, { cwd: folder, env, encoding: "utf8" })
}

describe("without a compiler", () => {
  it("the build says so in one line and succeeds", () => {
    const { status, stdout, stderr } = runNode(["scripts/build-native.mjs"])
    expect(stdout).toBe(
      "native: not built (no C++ compiler found (c++, g++, clang++)); the slower reference executor will be used\n",
    )
    expect(stderr).toBe("")
    expect(status).toBe(0)
    expect(existsSync(join(folder, "build"))).toBe(false)
  })

  it("the build takes no other compiler than the one that $CXX names", () => {
    const { PATH = "" } = process.env
    const { status, stdout } = runNode(["scripts/build-native.mjs"], { PATH, CXX: "/nonexistent" })
    expect(stdout).toMatch(/^native: not built \(no C\+\+ compiler found \(\$CXX = \/nonexistent\)\); the slower/)
    expect(status).toBe(0)
    expect(existsSync(join(folder, "build"))).toBe(false)
  })

  it("doctor says that the reference executor serves, and why", () => {
    const spoken = runNode(["bin/glossa.js", "doctor"])
    expect(spoken.stderr).toBe("")
    expect(spoken.status).toBe(0)
    expect(spoken.stdout).toMatch(/^executor\s+reference \(the native addon cannot be loaded: .*glossa\.node/m)
    const found = JSON.parse(runNode(["bin/glossa.js", "doctor", "--json"]).stdout)
    expect(found).toMatchObject({ executor: "reference", instruction_sets: [], precision: "f32" })
    expect(found.executor_reason).toMatch(/^the native addon cannot be loaded: .*glossa\.node/)
    console.log(spoken.stdout)
  })

  it("a command that needs the native executor says how to get it", () => {
    const { status, stderr } = runNode(["bin/glossa.js", "doctor"], { GLOSSA_EXECUTOR: "native" })
    expect(stderr).toMatch(/install a C\+\+20 compiler and run `npm rebuild glossa`.*\[EXECUTOR_UNAVAILABLE\]$/m)
    expect(stderr.trimEnd().split("\n")).toHaveLength(1)
    expect(status).toBe(1)
  })
})
