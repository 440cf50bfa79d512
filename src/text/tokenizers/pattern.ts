/**
 * Split patterns as tokenizer.json writes them (Oniguruma's dialect) turned into JavaScript's, with the same meaning
 * of `\s`, `\d`, `\w` and `(?i:…)`, and the patterns of the best-known vocabularies by name.
 */
import { describeValue, tokenizerInvalid } from "./parts.ts"

const CL100K =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

const O200K = [
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
  "\\p{N}{1,3}",
  " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*",
  "\\s*[\\r\\n]+",
  "\\s+(?!\\S)",
  "\\s+",
].join("|")

/** How well-known vocabularies cut text before merging; each covers every character of any text. */
export const SPLIT_PATTERNS = {
  /** GPT-2: a word takes the space before it; digits run together. */
  gpt2: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  /** GPT-4: a word takes one character before it, digits go in threes, line ends stay apart. */
  cl100k: CL100K,
  /** GPT-4o: as cl100k, and words are cut where lower case turns to upper. */
  o200k: O200K,
  /** Llama 3: the same cuts as cl100k. */
  llama3: CL100K,
} as const

export type SplitPatternName = keyof typeof SPLIT_PATTERNS

const compiled = new Map<string, RegExp>()

/**
 * Compiles a pattern of tokenizer.json to a global, Unicode-aware JavaScript expression. One expression a pattern is
 * kept and shared, so callers must not rely on its `lastIndex`.
 *
 * @throws TOKENIZER_INVALID when the pattern is broken or uses what JavaScript cannot say
 */
export function compilePattern(source: string, where: string): RegExp {
  const known = compiled.get(source)
  if (known) return known
  let pattern: RegExp
  try {
    pattern = new RegExp(translatePattern(source), "gu")
  } catch (cause) {
    throw tokenizerInvalid(where, "a regular expression that JavaScript can run", describeValue(source), cause)
  }
  if (compiled.size >= 64) compiled.clear()
  compiled.set(source, pattern)
  return pattern
}

/** A literal text as a pattern, every character standing for itself. */
export function literalPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")
}

/** A global, Unicode-aware expression that matches a literal text. */
export function literalExpression(text: string): RegExp {
  // Unicode mode refuses needless escapes, and the hyphen needs one in classes only.
  return new RegExp(literalPattern(text).replaceAll("\\-", "-"), "gu")
}

/** Oniguruma's source in JavaScript's dialect. Unicode's White_Space is what `\s` means there, not JavaScript's list. */
export function translatePattern(source: string): string {
  let out = ""
  const ignoreCase = [false]
  let inClass = false
  for (let at = 0; at < source.length; at++) {
    const character = source[at]
    if (character === "\\") {
      const letter = source[++at] ?? ""
      const property = /^[pP](?:\{(\^?)(\w+)\}|([A-Z]))/.exec(source.slice(at, at + 40))
      if (property) {
        out += translateProperty((letter === "P") !== (property[1] === "^"), property[2] ?? property[3])
        at += property[0].length - 1
      } else out += translateEscape(letter, inClass)
    } else if (inClass) {
      if (character === "]") inClass = false
      else if (character === "[") refuse("nested character classes")
      else if (character === "&" && source[at + 1] === "&") refuse("class intersections")
      else if (character === "-" && ignoreCase.at(-1)) refuse("ranges under (?i:…)")
      out += ignoreCase.at(-1) ? bothCases(character) : character
    } else if (character === "[") {
      inClass = true
      out += character
      if (source[at + 1] === "^") out += source[++at]
      if (source[at + 1] === "]") {
        out += "\\]"
        at += 1
      }
    } else if (character === "(") {
      const group = /^\(\?(i|-i):/.exec(source.slice(at, at + 5))
      if (group) {
        ignoreCase.push(group[1] === "i")
        out += "(?:"
        at += group[0].length - 1
      } else {
        ignoreCase.push(ignoreCase.at(-1) as boolean)
        out += source.startsWith("(?>", at) ? refuse("atomic groups") : character
      }
    } else if (character === ")") {
      if (ignoreCase.length > 1) ignoreCase.pop()
      out += character
    } else if (character === "+" && /[?*+]/.test(out.at(-1) ?? "") && !/\\.$/.test(out)) {
      refuse("possessive quantifiers")
    } else if (LINE_MARKS[character]) {
      out += LINE_MARKS[character]
    } else if (ignoreCase.at(-1) && /[a-z]/i.test(character)) {
      out += `[${bothCases(character)}]`
    } else out += character
  }
  return out
}

/** What Oniguruma means by these: ends of lines, not of the text, and a line ends with `\\n` alone. */
const LINE_MARKS: Readonly<Record<string, string>> = { "^": "(?<![^\\n])", $: "(?![^\\n])", ".": "[^\\n]" }

function refuse(what: string): never {
  throw new SyntaxError(`${what} are not supported`)
}

const CLASS_ESCAPES: Readonly<Record<string, string>> = {
  s: "\\p{White_Space}",
  d: "\\p{Nd}",
  // Below U+0100, Oniguruma counts every number as part of a word.
  w: "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}²³¹¼½¾",
  h: "0-9a-fA-F",
}

const BEFORE_WORD = `(?<![${CLASS_ESCAPES["w"]}])(?=[${CLASS_ESCAPES["w"]}])`
const OUTSIDE_WORD = `(?<![${CLASS_ESCAPES["w"]}])(?![${CLASS_ESCAPES["w"]}])`

/** One escape; inside a class the sets stand bare, outside they get brackets of their own. */
function translateEscape(letter: string, inClass: boolean): string {
  const set = CLASS_ESCAPES[letter]
  if (set) return inClass ? set : `[${set}]`
  const negated = CLASS_ESCAPES[letter.toLowerCase()]
  if (negated) {
    if (!inClass) return `[^${negated}]`
    if (letter === "S" || letter === "D") return `\\P${negated.slice(2)}`
    throw new SyntaxError(`\\${letter} inside a class is not supported`)
  }
  if (letter === "A") return "(?<![^])"
  if (letter === "z") return "(?![^])"
  if (letter === "Z") return "(?=\\n?(?![^]))"
  if (letter === "b" && !inClass) return `(?:(?<=[${CLASS_ESCAPES["w"]}])(?![${CLASS_ESCAPES["w"]}])|${BEFORE_WORD})`
  if (letter === "B" && !inClass) return `(?:(?<=[${CLASS_ESCAPES["w"]}])(?=[${CLASS_ESCAPES["w"]}])|${OUTSIDE_WORD})`
  if (/[a-zA-Z0-9^$\\.*+?()[\]{}|/-]/.test(letter)) return letter === "-" && !inClass ? "-" : `\\${letter}`
  // JavaScript's Unicode mode refuses needless escapes such as `\'`.
  return letter
}

/** A Unicode property; Oniguruma names scripts bare (`\\p{Han}`), JavaScript as `\\p{Script=Han}`. */
function translateProperty(negated: boolean, name: string): string {
  const letter = negated ? "P" : "p"
  try {
    new RegExp(`\\p{${name}}`, "u")
    return `\\${letter}{${name}}`
  } catch {
    return `\\${letter}{Script=${name}}`
  }
}

/** Both cases of a letter, with the two letters outside ASCII that fold onto ASCII ones. */
function bothCases(letter: string): string {
  if (!/[a-z]/i.test(letter)) return letter
  const folded = letter.toLowerCase() === "s" ? "ſ" : letter.toLowerCase() === "k" ? "\u212a" : ""
  return letter.toLowerCase() + letter.toUpperCase() + folded
}
