/** The stages of a run: how long each took, and a small file that says what it found. */
import { join } from "node:path"
import { replaceFiles } from "../../models/index.ts"

export class Stages {
  /** Seconds by stage, in order. */
  readonly seconds: Record<string, number> = {}
  private readonly folder: string
  private readonly now: () => number
  private latest = ""

  constructor(runFolder: string, now: () => number = () => performance.now()) {
    this.folder = join(runFolder, "stages")
    this.now = now
  }

  async run<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const start = this.now()
    const result = await work()
    this.seconds[name] = (this.now() - start) / 1000
    this.latest = name
    return result
  }

  /** Writes what the latest stage found as `stages/N-name.json`. @throws FILE_UNWRITABLE */
  async keep(found: object): Promise<void> {
    const number = Object.keys(this.seconds).length
    const content = `${JSON.stringify({ stage: this.latest, seconds: this.seconds[this.latest], ...found }, undefined, 2)}\n`
    await replaceFiles(this.folder, [{ name: `${number}-${this.latest}.json`, content }])
  }
}
