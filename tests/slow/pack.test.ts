/**
 * The package as its users get it: packed, installed into an empty folder, its native part built there, its command run,
 * and every entry of its exports map imported and type-checked.
 */
import { execFile } from "node:child_process"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Finished } from "../end-to-end/glossa.ts"

const ROOT = fileURLToPath(new URL("../../", import.meta.url))
const COMPILER = join(createRequire(import.meta.url).resolve("typescript/package.json"), "../lib/tsc.js")
const MINUTES = 0.3

const description = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"))
/** What a program writes to import an entry that has code. */
const entries = Object.keys(description.exports)
  .filter((entry) => entry !== "./package.json")
  .map((entry) => entry.replace(".", description.name))

let folder: string
/** Where the package is installed. */
let home: string
let packed: readonly string[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "glossa-pack-"))
  const packing = await run("npm", ["pack", "--json", "--pack-destination", folder], ROOT)
  expect(packing.exitCode, packing.stderr).toBe(0)
  // What `prepare` prints comes before the JSON.
  const [{ filename, files, size }] = JSON.parse(packing.stdout.slice(packing.stdout.indexOf("[\n")))
  packed = files.map(({ path }: { path: string }) => path)
  console.log(`packed: ${packed.length} files, ${size} bytes`)
  home = join(folder, "home")
  mkdirSync(home)
  writeFileSync(join(home, "package.json"), JSON.stringify({ name: "home", private: true, type: "module" }))
  const installing = await run("npm", ["install", "--prefer-offline", "--foreground-scripts", join(folder, filename)])
  expect(installing.exitCode, installing.stderr).toBe(0)
  console.log(installing.stdout.trim())
  expect(installing.stdout).toMatch(/^native: (built in|not built)/m)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs a program in the folder where the package is installed. */
function run(program: string, words: string[], at = home): Promise<Finished> {
  // What npm tells its own scripts would reach the npm that is run here.
  const environment = Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|config_local_prefix)/.test(name),
  )
  const options = { cwd: at, env: Object.fromEntries(environment), maxBuffer: 1 << 26 }
  return new Promise((resolve) => {
    const child = execFile(program, words, options, (_, stdout, stderr) =>
      resolve({ exitCode: child.exitCode, stdout, stderr }),
    )
  })
}

describe("the packed package", () => {
  it("holds what runs and nothing stale", () => {
    for (const wanted of ["bin/glossa.js", "scripts/build-native.mjs", "native/binding.cc", "recipes/speedrun.yaml"])
      expect(packed).toContain(wanted)
    // The cases of operations are in it: `bench kernels` times them.
    const unwanted = packed
      .filter((path) => !/^dist\/engine\/ops\/[\w-]+\.cases\./.test(path))
      .filter((path) => /\.(test|cases)\.|^(src|tests|build|runs|node_modules)\//.test(path))
    expect(unwanted).toEqual([])
    const withoutSource = packed
      .flatMap((path) => /^dist\/(.*)\.js$/.exec(path)?.[1] ?? [])
      .filter((path) => !existsSync(join(ROOT, "src", `${path}.ts`)))
    expect(withoutSource, "remove dist and build anew").toEqual([])
  })

  it("has its native part built where there is a compiler", async () => {
    const { stdout, exitCode } = await run("npx", ["--no", "glossa", "doctor", "--json"])
    expect(exitCode).toBe(0)
    const hasCompiler = (await run("c++", ["--version"])).exitCode === 0
    expect(JSON.parse(stdout).executor).toBe(hasCompiler ? "native" : "reference")
  })

  it(`runs npx glossa speedrun --minutes ${MINUTES}, whose model then writes`, async () => {
    const text = ["--text", "node_modules/glossa/dist/**/*.js"]
    const spoken = await run("npx", ["--no", "glossa", "speedrun", "--minutes", String(MINUTES), ...text])
    expect(spoken.exitCode, spoken.stderr).toBe(0)
    console.log(spoken.stdout.trim())
    for (const name of ["model.safetensors", "tokenizer.json", "config.json", "report.html"])
      expect(existsSync(join(home, "runs/speedrun", name)), name).toBe(true)
    const words = ["--model", "runs/speedrun", "--prompt", "import", "--max-tokens", "8"]
    const written = await run("npx", ["--no", "glossa", "generate", ...words])
    expect(written.exitCode, written.stderr).toBe(0)
  })

  it.each(entries)("%s can be imported by a program", async (entry) => {
    const program = `const room = await import("${entry}"); console.log(Object.keys(room).length)`
    const { exitCode, stdout, stderr } = await run(process.execPath, ["--input-type=module", "--eval", program])
    expect(stderr).toBe("")
    expect(exitCode).toBe(0)
    expect(Number(stdout)).toBeGreaterThan(0)
  })

  it("runs the first programs of the README", async () => {
    const blocks = readFileSync(join(ROOT, "README.md"), "utf8").matchAll(/^```ts\n(.*?)^```/gms)
    const programs = [...blocks].map(([, program]) => program)
    expect(programs.length).toBeGreaterThanOrEqual(2)
    for (const program of programs) {
      const { exitCode, stdout, stderr } = await run(process.execPath, ["--input-type=module", "--eval", program])
      expect(exitCode, `${program}\n${stderr}`).toBe(0)
      expect(stdout).not.toBe("")
    }
  })

  it.each([
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ])("types are checked from there: module %s, resolution %s", async (module, moduleResolution) => {
    const at = join(home, `types-${module}`)
    mkdirSync(at)
    // Types of Node come with any program for Node; those of this repository serve here.
    for (const name of ["@types/node", "undici-types"])
      cpSync(join(ROOT, "node_modules", name), join(home, "node_modules", name), { recursive: true, dereference: true })
    const imports = entries.map((entry, index) => `import * as room${index} from "${entry}"`)
    const kept = entries.map((_, index) => `room${index}`)
    writeFileSync(join(at, "entries.ts"), `${imports.join("\n")}\nexport const rooms = [${kept.join(", ")}]\n`)
    writeFileSync(join(at, "program.ts"), TYPED_PROGRAM)
    const compilerOptions = {
      ...{ module, moduleResolution, target: "es2023", lib: ["es2023", "esnext.disposable"], types: ["node"] },
      ...{ strict: true, noEmit: true, skipLibCheck: false },
    }
    writeFileSync(join(at, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }))
    const { exitCode, stdout } = await run(process.execPath, [COMPILER, "-p", at])
    expect(stdout).toBe("")
    expect(exitCode).toBe(0)
  })
})

/** Right and wrong uses: a wrong one that goes unnoticed means that types were lost on the way. */
const TYPED_PROGRAM = `
import { AutoModelForCausalLM, GlossaError } from "glossa"
import { compile, f32, multiply, type Program } from "glossa/engine"
import { pretrain } from "glossa/training"

export async function write(): Promise<string> {
  const model = await AutoModelForCausalLM.fromPretrained("runs/speedrun")
  const { text } = await model.generate("The", { maxNewTokens: 4, temperature: 0.8 })
  // @ts-expect-error a setting of the wrong kind
  await model.generate("The", { maxNewTokens: "four" })
  model.dispose()
  return text
}

export const program = compile({ x: f32(3) }, ({ x }) => ({ outputs: { square: multiply(x, x) } }))
export const sameProgram: Program = program
// @ts-expect-error a shape of the wrong kind
f32("three")
// @ts-expect-error settings are needed
pretrain()
// @ts-expect-error no such code
export const isLost = (error: GlossaError): boolean => error.code === "NO_SUCH_CODE"
`
