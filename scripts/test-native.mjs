// `npm run test:native`: the kernels called from C++, on each level this processor has, on tile instructions that are
// caught where it has none, and once more under the address and undefined-behaviour sanitizers. Levels must agree bit
// for bit. Levels that cannot run here are compiled, and said to be compiled only.
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { Build, BuildError, buildAddon, buildFolder, findCompiler, runAll } from "./build-native.mjs"
import { addTests, linkTests, runTests, Tally, trappedTiles } from "./native-tests.mjs"

// GCC takes whole minutes for sanitized templates at -O2; frame pointers and line numbers make reports readable.
const sanitizers = [
  "-fsanitize=address,undefined",
  "-fno-sanitize-recover=all",
  "-fno-omit-frame-pointer",
  "-O1",
  "-g1",
]
const sanitizerSettings = { ASAN_OPTIONS: "detect_stack_use_after_return=1", UBSAN_OPTIONS: "print_stacktrace=1" }

async function main() {
  const started = performance.now()
  const compiler = findCompiler()
  const { build: addon, levels, usable } = await buildAddon({ compiler })
  mkdirSync(join(buildFolder, "native-tests"), { recursive: true })

  // Plain: the addon's own objects of the kernels, and the tests beside them.
  const plain = new Build(compiler, join(buildFolder, "native-tests"))
  const trapped = trappedTiles(plain, usable)
  const runtime = plain.runtime()
  const run = [...usable, ...trapped.map(({ level }) => level)]
  const lacking = Object.keys(plain.levelFlags).filter((level) => !run.includes(level))
  const compiledOnly = lacking.map((level) => plain.level(level))
  for (const [unit, text] of addon.failures) plain.failures.set(unit, text)
  const plainTests = addTests(plain, [...levels, ...trapped], { runtime, loaded: true })

  // Sanitized: everything anew.
  const sanitized = new Build(compiler, join(buildFolder, "native-sanitized"), sanitizers)
  const sanitizedRuntime = sanitized.runtime()
  const sanitizedLevels = levels.map(({ level }) => sanitized.level(level))
  const sanitizedTests = addTests(sanitized, [...sanitizedLevels, ...trappedTiles(sanitized, usable)], {
    runtime: sanitizedRuntime,
    loaded: true,
  })

  await plain.compile()
  await sanitized.compile()
  await runAll([
    ...[...levels, ...compiledOnly].map((level) => () => plain.kernels(level)),
    ...sanitizedLevels.map((level) => () => sanitized.kernels(level)),
  ])
  await linkTests([...plainTests, ...sanitizedTests])
  plain.prune()
  sanitized.prune()

  const tally = new Tally()
  await runTests(plainTests, tally)
  await runTests(sanitizedTests, tally, { label: "sanitized", environment: sanitizerSettings })

  for (const { unit } of compiledOnly) {
    if (plain.failures.has(unit)) tally.fail(`level ${unit} does not compile`, plain.failures.get(unit))
    else console.log(`native: level ${unit} compiled only: this processor lacks it`)
  }
  const names = levels.map(({ unit }) => unit).concat(trapped.map(({ unit }) => unit))
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  console.log(
    `native: ${tally.programs} test programs on ${names.join(", ")}, plain and sanitized: ${tally.checks} checks passed, ` +
      `${tally.compared} checksums equal, ${tally.failed} failed, in ${seconds} s`,
  )
  process.exitCode = tally.failed > 0 ? 1 : 0
}

try {
  await main()
} catch (error) {
  if (!(error instanceof BuildError)) throw error
  console.log(`native: not tested (${error.message})`)
  process.exitCode = 1
}
