/** Text of numbers as people and programs write them; always the same. */

const LINES = 1500

/** Integers, decimals, dates, times, money, measures, hexadecimal, tables: one of each in turn, a line each. */
export function numbersText(): string {
  const next = linearCongruential(1)
  const below = (limit: number) => Math.floor(next() * limit)
  const padded = (value: number, digits = 2) => String(value).padStart(digits, "0")
  const magnitude = () => below(10 ** (1 + below(9)))
  const date = () => `${1800 + below(300)}-${padded(1 + below(12))}-${padded(1 + below(28))}`
  const kinds: readonly (() => string)[] = [
    () => `${magnitude()}`,
    () => `${(next() * 10 ** below(6)).toFixed(1 + below(6))}`,
    () => `-${next().toFixed(3)} ± ${(next() / 10).toFixed(3)}`,
    () => `${magnitude().toLocaleString("en-US")}`,
    () => `${date()}T${padded(below(24))}:${padded(below(60))}:${padded(below(60))}Z`,
    () => `${1 + below(12)}/${1 + below(28)}/${padded(below(100))}, ${below(24)}:${padded(below(60))}`,
    () => `$${(next() * 10 ** (1 + below(5))).toFixed(2)}`,
    () => `${(next() * 100).toFixed(1)}% of ${magnitude()} kg`,
    () =>
      `0x${below(2 ** 31)
        .toString(16)
        .padStart(8, "0")}`,
    () => `${(next() * 10).toFixed(4)}e${below(2) ? "-" : "+"}${padded(below(40))}`,
    () => `${below(256)}.${below(256)}.${below(256)}.${below(256)}:${1024 + below(60000)}`,
    () => Array.from({ length: 6 }, () => below(1000)).join("\t"),
    () => Array.from({ length: 5 }, () => (next() * 100).toFixed(2)).join(", "),
    () => `| ${date()} | ${below(100)} | ${(next() * 10).toFixed(1)} |`,
    () => `${1 + below(99)} × ${1 + below(99)} = ${below(9801)}`,
  ]
  return Array.from({ length: LINES }, (_, line) => `${kinds[line % kinds.length]()}\n`).join("")
}

/** Numbers from 0 to below 1; Numerical Recipes' constants. */
function linearCongruential(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
