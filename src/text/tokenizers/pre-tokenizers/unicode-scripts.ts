/**
 * `UnicodeScripts`: cuts where the script of the writing changes, as SentencePiece's trainer does: Hiragana, Katakana and
 * Han count as one script, and a space belongs to whatever it is next to.
 */
import type { PartDefinition } from "../parts.ts"
import { cuttingPreTokenizer } from "./cutting.ts"
import type { PreTokenizer } from "./index.ts"

/** The scripts that are told apart, by Unicode's names; characters of any other belong to whatever they are next to. */
const SCRIPTS = `
  Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki
  Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee Common
  Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari Duployan Egyptian_Hieroglyphs Elbasan Ethiopic Georgian
  Glagolitic Gothic Grantha Greek Gujarati Gurmukhi Han Hangul Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic
  Inherited Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kayah_Li Kharoshthi
  Khmer Khojki Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Malayalam Mandaic
  Manichaean Marchen Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro
  Multani Myanmar Nabataean New_Tai_Lue Newa Nko Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian
  Old_Permic Old_Persian Old_South_Arabian Old_Turkic Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau
  Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting
  Sinhala Sora_Sompeng Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangut
  Telugu Thaana Thai Tibetan Tifinagh Tirhuta Ugaritic Vai Warang_Citi Yi
`
  .trim()
  .split(/\s+/)

/** What has no script of its own. */
const ANY = "Any"

let patterns: readonly (readonly [name: string, pattern: RegExp])[] | undefined
const known = new Map<string, string>()

export const unicodeScriptsPreTokenizer: PartDefinition<PreTokenizer> = {
  type: "UnicodeScripts",
  build: () => cuttingPreTokenizer(rangesByScript, { type: "UnicodeScripts" }),
}

/** The pieces of a text; what stands before its first character with a script is left out, as in the Rust library. */
function rangesByScript(text: string): number[] {
  const starts: number[] = []
  let last: string | undefined
  let at = 0
  for (const character of text) {
    const script = scriptOf(character)
    if (script !== ANY) {
      if (script !== last) starts.push(at)
      last = script
    }
    at += character.length
  }
  return starts.flatMap((start, index) => [start, starts[index + 1] ?? text.length])
}

function scriptOf(character: string): string {
  if (character === " ") return ANY
  if (character === "\u30fc") return "Han" // the mark of a long vowel
  let script = known.get(character)
  if (script === undefined) {
    patterns ??= SCRIPTS.map((name) => [name, new RegExp(`^\\p{Script=${name}}`, "u")])
    const name = patterns.find(([, pattern]) => pattern.test(character))?.[0] ?? ANY
    script = name === "Hiragana" || name === "Katakana" ? "Han" : name
    if (known.size >= 0x10000) known.clear()
    known.set(character, script)
  }
  return script
}
