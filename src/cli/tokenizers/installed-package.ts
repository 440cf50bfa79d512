/** Finds npm packages that may or may not be installed. */
import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { join } from "node:path"

export interface InstalledPackage {
  readonly folder: string
  readonly version: string
}

/**
 * The first package of a name beside one of `places` (folders or files; what `import` would find from there), or
 * undefined.
 */
export async function findPackage(name: string, places: readonly string[]): Promise<InstalledPackage | undefined> {
  const folders = places.flatMap((place) => createRequire(place).resolve.paths(name) ?? [])
  for (const folder of folders) {
    const manifest = await readFile(join(folder, name, "package.json"), "utf8").catch(() => undefined)
    if (manifest === undefined) continue
    const { version } = JSON.parse(manifest) as { readonly version?: string }
    return { folder: join(folder, name), version: version ?? "of no version" }
  }
  return undefined
}
