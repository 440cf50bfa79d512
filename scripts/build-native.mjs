// Builds the native addon and its kernels (one shared object for each instruction-set level) into build/native with the
// C++ compiler at hand. Without a compiler, or when it fails, it says so in one line and still succeeds: the reference
// executor serves. With `--tests` it also builds and runs native/tests, and failures count.
import { spawn, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { availableParallelism } from "node:os"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const sourceFolder = join(root, "native")
const outputFolder = join(root, "build", "native")
const objectFolder = join(outputFolder, "objects")
const wantsTests = process.argv.includes("--tests")

const commonFlags = [
  "-std=c++20",
  "-O3",
  "-fPIC",
  "-ffp-contract=off",
  "-fno-math-errno",
  "-fvisibility=hidden",
  "-Wall",
]
const avx2Flags = ["-mavx2", "-mfma", "-mf16c"]
const avx512Flags = [...avx2Flags, "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"]
const levelFlags = {
  x64: {
    scalar: ["-O2"],
    avx2: avx2Flags,
    avx512: avx512Flags,
    avx512bf16: [...avx512Flags, "-mavx512bf16"],
    amx: [...avx512Flags, "-mamx-tile", "-mamx-bf16", "-mamx-int8"],
  },
  arm64: { scalar: ["-O2"], neon: [] },
}

class BuildError extends Error {}

function findCompiler() {
  const candidates = [process.env.CXX, "c++", "g++", "clang++"].filter(Boolean)
  for (const candidate of candidates) {
    const [program, ...leading] = candidate.split(/\s+/)
    const version = spawnSync(program, [...leading, "--version"], { encoding: "utf8" })
    if (version.status !== 0) continue
    const machine = spawnSync(program, [...leading, "-dumpmachine"], { encoding: "utf8" }).stdout?.trim() ?? ""
    return { program, leading, version: version.stdout, machine }
  }
  throw new BuildError("no C++ compiler found ($CXX, c++, g++, clang++)")
}

function architectureOf(machine) {
  if (/^(x86_64|amd64)/.test(machine)) return "x64"
  if (/^(aarch64|arm64)/.test(machine)) return "arm64"
  throw new BuildError(`no kernels are written for ${machine || "this compiler's target"}`)
}

function listSources(folder, suffix) {
  return readdirSync(join(sourceFolder, folder), { recursive: true })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith(suffix))
    .sort()
}

function run(program, parameters) {
  return new Promise((resolve) => {
    const child = spawn(program, parameters, { stdio: ["ignore", "pipe", "pipe"] })
    let text = ""
    child.stdout.on("data", (data) => (text += data))
    child.stderr.on("data", (data) => (text += data))
    child.on("error", (error) => resolve({ status: 1, text: String(error) }))
    child.on("close", (status) => resolve({ status, text }))
  })
}

// Runs jobs, a few at a time, in order of their start.
async function runAll(jobs) {
  const waiting = [...jobs]
  const worker = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await job()
  }
  await Promise.all(Array.from({ length: Math.min(8, availableParallelism()) }, worker))
}

async function build() {
  const compiler = findCompiler()
  const architecture = architectureOf(compiler.machine)
  const apple = /apple|darwin/.test(compiler.machine)
  if (!apple && !/linux/.test(compiler.machine)) throw new BuildError(`no native build for ${compiler.machine} yet`)
  const { include_dir: nodeHeaders } = await import("node-api-headers").then((module) => module.default ?? module)

  const hashOf = (...parts) => createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 24)
  const headers = listSources(".", ".h").map((name) => `${name}\0${readFileSync(join(sourceFolder, name), "utf8")}`)
  const headerHash = hashOf(compiler.version, compiler.machine, ...headers)
  const used = new Set()
  const failures = new Map() // unit → what the compiler said
  const preludeJobs = []
  const compileJobs = []
  let compiled = 0

  // One source with one set of flags; the object's name is the hash of all that goes into it.
  const objectFor = (unit, source, flags, prelude = []) => {
    const everything = [...commonFlags, ...flags]
    const text = readFileSync(join(sourceFolder, source), "utf8")
    const object = join(objectFolder, `${hashOf(headerHash, source, text, ...everything)}.o`)
    if (used.has(object)) return object
    used.add(object)
    if (existsSync(object)) return object
    compileJobs.push(async () => {
      if (failures.has(unit)) return
      const partial = `${object}.${process.pid}`
      const parameters = [
        ...compiler.leading,
        ...everything,
        ...prelude,
        "-c",
        join(sourceFolder, source),
        "-o",
        partial,
      ]
      const { status, text } = await run(compiler.program, parameters)
      if (status !== 0) failures.set(unit, text)
      else renameSync(partial, object)
      compiled++
    })
    return object
  }
  // The headers every kernel of a level includes, compiled once: half of the work otherwise.
  const ownHeaders = ["simd/math.h", "kernels/kernels.h"].map((name) => `"${join(sourceFolder, name)}"`)
  const includes = ["<algorithm>", "<stdexcept>", "<vector>", ...ownHeaders, ""].map(
    (name) => name && `#include ${name}`,
  )
  const preludeFor = (unit, flags) => {
    const header = join(objectFolder, `${hashOf(headerHash, ...commonFlags, ...flags)}.h`)
    const compiledHeader = `${header}.gch`
    used.add(header).add(compiledHeader)
    if (!existsSync(compiledHeader)) {
      preludeJobs.push(async () => {
        writeFileSync(header, includes.join("\n"))
        const partial = `${compiledHeader}.${process.pid}`
        const parameters = [...commonFlags, ...flags, "-x", "c++-header", header, "-o", partial]
        const { status, text } = await run(compiler.program, [...compiler.leading, ...parameters])
        if (status !== 0) failures.set(unit, text)
        else renameSync(partial, compiledHeader)
      })
    }
    return ["-include", header]
  }
  const link = async (unit, target, parameters) => {
    const recipe = hashOf(...parameters)
    const recipeFile = join(objectFolder, `${unit.replaceAll("/", "-")}.link`)
    used.add(recipeFile)
    if (existsSync(target) && existsSync(recipeFile) && readFileSync(recipeFile, "utf8") === recipe) return
    const partial = `${target}.${process.pid}`
    const { status, text } = await run(compiler.program, [...compiler.leading, ...parameters, "-o", partial])
    if (status !== 0) {
      failures.set(unit, text)
      return
    }
    renameSync(partial, target)
    writeFileSync(recipeFile, recipe)
  }

  mkdirSync(objectFolder, { recursive: true })
  const started = performance.now()
  const runtimeSources = ["executor", "threads", "platform"].flatMap((folder) => listSources(folder, ".cc"))
  const runtime = runtimeSources.map((source) => objectFor("glossa", source, []))
  const binding = objectFor("glossa", "binding.cc", [`-I${nodeHeaders}`])
  const levels = Object.entries(levelFlags[architecture]).map(([level, machineFlags]) => {
    const flags = [...machineFlags, `-DGLOSSA_LEVEL_${level.toUpperCase()}`]
    const prelude = preludeFor(level, flags)
    const objects = listSources("kernels", ".cc").map((source) => objectFor(level, source, flags, prelude))
    return { level, flags, objects }
  })
  // Tests are built for each level and linked with its kernels; those in tests/loaded are built once and load the
  // kernels as the addon does.
  const tests = []
  const test = (source, level, flags, objects) => {
    const unit = source.replace(/\.cc$/, level === undefined ? "" : `.${level}`)
    tests.push({ source, unit, level, objects: [objectFor(unit, source, flags), ...objects] })
  }
  if (wantsTests) {
    for (const source of listSources("tests/loaded", ".cc")) test(source, undefined, [], [])
    const start = listSources("tests/start", ".cc").map((source) => objectFor("tests/start", source, []))
    const perLevel = listSources("tests", ".cc").filter((source) => dirname(source) === "tests")
    for (const { level, flags, objects } of levels) {
      for (const source of perLevel) test(source, level, flags, [...objects, ...start])
    }
  }
  if (compileJobs.length > 0) await runAll(preludeJobs)
  await runAll(compileJobs)

  const shared = apple ? ["-dynamiclib", "-undefined", "dynamic_lookup"] : ["-shared", "-pthread"]
  const linkJobs = []
  const programOf = (unit) => join(outputFolder, unit.replaceAll("/", "-"))
  const unless = (unit, job) => failures.has(unit) || linkJobs.push(job)
  unless("glossa", () => link("glossa", join(outputFolder, "glossa.node"), [...shared, ...runtime, binding, "-ldl"]))
  const strict = apple ? [] : ["-Wl,--no-undefined", "-Wl,-Bsymbolic"]
  for (const { level, objects } of levels) {
    unless(level, () =>
      link(level, join(outputFolder, `kernels-${level}.so`), [...shared, ...strict, ...objects, "-lm"]),
    )
  }
  for (const { unit, objects } of tests) {
    unless(unit, () => link(unit, programOf(unit), [...objects, ...runtime, "-pthread", "-ldl", "-lm"]))
  }
  await runAll(linkJobs)

  for (const name of readdirSync(objectFolder)) {
    const kept = used.has(join(objectFolder, name)) || (!wantsTests && name.startsWith("tests-"))
    if (!kept && (!wantsTests || failures.size === 0)) rmSync(join(objectFolder, name))
  }
  if (wantsTests || process.env.GLOSSA_BUILD_VERBOSE) {
    for (const [unit, text] of failures) process.stderr.write(`native: ${unit} failed\n${text}\n`)
  }
  const firstLine = (unit) =>
    failures
      .get(unit)
      .split("\n")
      .find((line) => /error|undefined/.test(line)) ?? "unknown error"
  for (const unit of ["glossa", "scalar"]) {
    if (failures.has(unit)) throw new BuildError(`${compiler.program} could not build ${unit}: ${firstLine(unit)}`)
  }
  const missing = levels.map(({ level }) => level).filter((level) => failures.has(level))
  const names = levels.map(({ level }) => level).filter((level) => !failures.has(level))
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const without = missing.length > 0 ? `; without ${missing.join(", ")}: ${firstLine(missing[0])}` : ""
  const what = compiled === 0 ? "up to date" : `built in ${seconds} s`
  console.log(
    `native: ${what} in ${relative(process.cwd(), outputFolder) || "."}, levels ${names.join(", ")}${without}`,
  )

  if (!wantsTests) return
  // Lines with the word checksum must be the same on each level.
  const usable = createRequire(import.meta.url)(join(outputFolder, "glossa.node")).info().levels
  const checksums = new Map()
  let passed = 0
  let skipped = 0
  for (const { source, unit, level } of tests) {
    if (failures.has(unit)) continue
    if (level !== undefined && !usable.includes(level)) {
      skipped++
      continue
    }
    const result = spawnSync(programOf(unit), [outputFolder], { encoding: "utf8" })
    const sums = (result.stdout ?? "").split("\n").filter((line) => line.includes("checksum"))
    const expected = level === undefined ? sums : (checksums.get(source) ?? sums)
    checksums.set(source, expected)
    const differs = sums.join("\n") !== expected.join("\n")
    if (result.status === 0 && !differs) {
      passed++
      console.log(`native: ${unit} passed`)
      continue
    }
    process.stdout.write(`${result.stdout}${result.stderr}`)
    const reason = differs ? "other bits than on another level" : (result.signal ?? `exit code ${result.status}`)
    console.log(`native: ${unit} failed (${reason})`)
  }
  const failed = tests.length - passed - skipped
  console.log(
    `native: ${passed} test programs passed, ${failed} failed, ${skipped} skipped (levels this machine lacks)`,
  )
  process.exitCode = failed > 0 || missing.length > 0 ? 1 : 0
}

try {
  await build()
} catch (error) {
  const reason = error instanceof BuildError ? error.message : `${error.message ?? error}`
  console.log(`native: not built (${reason}); the slower reference executor will be used`)
  if (wantsTests) process.exitCode = 1
}
