/** Damaged files: from valid ones by changing bytes or the values they spell, and from nothing. */
import { deserialize, serialize } from "node:v8"
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
  let result = Uint8Array.from(bytes)
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
        result = spliced(result, at, some, new Uint8Array())
        break
      case 3:
        result = spliced(result, at, 0, result.subarray(at, at + some))
        break
      case 4:
        result = spliced(result, at, 0, Buffer.from(random.pick(words)))
        break
      case 5:
        result = spliced(
          result,
          at,
          0,
          Uint8Array.from({ length: some }, () => random.below(256)),
        )
        break
      case 6:
        result = spliced(result, at, 0, new Uint8Array(some).fill(random.pick(INTERESTING_BYTES)))
        break
      case 7:
        if (random.chance(3)) result = result.slice(0, at)
        break
      default: {
        const from = random.below(other.length)
        result = spliced(result, at, some, other.subarray(from, from + some))
      }
    }
  }
  return result.slice(0, LONGEST_INPUT)
}

/** The bytes with `removed` of them at `at` taken out and others put there. */
function spliced(bytes: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array<ArrayBuffer> {
  const rest = bytes.subarray(Math.min(bytes.length, at + removed))
  const result = new Uint8Array(at + added.length + rest.length)
  result.set(bytes.subarray(0, at))
  result.set(added, at)
  result.set(rest, at + added.length)
  return result
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
class Places {
  readonly #holders: object[] = []
  readonly #keys: (string | number)[] = []

  constructor(value: Json) {
    this.#add(value)
  }

  get count(): number {
    return this.#keys.length
  }

  pick(random: Random): { holder: Record<string, Json>; key: string } {
    const place = random.below(this.count)
    return { holder: this.#holders[place] as Record<string, Json>, key: String(this.#keys[place]) }
  }

  #add(value: Json): void {
    if (Array.isArray(value)) {
      // A list that lost an entry has a gap there, which is no place.
      for (let index = 0; index < value.length; index++) if (index in value) this.#note(value, index, value[index])
    } else if (typeof value === "object" && value !== null)
      for (const [key, child] of Object.entries(value)) this.#note(value, key, child)
  }

  #note(holder: object, key: string | number, child: Json): void {
    this.#holders.push(holder)
    this.#keys.push(key)
    if (typeof child === "object") this.#add(child)
  }
}

/** A deep copy, many times faster than `structuredClone` of small values. */
const copyOf = (value: Json): Json => deserialize(serialize(value))

/** Changes some of the values, keys and lists inside `value`, which is not touched itself. */
export function mutateValue(value: Json, words: readonly string[], random: Random): Json {
  if (random.chance(40)) return randomValue(words, random)
  const changed = copyOf(value)
  const rounds = 1 + random.below(3)
  for (let round = 0; round < rounds; round++) {
    const places = new Places(changed)
    if (places.count === 0) return randomValue(words, random)
    const { holder, key } = places.pick(random)
    const other = places.pick(random)
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
        set(holder, key, copyOf(other.holder[other.key]))
        break
      case 4:
        if (Array.isArray(holder)) holder.push(copyOf(holder[Number(key)]))
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
