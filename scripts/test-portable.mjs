// `npm run test:portable`: the native side for other machines, built by Debian's cross-compilers. For aarch64 everything is
// built and the kernels' tests run under qemu; their checksums must be those of this processor. For Windows everything
// is compiled and linked. Installs nothing: it says which packages are missing.
import { spawnSync } from "node:child_process"
import { mkdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { Build, BuildError, buildAddon, buildFolder, findCompiler } from "./build-native.mjs"
import { addTests, buildEverything, linkTests, runTests, Tally } from "./native-tests.mjs"

const nodeHeaders = await import("node-api-headers").then((module) => (module.default ?? module).include_dir)

/** What must be on the machine: a command and the Debian package that has it. */
const tools = {
  "aarch64-linux-gnu-g++": "g++-aarch64-linux-gnu",
  "qemu-aarch64": "qemu-user",
  "x86_64-w64-mingw32-g++-posix": "mingw-w64",
  "x86_64-w64-mingw32-dlltool": "mingw-w64",
}

async function main() {
  const missing = Object.entries(tools).filter(([tool]) => spawnSync(tool, ["--version"]).status !== 0)
  if (missing.length > 0) {
    const packages = [...new Set(missing.map(([, name]) => name))].join(" ")
    console.log(
      `portable: not tested; missing ${missing.map(([tool]) => tool).join(", ")}: apt-get install -y ${packages}`,
    )
    process.exitCode = 1
    return
  }
  const tally = new Tally()

  // This machine's own bits, of a level that has the contract's bf16.
  const compiler = findCompiler()
  const { build: addon, levels, usable } = await buildAddon({ compiler })
  const level = levels.find((each) => each.level === usable.find((name) => name !== "avx512bf16" && name !== "amx"))
  mkdirSync(join(buildFolder, "native-tests"), { recursive: true })
  const here = new Build(compiler, join(buildFolder, "native-tests"))
  for (const [unit, text] of addon.failures) here.failures.set(unit, text)
  const tests = addTests(here, [level], { runtime: here.runtime(), loaded: false })
  await here.compile()
  await linkTests(tests)
  await runTests(tests, tally)

  const arm = await buildEverything(findCompiler(["aarch64-linux-gnu-g++"]), "native-aarch64", {
    nodeHeaders,
    usable: ["scalar", "neon"],
  })
  await runTests(arm.tests, tally, {
    label: "on aarch64 (qemu)",
    launcher: ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"],
  })
  tally.failBuild("aarch64", arm.build)

  // What node.exe offers, as a library to link the addon against.
  const library = "libnode.a"
  mkdirSync(join(buildFolder, "native-windows"), { recursive: true })
  const made = spawnSync(
    "x86_64-w64-mingw32-dlltool",
    ["-d", join(dirname(nodeHeaders), "def", "node_api.def"), "-l", join(buildFolder, "native-windows", library)],
    { encoding: "utf8" },
  )
  if (made.status !== 0) tally.fail("windows: no import library of Node's functions", made.stderr ?? "")
  const windows = await buildEverything(findCompiler(["x86_64-w64-mingw32-g++-posix"]), "native-windows", {
    nodeHeaders,
    usable: ["scalar"],
    nodeLibrary: [library],
  })
  tally.failBuild("windows", windows.build)
  const linked = windows.levels.length + 1 + windows.tests.length - windows.build.failures.size
  console.log(`portable: ${linked} files linked for Windows (x64), not run; macOS is written for and untested`)

  const levelNames = arm.levels.map(({ unit }) => unit).join(", ")
  console.log(
    `portable: ${tally.programs} test programs, on aarch64 with levels ${levelNames}: ${tally.checks} checks passed, ` +
      `${tally.compared} checksums equal to ${level.unit}'s, ${tally.failed} failed`,
  )
  process.exitCode = tally.failed > 0 ? 1 : 0
}

try {
  await main()
} catch (error) {
  if (!(error instanceof BuildError)) throw error
  console.log(`portable: not tested (${error.message})`)
  process.exitCode = 1
}
