import { existsSync } from "node:fs"
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { replaceFiles } from "./index.ts"

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "glossa-replace-"))
  await writeFile(join(folder, "a"), "old a")
  await writeFile(join(folder, "b"), "old b")
})
afterEach(() => rm(folder, { recursive: true }))

const contents = () => Promise.all(["a", "b"].map((name) => readFile(join(folder, name), "utf8")))

describe("replacing files", () => {
  it("replaces them, makes the folder if need be, and leaves nothing else", async () => {
    await replaceFiles(folder, [{ name: "a", content: "new a" }])
    expect(await contents()).toEqual(["new a", "old b"])
    await replaceFiles(join(folder, "deep", "er"), [{ name: "c", content: "new" }])
    expect(await readdir(join(folder, "deep", "er"))).toEqual(["c"])
    expect((await readdir(folder)).sort()).toEqual(["a", "b", "deep"])
  })
  it("keeps all the old ones when a later one fails", async () => {
    const failing = { name: "b", content: () => Promise.reject(new Error("stopped")) }
    await expect(replaceFiles(folder, [{ name: "a", content: "new a" }, failing])).rejects.toThrow("stopped")
    expect(await contents()).toEqual(["old a", "old b"])
    expect((await readdir(folder)).sort()).toEqual(["a", "b"])
  })
  it.skipIf(!existsSync("/dev/full"))("keeps the old ones when the disk is full", async () => {
    await symlink("/dev/full", join(folder, "b.partial"))
    const files = [
      { name: "a", content: "new a" },
      { name: "b", content: "new b" },
    ]
    await expect(replaceFiles(folder, files)).rejects.toMatchObject({
      code: "FILE_UNWRITABLE",
      message: expect.stringMatching(/\/b: wanted to write it; what was there before is kept; came a full disk/),
    })
    expect(await contents()).toEqual(["old a", "old b"])
    expect((await readdir(folder)).sort()).toEqual(["a", "b"])
  })
  it("overwrites what a killed process left half-written", async () => {
    await writeFile(join(folder, "a.partial"), "half of something longer than the new content")
    await replaceFiles(folder, [{ name: "a", content: "new a" }])
    expect(await contents()).toEqual(["new a", "old b"])
  })
  it("says so when the folder is a file", async () => {
    for (const place of [join(folder, "a"), join(folder, "a", "deeper")])
      await expect(replaceFiles(place, [{ name: "c", content: "" }])).rejects.toMatchObject({
        code: "FILE_UNWRITABLE",
        message: expect.stringContaining("a file where a folder should be"),
      })
  })
})
