import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { mkdir, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Checkpoints, verifyCheckpoint } from "./checkpoints.ts"

let folder: string
let checkpoints: Checkpoints
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "glossa-checkpoints-"))
  checkpoints = new Checkpoints(folder)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Saves a small file, and one that is large enough to be linked, whose contents tell the step. */
const save = (step: number) =>
  checkpoints.save(step, async (to) => {
    await writeFile(join(to, "config.json"), `{"step":${step}}`)
    await writeFile(join(to, "model.safetensors"), new Uint8Array(2 << 20).fill(step))
  })

const saved = () => readdirSync(join(folder, "checkpoints")).sort()

describe("Checkpoints", () => {
  it("keeps the last two and shows the newest in the run folder", async () => {
    for (const step of [1, 2, 30]) await save(step)
    expect(saved()).toEqual(["step-2", "step-30"])
    expect(readFileSync(join(folder, "config.json"), "utf8")).toBe('{"step":30}')
    expect(readFileSync(join(folder, "model.safetensors"))[0]).toBe(30)
    expect(readdirSync(folder).sort()).toEqual(["checkpoints", "config.json", "manifest.json", "model.safetensors"])
    expect((await checkpoints.newest())?.step).toBe(30)
    expect(await verifyCheckpoint(folder)).toBeUndefined()
  })

  it("names every file, its size and its checksum in the manifest", async () => {
    const { folder: at } = await save(7)
    const manifest = JSON.parse(readFileSync(join(at, "manifest.json"), "utf8"))
    expect(manifest).toMatchObject({ formatVersion: 1, step: 7 })
    // sha256 of {"step":7}, from the sha256sum command.
    expect(manifest.files["config.json"]).toEqual({
      bytes: 10,
      sha256: "fae94118762494cee2b49db1acccff08b952bed953982ab0d8fb7553749fc007",
    })
    expect(Object.keys(manifest.files)).toEqual(["config.json", "model.safetensors"])
  })

  it.each([
    ["cut short", (at: string) => truncateSync(join(at, "model.safetensors"), 1000), /2097152 bytes.*1000 bytes/],
    [
      "altered",
      (at: string) => {
        const bytes = readFileSync(join(at, "model.safetensors"))
        bytes[12345] ^= 1
        writeFileSync(join(at, "model.safetensors"), bytes)
      },
      /model\.safetensors as it was saved.*checksum/,
    ],
    ["lacking a file", (at: string) => rmSync(join(at, "config.json")), /the file config\.json.*no such file/],
    ["lacking its manifest", (at: string) => rmSync(join(at, "manifest.json")), /readable manifest\.json/],
    ["with a broken manifest", (at: string) => truncateSync(join(at, "manifest.json"), 20), /readable manifest\.json/],
    [
      "of a later format",
      (at: string) => writeFileSync(join(at, "manifest.json"), '{"formatVersion":2,"files":{}}'),
      /format 1.*format 2/,
    ],
  ])("passes over a checkpoint %s, saying so", async (_, damage, message) => {
    await save(1)
    const { folder: newest } = await save(2)
    damage(newest)
    const told: Error[] = []
    expect((await checkpoints.newest((error) => told.push(error)))?.step).toBe(1)
    expect(told).toHaveLength(1)
    expect(told[0].message).toMatch(message)
    expect(told[0].message).toMatch(/CHECKPOINT_DAMAGED/)
  })

  it.each([
    ["no entry", { "config.json": null }],
    ["an entry of no size", { "config.json": { sha256: "" } }],
    ["a place elsewhere", { "../../../../../../dev/zero": { bytes: 0, sha256: "" } }],
  ])("reads no manifest that lists %s", async (_, files) => {
    const { folder: at } = await save(3)
    writeFileSync(join(at, "manifest.json"), JSON.stringify({ formatVersion: 1, step: 3, files }))
    expect((await verifyCheckpoint(at))?.code).toBe("CHECKPOINT_DAMAGED")
  })

  it("says so when all are damaged, and gives nothing when there is none", async () => {
    expect(await checkpoints.newest()).toBeUndefined()
    const { folder: only } = await save(1)
    rmSync(join(only, "model.safetensors"))
    await expect(checkpoints.newest()).rejects.toThrow(/CHECKPOINT_DAMAGED/)
  })

  it.runIf(existsSync("/dev/full"))("leaves the last good one intact when the disk is full", async () => {
    await save(1)
    const full = checkpoints.save(2, async (to) => {
      await writeFile(join(to, "config.json"), "{}")
      await writeFile("/dev/full", "no room for this")
    })
    await expect(full).rejects.toThrow(/step-2.*a full disk.*last good checkpoint is intact.*FILE_UNWRITABLE/)
    expect(saved()).toEqual(["step-1"])
    expect(await verifyCheckpoint(folder)).toBeUndefined()
    expect(readFileSync(join(folder, "config.json"), "utf8")).toBe('{"step":1}')
  })

  it("sees nothing of a save that was killed, and sweeps it up at the next", async () => {
    await save(1)
    const partial = join(folder, "checkpoints", "step-2.partial")
    await mkdir(partial)
    await writeFile(join(partial, "config.json"), "{}")
    expect((await checkpoints.newest())?.step).toBe(1)
    await save(3)
    expect(saved()).toEqual(["step-1", "step-3"])
  })

  it("keeps checkpoints whole when a person edits the run folder's settings", async () => {
    const { folder: at } = await save(1)
    writeFileSync(join(folder, "config.json"), '{"edited":true}')
    expect(await verifyCheckpoint(at)).toBeUndefined()
  })

  it("clears a run, and nothing that is not its own", async () => {
    await save(1)
    writeFileSync(join(folder, "notes.txt"), "mine")
    await checkpoints.clear()
    expect(readdirSync(folder)).toEqual(["notes.txt"])
  })
})
