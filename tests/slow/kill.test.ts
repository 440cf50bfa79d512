/**
 * Nothing is lost: a training that is killed, interrupted, damaged on disk or starved of space goes on from its last whole
 * checkpoint and ends with the bits of a run that nothing ever happened to.
 */
import { execFileSync } from "node:child_process"
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { statfs } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { philox } from "../../src/engine/index.ts"
import { Checkpoints, verifyCheckpoint } from "../../src/training/loop/checkpoints.ts"
import {
  checkpointNames,
  endOf,
  newestStep,
  SAVE_EVERY,
  STEPS,
  stepsSeen,
  TinyTraining,
  trainToEnd,
} from "./tiny-training.ts"

const KILLS = 20
/** Seeds the moments of the kills. */
const SEED = Number(process.env["GLOSSA_KILL_SEED"] ?? 1)
/** The last kill is aimed this many steps before the end, so that a late one still finds a run to kill. */
const SPARE_STEPS = 9

let folder: string
let unbroken: ReturnType<typeof endOf>
/** A run that was killed in the middle, with two whole checkpoints. */
let broken: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "glossa-kill-"))
  const whole = join(folder, "unbroken")
  const { exitCode, stderr } = await trainToEnd(whole)
  expect(exitCode, stderr).toBe(0)
  unbroken = endOf(whole)
  broken = join(folder, "broken")
  const training = await TinyTraining.start(broken)
  await training.until(() => stepsSeen(broken) > STEPS / 2 && newestStep(broken) >= STEPS / 2)
  training.signal("SIGKILL")
  await training.ended
  expect((await new Checkpoints(broken).list()).length).toBeGreaterThanOrEqual(2)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Resumes to the end, and compares every bit with the unbroken run. Answers what was said. */
async function mend(run: string): Promise<string> {
  const { exitCode, stderr } = await trainToEnd(run, { resume: true })
  expect(exitCode, stderr).toBe(0)
  expect(endOf(run)).toEqual(unbroken)
  return stderr
}

describe("a run that is killed", () => {
  it(`${KILLS} times at random moments, saves included, ends with the unbroken run's bits`, async () => {
    const run = join(folder, "killed")
    const hits = new Map<string, number>()
    for (let kill = 0; kill < KILLS; kill++) {
      const [delayWord, ...words] = philox([SEED, 0], [kill, 0, 0, 0])
      const random = (delayWord >>> 0) / 2 ** 32
      const leftBefore = partialSaves(run)
      const training = await TinyTraining.start(run, { resume: kill > 0 })
      const aimed = Math.ceil(((kill + 1) * (STEPS - SPARE_STEPS)) / KILLS)
      const reached = await reach(training, AIMS[(words[0] >>> 0) % AIMS.length], aimed, random)
      const sent = reached && training.signal("SIGKILL")
      const { exitCode, stderr } = await training.ended
      expect(sent, `kill ${kill + 1} came too late: ${stderr}`).toBe(true)
      expect(exitCode, stderr).toBeNull()
      const hit = stderr.includes("model:") ? momentOf(run, leftBefore) : STARTING
      hits.set(hit, (hits.get(hit) ?? 0) + 1)
      console.log(`kill ${kill + 1}: ${hit}; ${stepsSeen(run)} steps told of, newest checkpoint ${newestStep(run)}`)
    }
    console.log(`${KILLS} kills (seed ${SEED}): ${[...hits].map(([hit, count]) => `${count} ${hit}`).join(", ")}`)
    const outsideSaves = [STARTING, BEFORE, BETWEEN].reduce((sum, hit) => sum + (hits.get(hit) ?? 0), 0)
    expect(KILLS - outsideSaves, "kills that hit a save").toBeGreaterThanOrEqual(3)
    await mend(run)
    expect(checkpointNames(run).filter((name) => name.endsWith(".partial"))).toEqual([])
  })
})

/** Milliseconds that a start takes on a quick machine, that a save takes about, and that a step takes about. */
const [START_MS, SAVE_MS, STEP_MS] = [1000, 150, 25]

/** What a kill is aimed at; half are aimed at saves. */
const AIMS = ["start", "step", "save", "save"] as const

/** Waits for the moment to kill; false when the run ended before. */
async function reach(
  training: TinyTraining,
  aim: (typeof AIMS)[number],
  step: number,
  random: number,
): Promise<boolean> {
  const { folder: run } = training
  if (aim === "start") await wait(random * START_MS)
  else if (aim === "step") {
    if (!(await training.until(() => stepsSeen(run) >= step))) return false
    await wait(random * STEP_MS)
  } else {
    const before = partialSaves(run)
    const isSaving = () =>
      stepsSeen(run) >= step - SAVE_EVERY && partialSaves(run).some((save) => !before.includes(save))
    if (!(await training.until(isSaving))) return false
    await wait(random * SAVE_MS)
  }
  return true
}

const STARTING = "while starting or loading"
const BEFORE = "before the first step"
const BETWEEN = "between saves"

/** Saves under way or left behind, each named by its folder and when that was made. */
function partialSaves(run: string): string[] {
  return checkpointNames(run).flatMap((name) => {
    const made = statSync(join(run, "checkpoints", name), { throwIfNoEntry: false })?.birthtimeMs
    return name.endsWith(".partial") && made !== undefined ? `${name} ${made}` : []
  })
}

/** Where a kill hit, by what it left; `leftBefore` are partial saves of earlier kills. */
function momentOf(run: string, leftBefore: readonly string[]): string {
  const partial = partialSaves(run).find((save) => !leftBefore.includes(save))
  if (partial) {
    const names = readdirSync(join(run, "checkpoints", partial.split(" ")[0]))
    return names.includes("manifest.json") ? "sealing a save" : "writing a save"
  }
  const names = existsSync(run) ? readdirSync(run) : []
  const isPublished = names.includes("manifest.json") && !names.some((name) => name.endsWith(".new"))
  if (newestStep(run) > 0 && !isPublished) return "publishing a save"
  return stepsSeen(run) === 0 ? BEFORE : BETWEEN
}

describe("a damaged newest checkpoint", () => {
  it.each<[name: string, damage: (checkpoint: string) => void, said: RegExp]>([
    ["a flipped bit in the weights", flipBit, /model\.safetensors as it was saved; came altered bytes/],
    [
      "moments cut short",
      (at) => cut(join(at, "training_state.safetensors")),
      /training_state\.safetensors of \d+ bytes/,
    ],
    ["no progress", (at) => rmSync(join(at, "trainer_state.json")), /the file trainer_state\.json; came no such file/],
    ["no manifest", (at) => rmSync(join(at, "manifest.json")), /a readable manifest\.json; came none/],
    ["a manifest cut short", (at) => cut(join(at, "manifest.json")), /a readable manifest\.json; came none/],
  ])("%s: the one before serves, and it says so", async (name, damage, said) => {
    const run = join(folder, `damaged: ${name}`)
    cpSync(broken, run, { recursive: true })
    const [newest, before] = await new Checkpoints(run).list()
    damage(newest.folder)
    const notices = await mend(run)
    expect(notices).toMatch(/a damaged checkpoint is passed over/)
    expect(notices).toMatch(said)
    expect(notices).toContain(`step-${newest.step}`)
    expect(notices).toContain(`going on after step ${before.step}`)
  })

  it("all damaged: one clear line, exit code 2, and nothing is overwritten", async () => {
    const run = join(folder, "all damaged")
    cpSync(broken, run, { recursive: true })
    for (const checkpoint of await new Checkpoints(run).list()) flipBit(checkpoint.folder)
    const names = checkpointNames(run)
    const { exitCode, stderr } = await trainToEnd(run, { resume: true })
    expect(stderr).toMatch(/\[CHECKPOINT_DAMAGED\]$/m)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(exitCode).toBe(2)
    expect(checkpointNames(run)).toEqual(names)
  })
})

function flipBit(checkpoint: string): void {
  const path = join(checkpoint, "model.safetensors")
  const bytes = readFileSync(path)
  bytes[bytes.length - 1000] ^= 1
  writeFileSync(path, bytes)
}

function cut(path: string): void {
  const bytes = readFileSync(path)
  writeFileSync(path, bytes.subarray(0, bytes.length >> 1))
}

describe("Ctrl-C", () => {
  it.each([
    ["in the middle", (run: string) => stepsSeen(run) >= STEPS / 2],
    [
      "during a save",
      (run: string) => stepsSeen(run) >= STEPS / 2 && checkpointNames(run).some((name) => name.endsWith(".partial")),
    ],
  ])("%s: saved, exit code 130, and resumes to the same bits", async (name, isTime) => {
    const run = join(folder, `interrupted ${name}`)
    const training = await TinyTraining.start(run)
    await training.until(() => isTime(run))
    expect(training.signal("SIGINT")).toBe(true)
    const { exitCode, stderr } = await training.ended
    expect(exitCode, stderr).toBe(130)
    const saved = Number(/stopped and saved at step (\d+)/.exec(stderr)?.[1])
    expect(saved).toBeGreaterThanOrEqual(STEPS / 2)
    expect(saved).toBe(newestStep(run))
    expect(saved).toBe(stepsSeen(run))
    expect(await mend(run)).toContain(`going on after step ${saved}`)
  })
})

/** A disk of its own in memory; undefined where this process may not mount one. */
function mountSmallDisk(at: string): true | undefined {
  mkdirSync(at, { recursive: true })
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "glossa-small-disk", at], { stdio: "ignore" })
    return true
  } catch {
    return undefined
  }
}

describe("a full disk", () => {
  it("gives a clear error and exit code 1; the last good checkpoint stays and resumes", async (context) => {
    const disk = join(folder, "disk")
    if (!mountSmallDisk(disk)) context.skip("mounting a small tmpfs needs root")
    try {
      const run = join(disk, "run")
      cpSync(broken, run, { recursive: true })
      for (const name of checkpointNames(run).filter((name) => name.endsWith(".partial")))
        rmSync(join(run, "checkpoints", name), { recursive: true })
      const [newest] = await new Checkpoints(run).list()
      await new Checkpoints(run).publish(newest)
      const filler = join(disk, "filler")
      // No space to begin with; space for a part of a save; space for nearly all of one.
      for (const freeBytes of [0, 700_000, 1_300_000, 1_690_000]) {
        await fillDisk(disk, filler, freeBytes)
        const { exitCode, stderr } = await trainToEnd(run, { resume: true })
        console.log(`${freeBytes} bytes free: ${stderr.trimEnd().split("\n").at(-1)}`)
        expect(stderr).toMatch(/came a full disk; free some space.*\[FILE_UNWRITABLE\]$/m)
        expect(stderr).not.toMatch(/^\s+at /m)
        expect(exitCode).toBe(1)
        expect(newestStep(run)).toBe(newest.step)
        expect(await verifyCheckpoint(newest.folder)).toBeUndefined()
        expect(checkpointNames(run).filter((name) => name.endsWith(".partial"))).toEqual([])
        rmSync(filler)
      }
      expect(await mend(run)).toContain(`going on after step ${newest.step}`)
    } finally {
      execFileSync("umount", [disk])
    }
  })
})

/** Leaves about so many bytes of a disk free. */
async function fillDisk(disk: string, filler: string, freeBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(disk)
  writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - freeBytes)))
}
