/** Every instruction-set level of this processor gives the same bits. */
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { describe, expect, test } from "vitest"
import type { NativeExecutor } from "../../src/engine/execute/native-executor.ts"
import { hashPrograms } from "./hash-programs.ts"
import { nativeExecutor } from "./native-executor.ts"

const native = nativeExecutor() as NativeExecutor
const levels = native?.describe().levels ?? []

/** Levels whose bf16 products have bits of their own (docs/adr/0005); all that has no bf16 in it agrees there, too. */
const OWN_PRODUCTS = ["avx512bf16"]

async function hashLevel(level: string): Promise<Record<string, string>> {
  const before = native.describe().level
  native.addon.openLevel(level)
  try {
    expect(native.describe().level).toBe(level)
    return await hashPrograms(native)
  } finally {
    native.addon.openLevel(before)
  }
}

describe.skipIf(levels.length < 2)(`levels ${levels.join(", ")}`, () => {
  test("give the same bits", async () => {
    const wanted = await hashLevel("scalar")
    expect(Object.keys(wanted).length).toBeGreaterThan(600)
    for (const level of levels.filter((other) => other !== "scalar")) {
      const came = await hashLevel(level)
      const programs = Object.keys(wanted).filter((key) => !OWN_PRODUCTS.includes(level) || !key.endsWith("bf16"))
      expect(
        programs.filter((key) => came[key] !== wanted[key]),
        `${level} against scalar`,
      ).toEqual([])
    }
  })

  test("GLOSSA_ISA opens one, and refuses in plain words what the processor lacks", async () => {
    const script = `
      import { createExecutor } from "./src/engine/index.ts"
      try { console.log(createExecutor({ kind: "native" }).describe().level) } catch (error) { console.log(error.message) }`
    const openedWith = async (level: string): Promise<string> => {
      const options = ["--import", "tsx", "--input-type=module", "--eval", script]
      const env = { ...process.env, GLOSSA_ISA: level }
      return (await promisify(execFile)(process.execPath, options, { env })).stdout.trim()
    }
    expect(await openedWith("scalar")).toBe("scalar")
    expect(await openedWith("sse9")).toMatch(/GLOSSA_ISA: wanted a level of this processor.*came sse9/)
  })
})
