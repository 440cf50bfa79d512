/** Builds `dist` where sources are newer, once, however many test files ask; so the real command is what is tested. */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { fileURLToPath } from "node:url"

const ROOT = fileURLToPath(new URL("../../", import.meta.url))
const BUILT = join(ROOT, "dist/cli/main.js")
const LOCK = join(ROOT, "dist.lock")
/** A lock older than this was left by a process that died. */
const STALE_LOCK_MS = 120_000

let built: Promise<void> | undefined

/** Resolves when `dist` is as new as the sources. */
export function freshBuild(): Promise<void> {
  built ??= buildOnce()
  return built
}

async function buildOnce(): Promise<void> {
  while (!isFresh()) {
    if (tryLock()) {
      try {
        if (!isFresh()) build()
      } finally {
        rmSync(LOCK, { recursive: true, force: true })
      }
    } else await wait(100)
  }
}

function build(): void {
  const compiler = join(createRequire(import.meta.url).resolve("typescript/package.json"), "../lib/tsc.js")
  execFileSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], { cwd: ROOT, stdio: "inherit" })
  utimesSync(BUILT, new Date(), new Date())
}

function isFresh(): boolean {
  return existsSync(BUILT) && newest(join(ROOT, "src")) <= statSync(BUILT).mtimeMs
}

function newest(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .reduce((latest, entry) => Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0)
}

function tryLock(): boolean {
  try {
    mkdirSync(LOCK)
    return true
  } catch {
    const age = existsSync(LOCK) ? Date.now() - statSync(LOCK).mtimeMs : 0
    if (age > STALE_LOCK_MS) rmSync(LOCK, { recursive: true, force: true })
    return false
  }
}
