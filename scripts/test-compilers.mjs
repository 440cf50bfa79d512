// `npm run test:compilers`: GCC and Clang each build everything, all levels, without a warning, and run the kernels' tests
// on the levels that this processor has (level amx with its tile instructions caught where it has none). All must
// agree bit for bit. Installs nothing: it says which package is missing.
import { spawnSync } from "node:child_process"
import { BuildError, findCompiler } from "./build-native.mjs"
import { buildEverything, runTests, Tally } from "./native-tests.mjs"

const nodeHeaders = await import("node-api-headers").then((module) => (module.default ?? module).include_dir)

/** A command, and the Debian package that has it. */
const compilers = { "g++": "g++", "clang++": "clang" }

async function main() {
  const started = performance.now()
  const missing = Object.keys(compilers).filter((command) => spawnSync(command, ["--version"]).status !== 0)
  if (missing.length > 0) {
    const packages = missing.map((command) => compilers[command]).join(" ")
    console.log(`compilers: not tested; missing ${missing.join(", ")}: apt-get install -y ${packages}`)
    process.exitCode = 1
    return
  }
  const tally = new Tally()
  for (const command of Object.keys(compilers)) {
    const name = command.replace("++", "pp")
    const { build, levels, tests } = await buildEverything(findCompiler([command]), `native-${name}`, {
      nodeHeaders,
      flags: ["-Werror"],
    })
    tally.failBuild(command, build)
    const built = levels.map(({ unit }) => unit).filter((unit) => !build.failures.has(unit))
    console.log(`compilers: ${command} built levels ${built.join(", ")} without a warning`)
    await runTests(tests, tally, { label: `by ${command}` })
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  console.log(
    `compilers: ${tally.programs} test programs by ${Object.keys(compilers).join(" and ")}: ${tally.checks} checks ` +
      `passed, ${tally.compared} checksums equal, ${tally.failed} failed, in ${seconds} s`,
  )
  process.exitCode = tally.failed > 0 ? 1 : 0
}

try {
  await main()
} catch (error) {
  if (!(error instanceof BuildError)) throw error
  console.log(`compilers: not tested (${error.message})`)
  process.exitCode = 1
}
