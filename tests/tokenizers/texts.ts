/** Texts that are hard to cut: by hand, and any number made from a seed. */
import { Random } from "../fuzz/random.ts"

/** Twenty scripts, by ranges of characters that Unicode has had for long. */
const SCRIPTS: readonly (readonly [first: number, last: number])[] = [
  [0x61, 0x7a],
  [0x41, 0x5a],
  [0xc0, 0x17f],
  [0x391, 0x3c9],
  [0x410, 0x44f],
  [0x531, 0x556],
  [0x5d0, 0x5ea],
  [0x620, 0x64a],
  [0x905, 0x939],
  [0x985, 0x9b9],
  [0xa85, 0xab9],
  [0xb85, 0xbb9],
  [0xc05, 0xc39],
  [0xe01, 0xe30],
  [0xe81, 0xeae],
  [0xf40, 0xf69],
  [0x10a0, 0x10ff],
  [0x1200, 0x1248],
  [0x1780, 0x17b3],
  [0x3041, 0x3096],
  [0x30a1, 0x30fa],
  [0x4e00, 0x9fa5],
  [0xac00, 0xd7a3],
  [0x10330, 0x1034a],
  [0x20000, 0x2a6d6],
]
const MARKS = [..."\u0300\u0301\u0308\u0323\u0327\u0331\u0345\u093f\u094d\u0e31\u0e48\u064b\u0651\u05b0\u20e3"]
const SPACES = [..."      \t\n\r\n\u00a0\u1680\u2003\u2028\u2029\u202f\u3000\u0085"]
const INVISIBLE = [..."\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad\u061c\ufe0f\ufe0e"]
const CONTROLS = [..."\0\u0001\u0007\b\u001b\u007f\u0080\u009f"]
const PUNCTUATION = [..."!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~¡§«»¿‐–—‘’“”…‹›、。「」！＂，．・"]
const NUMBERS = [..."0123456789٠١٢०१२৭๓Ⅷ½①²₄〇𝟘𝟙🄂"]
const EMOJI = ["😀", "👍🏽", "👩‍🚀", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "1️⃣", "❤️", "🫠", "©", "™"]
const COMPATIBILITY = [..."ﬁﬃ①㎏㌀Ａｱﾞℵ™Åﬀ²ªẛ̣ǅĲŉſßİıΣςΩ한"]
const WORDS = [
  ..."the and of I'm don't you're it's we'll WE'LL they'D O'Neil 'tis rock'n'roll naïve coöperate straße".split(" "),
  ..."function() => { return x[i] += 1 } // comment".split(" "),
  ..."camelCase XMLHttpRequest snake_case_name CONSTANT_NAME 3.14159 1,000,000 2026-01-31 0xDEADBEEF".split(" "),
]
const MARKUP = [
  "<s>",
  "</s>",
  "<unk>",
  "<bos>",
  "<|im_start|>",
  "<|endoftext|>",
  "<|begin_of_text|>",
  "[CLS]",
  "[MASK]",
]
const LITERALS = ["▁", "▁▁", "##ing", "Ġ", "Ċ", "<0x0A>", "<0xZZ>", "\\n", "{{", "}}"]

/** Texts of many kinds, long ones among them. */
export const HARD_TEXTS: readonly string[] = [
  "",
  " ",
  "a",
  "Hello, world!",
  "e\u0301\u0308 \u200b\u200d\ufeff\u0085\u00a0\u2028x",
  "a\u0327\u0301\u0323 q\u0307\u0323 \u1e9b\u0323 \uac00\u11a8 \u1100\u1161\u11a8",
  EMOJI.join(" ") + EMOJI.join(""),
  CONTROLS.join("") + INVISIBLE.join(""),
  "'S 'ſ I'LL'd can't 're'Ve''s' s'",
  "\n \n\n  \t x\r\n\r\n   \n  y  ",
  "العربية بالتشكيل: كِتَابٌ، שלום עולם 123 abc",
  "日本語のテキスト、中文文本。한국어 텍스트",
  "ﬁ ½ ① ㎏ Å ñ ệ ǅ İ ΑΣ ΣΑΣ ß",
  " ".repeat(10_000),
  "\n".repeat(300),
  `x${" ".repeat(257)}y`,
  "ab".repeat(500),
  "a".repeat(10_000),
  "é".repeat(1000),
  "🙂".repeat(300),
  "1234567890".repeat(40),
  "Donaudampfschifffahrtsgesellschaftskapitän".repeat(4),
  "function sail(ship: string) {\n\treturn ship + '!'   // naïve café 日本語 👩‍🚀\r\n}\n\n\n",
  "<s>hi</s> <|im_start|>user\nx<|im_end|><bos> y<0x0A> ▁▁ z [CLS] w [SEP]",
  WORDS.join(" "),
]

/** A text made from a seed and a number: a few pieces of any kind, mostly short. */
export function madeText(seed: number, number: number): string {
  const random = new Random(seed, number)
  let text = ""
  for (let left = 1 + random.below(random.chance(8) ? 40 : 10); left > 0; left--) text += madePiece(random)
  return text
}

function madePiece(random: Random): string {
  switch (random.below(16)) {
    case 0:
      return random.pick(SPACES).repeat(1 + random.below(3))
    case 1:
      return random.pick(MARKS)
    case 2:
      return random.pick(EMOJI)
    case 3:
      return random.pick(INVISIBLE)
    case 4:
      return random.pick(PUNCTUATION).repeat(1 + random.below(3))
    case 5:
      return Array.from({ length: 1 + random.below(5) }, () => random.pick(NUMBERS)).join("")
    case 6:
      return random.pick(COMPATIBILITY)
    case 7:
      return random.pick(random.chance(2) ? MARKUP : LITERALS)
    case 8:
      return random.chance(3) ? random.pick(CONTROLS) : anyCharacter(random)
    case 9:
    case 10:
      return ` ${random.pick(WORDS)}`
    case 11:
      return " "
    default: {
      const [first, last] = random.pick(SCRIPTS)
      let word = ""
      for (let left = 1 + random.below(6); left > 0; left--)
        word +=
          String.fromCodePoint(first + random.below(last - first + 1)) + (random.chance(9) ? random.pick(MARKS) : "")
      return word
    }
  }
}

function anyCharacter(random: Random): string {
  const code = random.chance(2) ? random.below(0x3000) : random.below(0x110000)
  return code >= 0xd800 && code <= 0xdfff ? "\ufffd" : String.fromCodePoint(code)
}
