/** The house stands as it is drawn: layers, doors, generated files, complete lists, and nothing loaded before its time. */
import { execFile } from "node:child_process"
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, test } from "vitest"
import { layerFaults, ROOMS } from "../../scripts/check-layers.ts"
import { OPS } from "../../src/engine/index.ts"
import { ELEMENTWISE_STEPS, KERNELS } from "../../src/engine/ops/index.ts"

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..")

async function runModule(...options: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", ...options], { cwd: root })
  return stdout
}

describe("rooms", () => {
  test("import only what the table allows, through doors", () => {
    expect(layerFaults()).toEqual([])
  })

  const folders = ROOMS.map(({ name }) => join(root, "src", name)).filter(
    (path) => existsSync(path) && statSync(path).isDirectory(),
  )
  /** The command line is no library: bin/glossa.js is its door. */
  const isDoorless = (path: string) => path.endsWith(join("cli", "index.ts"))

  test("have a door and say what they are", () => {
    expect(folders.length).toBeGreaterThan(20)
    const lacking = folders.flatMap((folder) =>
      ["index.ts", "README.md"]
        .map((name) => join(folder, name))
        .filter((path) => !existsSync(path) && !isDoorless(path)),
    )
    expect(lacking).toEqual([])
  })

  test("are all listed", () => {
    const wings = readdirSync(join(root, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    for (const { name } of wings) expect(ROOMS.map((room) => room.name)).toContain(name)
  })
})

describe("operations", () => {
  const folder = join(root, "src/engine/ops")
  const files = readdirSync(folder).filter((name) => /^[a-z-]+\.ts$/.test(name) && name !== "index.ts")

  test("every file that defines one is listed under its name", async () => {
    const defined: string[] = []
    for (const file of files) {
      const exports = (await import(join(folder, file))) as Record<string, unknown>
      for (const [name, value] of Object.entries(exports))
        if (name.endsWith("Op")) {
          const operation = (value as { name: string }).name
          expect(OPS[operation as keyof typeof OPS], `${operation} in ${file}`).toBe(value)
          expect(name).toBe(`${operation}Op`)
          defined.push(operation)
        }
    }
    expect(defined.sort()).toEqual(Object.keys(OPS).sort())
  })

  test("name kernels and steps that exist, each of which some operation or the planner uses", () => {
    const kernels = Object.values(OPS).flatMap(({ native }) =>
      native ? [native.kernel, ...(native.withElementwise ? [native.withElementwise] : [])] : [],
    )
    const steps = Object.values(OPS).flatMap(({ traits }) => (traits?.elementwise ? [traits.elementwise] : []))
    for (const kernel of kernels) expect(KERNELS).toContain(kernel)
    for (const step of steps) expect(ELEMENTWISE_STEPS).toContain(step)
    expect(ELEMENTWISE_STEPS.filter((step) => !steps.includes(step))).toEqual(["multiplyAdd"])
    // `elementwiseRows` and `pack` are the planner's, `fill` the memory check's; rounding happens in the elementwise kernel.
    expect(KERNELS.filter((kernel) => !kernels.includes(kernel))).toEqual(["elementwiseRows", "pack", "fill", "round"])
  })

  test("tell their shapes in their doc-comments", () => {
    const silent = files.filter((file) => {
      const text = readFileSync(join(folder, file), "utf8")
      return /export const \w+Op\b/.test(text) && !/@shape/.test(text)
    })
    expect(silent).toEqual([])
  })

  test("have costs that are counted from the sizes", () => {
    for (const [name, { operations }] of Object.entries(OPS)) expect(operations, name).toBeTypeOf("function")
  })
})

describe("processes", () => {
  test("generated files are what the source makes of them", async () => {
    expect(await runModule("scripts/generate.ts", "--check")).toContain("0 stale")
  })

  test("importing text or the engine loads no addon before an executor is wanted", async () => {
    const script = `
      const addon = () => process.report.getReport().sharedObjects.some((path) => path.includes("glossa.node"))
      await import("./src/text/index.ts")
      const afterText = addon()
      const { createExecutor } = await import("./src/engine/index.ts")
      const afterEngine = addon()
      const { name } = createExecutor()
      console.log(JSON.stringify({ afterText, afterEngine, wanted: addon() === (name === "native") }))`
    const told = JSON.parse(await runModule("--input-type=module", "--eval", script))
    expect(told).toEqual({ afterText: false, afterEngine: false, wanted: true })
  })
})
