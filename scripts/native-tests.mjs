// The C++ tests of native/tests: built for some levels, run, and compared. Programs right below the folder are built for
// each level; their checksums must agree. Programs in tests/loaded are built once and load the kernels as the addon does.
import { spawn } from "node:child_process"
import { mkdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { Build, buildFolder, listSources, runAll, usableLevels } from "./build-native.mjs"

/**
 * Level amx on a processor with AVX-512 but no tiles: its tile instructions fault, and the tests do what they say
 * (native/tests/start/trapped-tiles.cc). Its numbers must be those of avx512.
 */
export function trappedTiles(build, usable) {
  if (usable.includes("amx") || !usable.includes("avx512")) return []
  return [build.level("amx", "amx-trapped", usable.includes("avx512bf16") ? [] : ["-mno-avx512bf16"])]
}

/**
 * Builds all there is with some compiler: every level, the runtime, the addon, and tests for the levels that are usable.
 * What fails is in the build's `failures`.
 *
 * @param folder       of build/
 * @param nodeHeaders  the folder of Node-API's headers
 * @param nodeLibrary  on Windows: the file of the folder that says what Node offers
 * @param usable       levels that can be run, and so tested; those of this machine where it is left out
 * @param flags        for every object, behind the common ones
 */
export async function buildEverything(compiler, folder, { nodeHeaders, nodeLibrary = [], usable: given, flags = [] }) {
  mkdirSync(join(buildFolder, folder), { recursive: true })
  const build = new Build(compiler, join(buildFolder, folder), flags)
  const usable = given ?? (await usableLevels(build))
  const runtime = build.runtime()
  const binding = build.object("glossa", "binding.cc", ["-O2", `-I${nodeHeaders}`])
  const levels = Object.keys(build.levelFlags).map((level) => build.level(level))
  const tested = [...levels.filter(({ level }) => usable.includes(level)), ...trappedTiles(build, usable)]
  const tests = addTests(build, tested, { runtime, loaded: true })
  await build.compile()
  await runAll([
    ...levels.map((level) => () => build.kernels(level)),
    () =>
      build.addon(
        [...runtime, binding],
        nodeLibrary.map((name) => join(build.folder, name)),
      ),
  ])
  await linkTests(tests)
  build.prune()
  return { build, levels, tests }
}

/**
 * Queues the test programs of some levels in a build; `linkTests` makes them.
 *
 * @param levels      as `Build.level` gives them
 * @param loaded      also those that load kernels from the build's folder, which must be linked by then
 * @param runtime     what all are linked with
 */
export function addTests(build, levels, { runtime, loaded }) {
  const programs = []
  const test = (source, level, flags, objects) => {
    const unit = source.replace(/\.cc$/, level ? `.${level.unit}` : "").replaceAll(/[/\\]/g, "-")
    const object = build.object(unit, source, flags)
    programs.push({ source, unit, level, build, objects: [object, ...objects, ...runtime] })
  }
  if (loaded) for (const source of listSources("tests/loaded")) test(source, undefined, [], [])
  const start = listSources("tests/start").map((source) => build.object("tests-start", source))
  const perLevel = listSources("tests").filter((source) => dirname(source) === "tests")
  for (const level of levels)
    for (const source of perLevel) test(source, level, level.flags, [...level.objects, ...start])
  return programs
}

/** Links test programs; those whose level or own source failed are left out and counted by `runTests`. */
export function linkTests(programs) {
  const whole = programs.filter(({ build, level }) => level === undefined || !build.failures.has(level.unit))
  return runAll(
    whole.map(
      ({ build, unit, objects }) =>
        () =>
          build.program(unit, unit, objects),
    ),
  )
}

/** Sums of what came out of all runs. */
export class Tally {
  programs = 0
  checks = 0
  failed = 0
  /** What a line of results is about, such as `tests/matmul.cc matmul f32` → its checksum, and where it came from first. */
  checksums = new Map()
  compared = 0

  fail(what, text) {
    this.failed++
    process.stdout.write(text)
    console.log(`native: FAILED ${what}`)
  }

  /** Counts what could not be built. */
  failBuild(name, { failures }) {
    for (const [unit, text] of failures) this.fail(`${name}: ${unit} was not built`, text)
  }

  /** Takes in a program's output. Level avx512bf16 has bf16 results of its own (docs/adr/0005). */
  take(name, { source, level }, { status, text }) {
    this.programs++
    const [, passed, failed] = /^.*?(\d+) checks passed, (\d+) failed$/m.exec(text) ?? []
    if (status !== 0 || passed === undefined || failed !== "0") {
      this.fail(`${name} (${status})`, text)
      return
    }
    this.checks += Number(passed)
    for (const line of text.split("\n")) {
      const [, about, sum] = /^(.*) checksum ([0-9a-f]{16})$/.exec(line) ?? []
      if (about === undefined) continue
      const own = level?.level === "avx512bf16" && about.includes("bf16") ? " of avx512bf16" : ""
      const key = `${source} ${about}${own}`
      const first = this.checksums.get(key)
      if (first === undefined) this.checksums.set(key, { sum, name })
      else if (first.sum !== sum) this.fail(`${name}: other bits than ${first.name} in ${about}`, "")
      else this.compared++
    }
  }
}

function runProgram(command, parameters, environment) {
  return new Promise((resolve) => {
    const child = spawn(command, parameters, { env: { ...process.env, ...environment } })
    let text = ""
    child.stdout.on("data", (data) => (text += data))
    child.stderr.on("data", (data) => (text += data))
    child.on("error", (error) => resolve({ status: String(error), text }))
    child.on("close", (code, signal) => resolve({ status: signal ?? code, text }))
  })
}

/**
 * Runs test programs, two at a time, and takes their results into a tally.
 *
 * @param label     what these runs are, such as `sanitized`
 * @param launcher  a command that runs them, such as qemu; default none
 */
export async function runTests(programs, tally, { label = "", launcher = [], environment = {} } = {}) {
  const jobs = programs.map((program) => async () => {
    const { build, unit, level } = program
    const name = `${unit}${label && ` ${label}`}`
    const broken = [unit, level?.unit, "glossa"].find((each) => each !== undefined && build.failures.has(each))
    if (broken !== undefined) return tally.fail(`${name} (not built)`, build.failures.get(broken))
    const [command, ...parameters] = [...launcher, join(build.folder, unit), build.folder]
    const started = performance.now()
    const before = tally.failed
    tally.take(name, program, await runProgram(command, parameters, environment))
    if (tally.failed === before)
      console.log(`native: ${name} passed (${((performance.now() - started) / 1000).toFixed(1)} s)`)
  })
  await runAll(jobs)
}
