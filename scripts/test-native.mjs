// `npm run test:native`: the kernels called from C++, on each level this processor has, on tiles emulated in memory, and
// once more under the address and undefined-behaviour sanitizers. Levels must agree bit for bit. Levels that this
// processor lacks are compiled, and said to be compiled only.
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { Build, BuildError, buildAddon, buildFolder, findCompiler, runAll } from "./build-native.mjs"
import { addTests, linkTests, runTests, Tally } from "./native-tests.mjs"

// GCC takes whole minutes for sanitized templates at -O2; frame pointers and line numbers make reports readable.
const sanitizers = [
  "-fsanitize=address,undefined",
  "-fno-sanitize-recover=all",
  "-fno-omit-frame-pointer",
  "-O1",
  "-g1",
]
const sanitizerSettings = { ASAN_OPTIONS: "detect_stack_use_after_return=1", UBSAN_OPTIONS: "print_stacktrace=1" }

const emulation = ["-DGLOSSA_EMULATED_TILES", "-mno-avx512bf16"]

/** Level amx on tiles in plain memory: runs wherever AVX-512 does, and must give the bits of avx512. */
function emulatedTiles(build, usable) {
  return usable.includes("avx512") ? [build.level("amx", "amx-emulated", emulation)] : []
}

async function main() {
  const started = performance.now()
  const compiler = findCompiler()
  const { build: addon, levels, usable } = await buildAddon({ compiler })
  mkdirSync(join(buildFolder, "native-tests"), { recursive: true })

  // Plain: the addon's own objects of the kernels, and the tests beside them.
  const plain = new Build(compiler, join(buildFolder, "native-tests"))
  const emulated = emulatedTiles(plain, usable)
  const runtime = plain.runtime()
  const lacking = Object.keys(plain.levelFlags).filter((level) => !usable.includes(level))
  const compiledOnly = lacking.map((level) => plain.level(level))
  for (const [unit, text] of addon.failures) plain.failures.set(unit, text)
  const plainTests = addTests(plain, [...levels, ...emulated], { runtime, loaded: true })

  // Sanitized: everything anew.
  const sanitized = new Build(compiler, join(buildFolder, "native-sanitized"), sanitizers)
  const sanitizedRuntime = sanitized.runtime()
  const sanitizedLevels = levels.map(({ level }) => sanitized.level(level))
  const sanitizedTests = addTests(sanitized, [...sanitizedLevels, ...emulatedTiles(sanitized, usable)], {
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
  if (emulated.length === 0) console.log("native: level amx on emulated tiles not run: this processor lacks AVX-512")
  const names = levels.map(({ unit }) => unit).concat(emulated.map(({ unit }) => unit))
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
