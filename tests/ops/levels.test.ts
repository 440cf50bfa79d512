/** Every instruction-set level of this processor gives the same bits: one process a level runs one list of programs. */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, test } from "vitest"
import { createExecutor } from "../../src/engine/index.ts"

const script = fileURLToPath(new URL("hash-programs.ts", import.meta.url))
const { name, levels } = createExecutor({ kind: "auto" }).describe()

async function runLevel(level: string): Promise<{ level: string; hashes: Record<string, string> }> {
  const env = { ...process.env, GLOSSA_ISA: level, GLOSSA_EXECUTOR: "native" }
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", script], { env })
  return JSON.parse(stdout)
}

describe.skipIf(name !== "native" || levels.length < 2)(`levels ${levels.join(", ")}`, () => {
  test("give the same bits", async () => {
    const [best, ...others] = levels
    const wanted = await runLevel(best)
    expect(wanted.level).toBe(best)
    expect(Object.keys(wanted.hashes).length).toBeGreaterThan(60)
    for (const level of others) {
      const came = await runLevel(level)
      expect(came.level).toBe(level)
      const differing = Object.keys(wanted.hashes).filter((program) => came.hashes[program] !== wanted.hashes[program])
      expect(differing, `${level} against ${best}`).toEqual([])
    }
  })
})

test("a level that the processor lacks is refused in plain words", async () => {
  const error = await runLevel("sse9").catch((reason) => reason)
  if (name === "native") expect(error.stderr).toMatch(/GLOSSA_ISA: .*a level of this processor.*sse9/)
})
