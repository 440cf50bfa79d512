// Builds the native addon and its kernels (one shared object for each instruction-set level) into build/native with the
// C++ compiler at hand: the levels that this processor can run and scalar, with `--all-levels` all of them, with
// `--level=NAME` only that one and scalar. Without a compiler, or when it fails, it says so in one line and still
// succeeds: the reference executor serves.
import { spawn, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { availableParallelism } from "node:os"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const sourceFolder = join(root, "native")
/** Where all builds go: the addon's to `native`. */
export const buildFolder = join(root, "build")

const commonFlags = [
  "-std=c++20",
  "-O3",
  "-fPIC",
  "-ffp-contract=off",
  "-fno-math-errno",
  "-fvisibility=hidden",
  "-Wall",
  "-Wextra",
]
const avx2Flags = ["-mavx2", "-mfma", "-mf16c"]
const avx512Flags = [...avx2Flags, "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512vnni"]
const levelFlags = {
  x64: {
    scalar: ["-O2"],
    avx2: avx2Flags,
    avx512: avx512Flags,
    avx512bf16: [...avx512Flags, "-mavx512bf16"],
    amx: [...avx512Flags, "-mavx512bf16", "-mamx-tile", "-mamx-bf16", "-mamx-int8"],
  },
  arm64: { scalar: ["-O2"], neon: [] },
}

export class BuildError extends Error {}

/** Commands that may be a C++ compiler: the one that $CXX names, and no other, or the usual ones. */
const usualCompilers = () => (process.env.CXX ? [process.env.CXX] : ["c++", "g++", "clang++"])

/** The first of some commands that is a C++ compiler, and what it builds for. */
export function findCompiler(candidates = usualCompilers()) {
  for (const candidate of candidates) {
    const [program, ...leading] = candidate.split(/\s+/)
    const version = spawnSync(program, [...leading, "--version"], { encoding: "utf8" })
    if (version.status !== 0) continue
    const machine = spawnSync(program, [...leading, "-dumpmachine"], { encoding: "utf8" }).stdout?.trim() ?? ""
    const system = /apple|darwin/.test(machine) ? "apple" : /mingw|windows-gnu/.test(machine) ? "windows" : "linux"
    if (system === "linux" && !/linux/.test(machine)) throw new BuildError(`no native build for ${machine} yet`)
    return { program, leading, version: version.stdout, machine, system, architecture: architectureOf(machine) }
  }
  const tried = candidates.map((candidate) => (candidate === process.env.CXX ? `$CXX = ${candidate}` : candidate))
  throw new BuildError(`no C++ compiler found (${tried.join(", ")})`)
}

function architectureOf(machine) {
  if (/^(x86_64|amd64)/.test(machine)) return "x64"
  if (/^(aarch64|arm64)/.test(machine)) return "arm64"
  throw new BuildError(`no kernels are written for ${machine || "this compiler's target"}`)
}

function hashOf(...parts) {
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 24)
}

/** Sources in a folder of native/ and below, such as `kernels/sum.cc`. */
export function listSources(folder, suffix = ".cc") {
  return readdirSync(join(sourceFolder, folder), { recursive: true })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith(suffix))
    .sort()
}

/** Headers that every kernel of a level includes, so that they are compiled once a level. */
const preludeHeaders = ["simd/math.h", "kernels/kernels.h"]

/** The text of a source, and of every header of native/ that it and `others` include, however far away. */
function readWithHeaders(source, others = []) {
  const texts = new Map()
  const pending = [source, ...others]
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (texts.has(name)) continue
    const text = readFileSync(join(sourceFolder, name), "utf8")
    texts.set(name, text)
    for (const [, included] of text.matchAll(/^\s*#include\s+"([^"]+)"/gm)) pending.push(join(dirname(name), included))
  }
  return [...texts].sort(([left], [right]) => (left < right ? -1 : 1)).flat()
}

function start(program, parameters) {
  return new Promise((resolve) => {
    const child = spawn(program, parameters, { stdio: ["ignore", "pipe", "pipe"] })
    let text = ""
    child.stdout.on("data", (data) => (text += data))
    child.stderr.on("data", (data) => (text += data))
    child.on("error", (error) => resolve({ status: 1, text: String(error) }))
    child.on("close", (status) => resolve({ status, text }))
  })
}

/** Runs jobs, as many at a time as there are processors, in order of their start. */
export async function runAll(jobs) {
  const waiting = [...jobs]
  const worker = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await job()
  }
  await Promise.all(Array.from({ length: Math.min(8, availableParallelism()) }, worker))
}

/**
 * One folder of objects and what is linked from them. An object's name is the hash of all that goes into it, so nothing is
 * compiled twice. Everything belongs to a unit (the addon, a level, a test); a unit that fails leaves the others whole.
 */
export class Build {
  compiled = 0
  /** Unit → what the compiler said. */
  failures = new Map()

  #compiler
  #objectFolder
  #flags
  /** What every object depends on beside its source: the compiler. */
  #compilerHash
  #used = new Set()
  #preludeJobs = []
  #compileJobs = []

  /** `flags` are put behind the common ones. */
  constructor(compiler, folder, flags = []) {
    this.folder = folder
    this.levelFlags = levelFlags[compiler.architecture]
    this.programSuffix = compiler.system === "windows" ? ".exe" : ""
    this.#compiler = compiler
    this.#objectFolder = join(folder, "objects")
    // GCC does not align the stack to whole vectors on Windows; moves that need no alignment cost nothing.
    const unaligned = compiler.system === "windows" ? ["-Wa,-muse-unaligned-vector-move"] : []
    // GCC 12 warns of its own AVX-512 headers, which leave registers undefined on purpose. Clang looks for such faults too.
    const quiet = /clang/i.test(compiler.version) ? [] : ["-Wno-uninitialized", "-Wno-maybe-uninitialized"]
    this.#flags = [...commonFlags, ...quiet, ...unaligned, ...flags]
    this.#compilerHash = hashOf(compiler.version, compiler.machine)
    mkdirSync(this.#objectFolder, { recursive: true })
  }

  #run(...parameters) {
    return start(this.#compiler.program, [...this.#compiler.leading, ...parameters])
  }

  /** The object of one source with some flags; it is there after `compile`. */
  object(unit, source, flags = [], prelude = []) {
    const everything = [...this.#flags, ...flags]
    const texts = readWithHeaders(source, prelude.length > 0 ? preludeHeaders : [])
    const object = join(this.#objectFolder, `${hashOf(this.#compilerHash, source, ...texts, ...everything)}.o`)
    if (this.#used.has(object)) return object
    this.#used.add(object)
    if (existsSync(object)) return object
    this.#compileJobs.push(async () => {
      if (this.failures.has(unit)) return
      const partial = `${object}.${process.pid}`
      const { status, text } = await this.#run(
        ...everything,
        ...prelude,
        "-c",
        join(sourceFolder, source),
        "-o",
        partial,
      )
      if (status !== 0) this.failures.set(unit, text)
      else renameSync(partial, object)
      this.compiled++
    })
    return object
  }

  /** The headers every kernel of a level includes, compiled once: half of the work otherwise. */
  #prelude(unit, flags) {
    const everything = [...this.#flags, ...flags]
    const texts = preludeHeaders.flatMap((name) => readWithHeaders(name))
    const header = join(this.#objectFolder, `${hashOf(this.#compilerHash, ...texts, ...everything)}.h`)
    const compiledHeader = `${header}.gch`
    const isNew = !this.#used.has(header)
    this.#used.add(header).add(compiledHeader)
    if (isNew && !existsSync(compiledHeader)) {
      const own = preludeHeaders.map((name) => `"${join(sourceFolder, name)}"`)
      const includes = ["<algorithm>", "<stdexcept>", "<vector>", ...own].map((name) => `#include ${name}\n`)
      this.#preludeJobs.push(async () => {
        writeFileSync(header, includes.join(""))
        const partial = `${compiledHeader}.${process.pid}`
        const { status, text } = await this.#run(...everything, "-x", "c++-header", header, "-o", partial)
        if (status !== 0) this.failures.set(unit, text)
        else renameSync(partial, compiledHeader)
      })
    }
    return ["-include", header]
  }

  /** The kernels of a level; `unit` and `extra` flags make variants of it. */
  level(level, unit = level, extra = []) {
    const flags = [...this.levelFlags[level], `-DGLOSSA_LEVEL_${level.toUpperCase()}`, ...extra]
    const prelude = this.#prelude(unit, flags)
    const objects = listSources("kernels").map((source) => this.object(unit, source, flags, prelude))
    return { level, unit, flags, objects }
  }

  /** What is linked into the addon and into test programs, beside kernels. */
  runtime(unit = "glossa") {
    const sources = ["executor", "threads", "platform"].flatMap((folder) => listSources(folder))
    return sources.map((source) => this.object(unit, source, ["-O2"]))
  }

  /** Compiles everything asked for since the last time. */
  async compile() {
    const jobs = this.#compileJobs.splice(0)
    if (jobs.length > 0) await runAll(this.#preludeJobs.splice(0))
    await runAll(jobs)
  }

  /** Links a file of this folder, unless its unit has failed or it is up to date. */
  async link(unit, name, parameters) {
    if (this.failures.has(unit)) return
    const target = join(this.folder, name)
    const recipe = hashOf(...parameters)
    const recipeFile = join(this.#objectFolder, `${name}.link`)
    this.#used.add(recipeFile)
    if (existsSync(target) && existsSync(recipeFile) && readFileSync(recipeFile, "utf8") === recipe) return
    const partial = `${target}.${process.pid}`
    const { status, text } = await this.#run(...parameters, "-o", partial)
    if (status !== 0) {
      this.failures.set(unit, text)
      return
    }
    renameSync(partial, target)
    writeFileSync(recipeFile, recipe)
  }

  /** A program that can be run: a test, or the question below. */
  program(unit, name, objects) {
    const libraries = this.#compiler.system === "windows" ? ["-static"] : ["-pthread", "-ldl", "-lm"]
    return this.link(unit, `${name}${this.programSuffix}`, [...this.#flags, ...objects, ...libraries])
  }

  /** The shared object of a level's kernels. */
  kernels({ unit, objects }) {
    const { system } = this.#compiler
    const shared = { linux: ["-shared", "-pthread"], apple: ["-dynamiclib"], windows: ["-shared", "-static"] }[system]
    const strict = system === "linux" ? ["-Wl,-Bsymbolic"] : []
    // Sanitizers leave their own functions to the program that loads the kernels.
    if (system === "linux" && !this.#flags.some((flag) => flag.startsWith("-fsanitize")))
      strict.push("-Wl,--no-undefined")
    return this.link(unit, `kernels-${unit}.so`, [...shared, ...this.#flags, ...strict, ...objects, "-lm"])
  }

  /** The addon itself, of the runtime and binding.cc. On Windows `nodeLibrary` says what Node offers. */
  addon(objects, nodeLibrary = []) {
    const how = {
      linux: ["-shared", "-pthread", ...objects, "-ldl"],
      apple: ["-dynamiclib", "-undefined", "dynamic_lookup", ...objects],
      windows: ["-shared", "-static", ...objects, ...nodeLibrary],
    }
    return this.link("glossa", "glossa.node", how[this.#compiler.system])
  }

  /** Removes objects that were not asked for. */
  prune() {
    for (const name of readdirSync(this.#objectFolder)) {
      if (!this.#used.has(join(this.#objectFolder, name))) rmSync(join(this.#objectFolder, name))
    }
  }

  /** The line that says why a unit failed. */
  whyFailed(unit) {
    const lines = this.failures.get(unit).split("\n")
    return lines.find((line) => /error|undefined/.test(line)) ?? "unknown error"
  }
}

/** Levels that this machine can run, best first, as the addon itself finds out. All of them when built for another one. */
export async function usableLevels(build) {
  const objects = [...build.runtime(), build.object("glossa", "tools/usable-levels.cc", ["-O2"])]
  await build.compile()
  await build.program("glossa", "usable-levels", objects)
  const answer = spawnSync(join(build.folder, `usable-levels${build.programSuffix}`), { encoding: "utf8" })
  return answer.status === 0 ? answer.stdout.trim().split(/\s+/) : Object.keys(build.levelFlags).reverse()
}

/** Builds the addon with some levels (by default those that this machine can run); says what was built. */
export async function buildAddon({ compiler = findCompiler(), allLevels = false, onlyLevel } = {}) {
  const { include_dir: nodeHeaders } = await import("node-api-headers").then((module) => module.default ?? module)
  const build = new Build(compiler, join(buildFolder, "native"))
  const runtime = build.runtime()
  const binding = build.object("glossa", "binding.cc", ["-O2", `-I${nodeHeaders}`])
  const usable = await usableLevels(build)
  const wanted = Object.keys(build.levelFlags).filter(
    (level) => level === "scalar" || (onlyLevel ? level === onlyLevel : allLevels || usable.includes(level)),
  )
  const levels = wanted.map((level) => build.level(level))
  await build.compile()
  await runAll([() => build.addon([...runtime, binding]), ...levels.map((level) => () => build.kernels(level))])
  for (const unit of ["glossa", "scalar"]) {
    if (build.failures.has(unit))
      throw new BuildError(`${compiler.program} could not build ${unit}: ${build.whyFailed(unit)}`)
  }
  if (!onlyLevel) build.prune()
  return { build, levels, usable }
}

async function main() {
  const started = performance.now()
  const onlyLevel = /--level=(\S+)/.exec(process.argv.join(" "))?.[1]
  const { build, levels } = await buildAddon({ allLevels: process.argv.includes("--all-levels"), onlyLevel })
  if (process.env.GLOSSA_BUILD_VERBOSE) {
    for (const [unit, text] of build.failures) process.stderr.write(`native: ${unit} failed\n${text}\n`)
  }
  const failed = levels.map(({ unit }) => unit).filter((unit) => build.failures.has(unit))
  const names = levels.map(({ unit }) => unit).filter((unit) => !failed.includes(unit))
  const without = failed.length > 0 ? `; without ${failed.join(", ")}: ${build.whyFailed(failed[0])}` : ""
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const what = build.compiled === 0 ? "up to date" : `built in ${seconds} s`
  const where = relative(process.cwd(), build.folder) || "."
  console.log(`native: ${what} in ${where}, levels ${names.join(", ")}${without}`)
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    await main()
  } catch (error) {
    const reason = error instanceof BuildError ? error.message : `${error.message ?? error}`
    console.log(`native: not built (${reason}); the slower reference executor will be used`)
  }
}
