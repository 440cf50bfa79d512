/** Damaged files: from valid ones by changing bytes or the values they spell, and from nothing. */
import type { Random } from "./random.ts"

/** No input is longer than this. */
export const LONGEST_INPUT = 4096

const INTERESTING_BYTES = [0, 1, 0x20, 0x22, 0x2c, 0x3a, 0x5b, 0x5c, 0x7b, 0x7d, 0x7f, 0x80, 0xc0, 0xfe, 0xff]

/** Changes some bytes of `bytes`: flips, inserts, removes, repeats, cuts, or joins it with `other`. */
export function mutateBytes(
  bytes: Uint8Array,
  other: Uint8Array,
  words: readonly string[],
  random: Random,
): Uint8Array {
  let result = [...bytes]
  const rounds = 1 + random.below(6)
  for (let round = 0; round < rounds; round++) {
    const at = random.below(result.length + 1)
    const some = 1 + random.below(random.chance(4) ? 400 : 8)
    switch (random.below(9)) {
      case 0:
        if (at < result.length) result[at] ^= 1 << random.below(8)
        break
      case 1:
        if (at < result.length) result[at] = random.pick(INTERESTING_BYTES)
        break
      case 2:
        result.splice(at, some)
        break
      case 3:
        result.splice(at, 0, ...result.slice(at, at + some))
        break
      case 4:
        result.splice(at, 0, ...Buffer.from(random.pick(words)))
        break
      case 5:
        result.splice(at, 0, ...Array.from({ length: some }, () => random.below(256)))
        break
      case 6:
        result.splice(at, 0, ...new Array(some).fill(random.pick(INTERESTING_BYTES)))
        break
      case 7:
        if (random.chance(3)) result = result.slice(0, at)
        break
      default:
        result.splice(at, some, ...other.slice(random.below(other.length)).slice(0, some))
    }
  }
  return Uint8Array.from(result.slice(0, LONGEST_INPUT))
}

/** Bytes without any form, sometimes of one kind. */
export function randomBytes(random: Random): Uint8Array {
  const length = random.below(random.chance(4) ? LONGEST_INPUT + 1 : 64)
  const alphabet = random.pick([
    "",
    '{}[]",: 01eE+-.tfn\\u',
    "- ?:&*!|>'\"%@`#{}[],\n\t ab1~<",
    "{",
    "[",
    '{"a":',
    "- ",
  ])
  if (alphabet === "") return Uint8Array.from({ length }, () => random.below(256))
  if (random.chance(2)) return new Uint8Array(Buffer.from(alphabet.repeat(length))).subarray(0, length)
  return Uint8Array.from({ length }, () => alphabet.charCodeAt(random.below(alphabet.length)))
}

type Json = unknown

const NUMBERS = [0, -0, 1, -1, 2, 0.5, 255, 256, 65536, 2 ** 21, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53, 1e308, 1e-320]
const TEXTS = [
  "",
  " ",
  "a",
  "\u0000",
  "\ud800",
  "😀",
  "é",
  "../..",
  "/dev/zero",
  ".",
  "__proto__",
  "constructor",
  "1e999",
]

function randomValue(words: readonly string[], random: Random, depth = 0): Json {
  switch (random.below(depth > 2 ? 6 : 10)) {
    case 0:
      return null
    case 1:
      return random.chance(2)
    case 2:
      return random.pick(NUMBERS)
    case 3:
      return random.below(1000) - 20
    case 4:
      return random.pick(TEXTS)
    case 5:
      return random.chance(8) ? random.pick(words).repeat(random.below(60)) : random.pick(words)
    case 6:
      return Array.from({ length: random.below(4) }, () => randomValue(words, random, depth + 1))
    case 7:
      return nested(random.below(random.chance(40) ? 600 : 12), random.chance(2))
    default:
      return Object.fromEntries(
        Array.from({ length: random.below(4) }, () => [
          random.pick(random.chance(3) ? TEXTS : words),
          randomValue(words, random, depth + 1),
        ]),
      )
  }
}

function nested(depth: number, asList: boolean): Json {
  let value: Json = 0
  for (let level = 0; level < depth; level++) value = asList ? [value] : { a: value }
  return value
}

/** Places in a value: who holds it and under which key. */
function placesIn(value: Json, places: { holder: Record<string, Json>; key: string }[] = []) {
  if (typeof value === "object" && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      places.push({ holder: value as Record<string, Json>, key })
      placesIn(child, places)
    }
  }
  return places
}

/** Changes some of the values, keys and lists inside `value`, which is not touched itself. */
export function mutateValue(value: Json, words: readonly string[], random: Random): Json {
  if (random.chance(40)) return randomValue(words, random)
  const changed = structuredClone(value)
  const rounds = 1 + random.below(3)
  for (let round = 0; round < rounds; round++) {
    const places = placesIn(changed)
    if (places.length === 0) return randomValue(words, random)
    const { holder, key } = random.pick(places)
    const other = random.pick(places)
    switch (random.below(7)) {
      case 0:
        if (Array.isArray(holder)) holder.splice(Number(key), 1)
        else delete holder[key]
        break
      case 1:
        set(holder, random.pick(random.chance(3) ? TEXTS : words), holder[key])
        delete holder[key]
        break
      case 2:
        set(holder, random.pick(random.chance(3) ? TEXTS : words), randomValue(words, random))
        break
      case 3:
        set(holder, key, structuredClone(other.holder[other.key]))
        break
      case 4:
        if (Array.isArray(holder)) holder.push(structuredClone(holder[Number(key)]))
        else set(holder, key, [holder[key], holder[key]])
        break
      case 5:
        if (typeof holder[key] === "number") set(holder, key, (holder[key] as number) + random.pick([-1, 1, 8, -8]))
        else if (typeof holder[key] === "string") set(holder, key, `${holder[key]}${random.pick(TEXTS)}`)
        else set(holder, key, randomValue(words, random))
        break
      default:
        set(holder, key, randomValue(words, random))
    }
  }
  return changed
}

/** As JSON.parse does: `__proto__` becomes a key like any other. */
function set(holder: Record<string, Json>, key: string, value: Json): void {
  if (Array.isArray(holder) && !(/^\d+$/.test(key) && Number(key) <= holder.length)) {
    holder.push(value) // lists have no other keys in JSON, and no gaps
    return
  }
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true })
}
