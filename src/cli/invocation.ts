/** How the command line is started from where a person is: what is printed for them to paste has to run there. */
import { existsSync } from "node:fs"
import { basename, dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const PACKAGE_FOLDER = fileURLToPath(new URL("../../", import.meta.url))

export interface Place {
  /** The folder a person is in. */
  readonly folder: string
  /** The file that Node was started with. */
  readonly script: string
  /** The folder this package lies in. */
  readonly packageFolder: string
}

/**
 * `npx glossa` where npm finds this package: a folder of the project itself, or of one that has it installed. Elsewhere
 * `glossa` where it was started by that name, else `node` with the file.
 */
export function startingWords(place: Partial<Place> = {}): string {
  const { folder = process.cwd(), script = process.argv[1] ?? "", packageFolder = PACKAGE_FOLDER } = place
  const project = projectFolder(folder)
  const installed = project && join(project, "node_modules", "glossa")
  if (project && (relative(project, packageFolder) === "" || (installed && existsSync(installed)))) return "npx glossa"
  return basename(script) === "glossa" ? "glossa" : `node ${shellWord(relative(folder, script) || script)}`
}

/** What npm takes for the project of a folder: the nearest one above that has a package.json or node_modules. */
function projectFolder(folder: string): string | undefined {
  if (["package.json", "node_modules"].some((name) => existsSync(join(folder, name)))) return folder
  return dirname(folder) === folder ? undefined : projectFolder(dirname(folder))
}

/** A word as a shell reads it back. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
