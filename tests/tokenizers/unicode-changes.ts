/**
 * Characters that the Rust library's tables and this process's disagree about: its normalization forms are those of
 * Unicode 9, its punctuation and format characters are older, and its letters may be newer or older than Node's. They are
 * found by asking both about every character by itself and beside marks that tell combining classes apart.
 */
import { NORMALIZERS } from "../../src/text/tokenizers/normalizers/index.ts"
import { buildPart } from "../../src/text/tokenizers/parts.ts"
import { PRE_TOKENIZERS } from "../../src/text/tokenizers/pre-tokenizers/index.ts"
import { Tokenizer } from "../../src/text/tokenizers/tokenizer.ts"
import { requirePeer, rust } from "./rust.ts"

interface RustParts {
  nfdNormalizer(): { normalizeString(text: string): string }
  nfkcNormalizer(): { normalizeString(text: string): string }
  lowercase(): { normalizeString(text: string): string }
  stripAccentsNormalizer(): { normalizeString(text: string): string }
  bertNormalizer(options: object): { normalizeString(text: string): string }
  bertPreTokenizer(): RustPreTokenizer
  whitespacePreTokenizer(): RustPreTokenizer
  digitsPreTokenizer(individual: boolean): RustPreTokenizer
  byteLevelPreTokenizer(prefix: boolean, regex: boolean): RustPreTokenizer
}
interface RustPreTokenizer {
  preTokenizeString(text: string): [string, [number, number]][]
}

/** Where characters are assigned; the rest of Unicode is unassigned or private in any version. */
const BLOCKS = [...Array.from({ length: 0x34000 / 0x800 }, (_, index) => index * 0x800), 0xe0000].filter(
  (from) => from !== 0xd800,
)

function charactersOf(from: number): string[] {
  const characters = Array.from({ length: 0x800 }, (_, index) => String.fromCodePoint(from + index))
  return from === 0 ? characters.slice(0x80) : characters
}

let known: ReadonlySet<string> | undefined

/** Finds every such character; takes some seconds. */
export async function findChangedCharacters(): Promise<void> {
  known ??= new Set([...findChanged(), ...(await findOtherScripts())])
}

/** Every such character. */
export function changedCharacters(): ReadonlySet<string> {
  if (!known) throw new Error("findChangedCharacters was not called")
  return known
}

function* findChanged(): Generator<string> {
  const peer = requirePeer("@anush008/tokenizers") as RustParts
  const normalizer = (json: object) => buildPart(NORMALIZERS, json, "normalizer")
  const cutter = (json: object) => buildPart(PRE_TOKENIZERS, json, "pre_tokenizer")
  const rewriters = [
    [peer.nfdNormalizer(), normalizer({ type: "NFD" })],
    [peer.nfkcNormalizer(), normalizer({ type: "NFKC" })],
    [peer.lowercase(), normalizer({ type: "Lowercase" })],
    [peer.stripAccentsNormalizer(), normalizer({ type: "StripAccents" })],
    [peer.bertNormalizer({}), normalizer({ type: "BertNormalizer" })],
  ] as const
  const cutters = [
    [peer.bertPreTokenizer(), cutter({ type: "BertPreTokenizer" })],
    [peer.whitespacePreTokenizer(), cutter({ type: "Whitespace" })],
    [peer.digitsPreTokenizer(true), cutter({ type: "Digits", individual_digits: true })],
    [peer.byteLevelPreTokenizer(false, true), cutter({ type: "ByteLevel", add_prefix_space: false })],
  ] as const
  for (const character of BLOCKS.flatMap(charactersOf)) {
    // A mark of any class changes places with one of class 1 before it or one of class 232 behind it.
    const text = `a\u0315${character}x${character}\u0334 ${character}1`
    const same =
      rewriters.every(([theirs, ours]) => theirs.normalizeString(text) === ours.normalize(text)) &&
      cutters.every(([theirs, ours]) => {
        const pieces = theirs.preTokenizeString(text).map(([piece]) => piece)
        return (
          pieces.join("\n") ===
          ours
            .split(text, true)
            .map((piece) => ours.spell?.(piece) ?? piece)
            .join("\n")
        )
      })
    if (!same) yield character
  }
}

/** Characters whose script is not the same in both: told by where a text is cut of all characters,
 * each behind a Latin letter and behind a digit, which has no script of its own. */
async function findOtherScripts(): Promise<string[]> {
  const pre_tokenizer = { type: "UnicodeScripts" }
  const json = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer,
    post_processor: null,
    decoder: null,
    model: { type: "WordLevel", vocab: { "<unk>": 0 }, unk_token: "<unk>" },
  }
  const theirs = rust().fromString(JSON.stringify(json))
  const ours = Tokenizer.fromJson(json)
  const other: string[] = []
  for (const from of BLOCKS) {
    const characters = charactersOf(from)
    const text = characters.map((character) => `a${character}1${character}`).join("")
    const cuts = (offsets: readonly (readonly [number, number])[]) => new Set(offsets.flat())
    const [left, right] = [
      cuts((await theirs.encode(text)).getOffsets()),
      cuts(ours.encodeFull(text, { offsetUnit: "characters" }).offsets),
    ]
    characters.forEach((character, index) => {
      if ([1, 2, 3].some((place) => left.has(4 * index + place) !== right.has(4 * index + place))) other.push(character)
    })
  }
  return other
}
