/**
 * File patterns: `*`, `?`, `**`, `[a-z]`, `{a,b}`. Node 20 has no glob of its own. As in a shell, names with a leading
 * dot need a pattern with one; `node_modules` is walked only when the pattern names it.
 */
import { readdir, stat } from "node:fs/promises"
import { join, resolve, sep } from "node:path"
import { compareNatural } from "./natural-order.ts"

/** Whether a path is a pattern and not a plain name. */
export function isGlob(path: string): boolean {
  return /[*?[\]{}]/.test(path)
}

/** The files that match `pattern`, relative to `folder`, in natural order. Links to folders are not followed. */
export async function findFiles(pattern: string, folder: string): Promise<string[]> {
  const found = new Set<string>()
  for (const branch of expandBraces(pattern.split(sep).join("/"))) {
    const segments = branch
      .split("/")
      .filter(
        (segment, index, all) => (segment !== "" || index === 0) && !(segment === "**" && all[index - 1] === "**"),
      )
    const plain = segments.findIndex(isGlob)
    const fixed = segments.slice(0, plain < 0 ? segments.length : plain).join("/")
    const start = branch.startsWith("/") && fixed === "" ? "/" : fixed
    await walk(resolve(folder, start), start, plain < 0 ? [] : segments.slice(plain), found)
  }
  return [...found].sort(compareNatural)
}

/** Adds the files under `folder` that match `segments`; `shown` is the folder as the user wrote it. */
async function walk(folder: string, shown: string, segments: readonly string[], found: Set<string>): Promise<void> {
  if (segments.length === 0) {
    const isFile = await stat(folder).then(
      (status) => status.isFile(),
      () => false,
    )
    if (isFile) found.add(shown)
    return
  }
  const [segment, ...rest] = segments
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  if (segment === "**" && rest.length > 0) await walk(folder, shown, rest, found)
  for (const entry of entries) {
    const path = join(folder, entry.name)
    const name = shown === "" ? entry.name : `${shown.replace(/\/$/, "")}/${entry.name}`
    if (segment === "**") {
      if (entry.name.startsWith(".") || entry.name === "node_modules") continue
      if (entry.isDirectory()) await walk(path, name, segments, found)
      else if (rest.length === 0) await walk(path, name, [], found)
    } else if (matchesSegment(entry.name, segment)) {
      if (entry.name === "node_modules" && segment !== "node_modules") continue
      if (rest.length === 0) await walk(path, name, [], found)
      else if (entry.isDirectory()) await walk(path, name, rest, found)
    }
  }
}

/** `a{b,c}d` → `abd`, `acd`; nested and repeated braces too. */
export function expandBraces(pattern: string): string[] {
  const open = pattern.indexOf("{")
  if (open < 0) return [pattern]
  const choices: string[] = []
  let depth = 0
  let from = open + 1
  for (let at = open; at < pattern.length; at++) {
    const character = pattern[at]
    if (character === "{") depth += 1
    else if (character === "}") depth -= 1
    if ((character === "," && depth === 1) || depth === 0) {
      choices.push(pattern.slice(from, at))
      from = at + 1
    }
    if (depth > 0) continue
    const head = pattern.slice(0, open)
    const tails = expandBraces(pattern.slice(at + 1))
    return choices.flatMap((choice) =>
      expandBraces(choice).flatMap((middle) => tails.map((tail) => head + middle + tail)),
    )
  }
  // Never closed: the brace is a plain character.
  return expandBraces(pattern.slice(open + 1)).map((tail) => `${pattern.slice(0, open)}{${tail}`)
}

/** Whether one name matches one segment of a pattern. */
export function matchesSegment(name: string, segment: string): boolean {
  if (name.startsWith(".") && !segment.startsWith(".")) return false
  let source = ""
  for (let at = 0; at < segment.length; at++) {
    const character = segment[at]
    const close = character === "[" ? segment.indexOf("]", at + 2) : -1
    if (character === "*") source += source.endsWith(".*") ? "" : ".*"
    else if (character === "?") source += "."
    else if (close > 0) {
      const members = segment
        .slice(at + 1, close)
        .replace(/^!/, "^")
        .replace(/[\\[\]]/g, "\\$&")
      source += `[${members}]`
      at = close
    } else source += character.replace(/[\\^$.+()[\]{}|/]/, "\\$&")
  }
  try {
    return new RegExp(`^${source}$`, "su").test(name)
  } catch {
    return name === segment
  }
}
