/** A program knows its bytes before it runs: the plan's numbers are the engine's own, and what the system sees fits. */
import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { nativeExecutor } from "../ops/native-executor.ts"
import type { MeasuredMemory } from "./training-memory.ts"

const PROGRAM = fileURLToPath(new URL("training-memory.ts", import.meta.url))
/** What the system may see beyond the plan: a part of it, and what a running process takes for itself. */
const [PART_BEYOND, BYTES_BEYOND] = [0.05, 100e6]

describe.skipIf(!nativeExecutor())("memory of a training", () => {
  it.each(["f32", "bf16"])("%s: the engine's bytes are the plan's, and the process grows by no more", (precision) => {
    const output = execFileSync(process.execPath, ["--import", "tsx", PROGRAM, precision], { encoding: "utf8" })
    const { planned, counted, grown }: MeasuredMemory = JSON.parse(output)
    expect(planned.total).toBeGreaterThan(2 * BYTES_BEYOND)
    const states = { stateBytes: planned.states + planned.packs, constantBytes: planned.constants }
    expect(counted.prepared).toMatchObject(states)
    expect(counted.run).toEqual({ ...states, arenaBytes: planned.activations })
    expect(counted.disposed).toEqual({ stateBytes: 0, constantBytes: 0, arenaBytes: 0 })
    expect(grown).toBeLessThanOrEqual(planned.total * (1 + PART_BEYOND) + BYTES_BEYOND)
    // Most of what was planned was really used: the bound above is not met by idleness.
    expect(grown).toBeGreaterThanOrEqual(planned.total * (1 - PART_BEYOND) - BYTES_BEYOND)
  })
})
