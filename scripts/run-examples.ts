/** Runs every program of `examples/`, one after another; fails if one does. */
import { spawnSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..")
const examples = readdirSync(join(root, "examples")).filter((name) => name.endsWith(".ts"))
const failed: string[] = []

for (const name of examples.sort()) {
  console.log(`\n▸ examples/${name}`)
  const started = performance.now()
  const { status } = spawnSync(process.execPath, ["--import", "tsx", join("examples", name)], {
    cwd: root,
    stdio: "inherit",
  })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(status === 0 ? `  done in ${seconds} s` : `  FAILED with exit code ${status}`)
  if (status !== 0) failed.push(name)
}

console.log(`\nexamples: ${examples.length - failed.length} done, ${failed.length} failed`)
process.exitCode = failed.length ? 1 : 0
