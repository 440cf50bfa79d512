// The C++ tests of native/tests: built for some levels, run, and compared. Programs right below the folder are built for
// each level; their checksums must agree. Programs in tests/loaded are built once and load the kernels as the addon does.
import { spawn } from "node:child_process"
import { dirname, join } from "node:path"
import { listSources, runAll } from "./build-native.mjs"

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
