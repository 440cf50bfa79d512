/** A set of texts by their UTF-16 units, each with a number: finds those that start at a place of another text. */
import { NO_ENTRY, PairTable } from "./pair-table.ts"

/** No text ends here. */
const NOTHING = -1

export class CharTrie {
  /** (node, unit) → entry; the node it leads to is the entry plus one, and the root is 0. */
  readonly #edges: PairTable
  #values = new Int32Array(64).fill(NOTHING)
  /** 1 for the low bytes of units that some text starts with. */
  readonly #firsts = new Uint8Array(0x100)

  constructor(expectedUnits = 64) {
    this.#edges = new PairTable(expectedUnits)
  }

  /** Adds a text; a text added again takes the new number. */
  add(text: string, value: number): void {
    let node = 0
    for (let at = 0; at < text.length; at++) node = this.#edges.findOrAdd(node, text.charCodeAt(at)) + 1
    if (text !== "") this.#firsts[text.charCodeAt(0) & 0xff] = 1
    if (node >= this.#values.length) {
      const values = new Int32Array(2 * node).fill(NOTHING)
      values.set(this.#values)
      this.#values = values
    }
    this.#values[node] = value
  }

  /** Takes a text out that was added. */
  remove(text: string): void {
    let node = 0
    for (let at = 0; at < text.length && node >= 0; at++) node = this.step(node, text.charCodeAt(at))
    if (node > 0 && node < this.#values.length) this.#values[node] = NOTHING
  }

  /** Whether some text may start with a unit: false for most units that none starts with. */
  mayStartWith(unit: number): boolean {
    return this.#firsts[unit & 0xff] === 1
  }

  /** The node that `node` leads to by a unit, or −1. The root is node 0. */
  step(node: number, unit: number): number {
    const entry = this.#edges.find(node, unit)
    return entry === NO_ENTRY ? -1 : entry + 1
  }

  /** The number of the text that ends at a node, or −1. */
  valueOf(node: number): number {
    return node < this.#values.length ? this.#values[node] : NOTHING
  }

  /** The longest text that starts at `from`: its number and its end there, or undefined. */
  longestAt(text: string, from: number): { readonly value: number; readonly end: number } | undefined {
    let node = 0
    let value = NOTHING
    let end = from
    for (let at = from; at < text.length; at++) {
      node = this.step(node, text.charCodeAt(at))
      if (node < 0) break
      const here = this.valueOf(node)
      if (here === NOTHING) continue
      value = here
      end = at + 1
    }
    return value === NOTHING ? undefined : { value, end }
  }
}
