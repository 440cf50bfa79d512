/** Numbered items by a score that may rise and fall, highest first; ties by the caller's order. A binary heap that knows where each item stands. */
const ABSENT = -1

export class ScoreHeap {
  readonly #precedes: (item: number, other: number) => boolean
  readonly #items: number[] = []
  /** Score of each item, by item. */
  readonly #scores: number[] = []
  /** Where each item stands in `#items`, or ABSENT. */
  readonly #places: number[] = []

  /** @param precedes  whether `item` comes before `other` when their scores are equal */
  constructor(precedes: (item: number, other: number) => boolean) {
    this.#precedes = precedes
  }

  /** The item with the highest score, which stays. */
  get top(): number | undefined {
    return this.#items[0]
  }

  /** Puts an item in, or gives one that is in another score. */
  set(item: number, score: number): void {
    while (this.#places.length <= item) {
      this.#places.push(ABSENT)
      this.#scores.push(0)
    }
    this.#scores[item] = score
    let place = this.#places[item]
    if (place === ABSENT) {
      place = this.#items.length
      this.#items.push(item)
    }
    this.#sink(item, this.#rise(item, place))
  }

  /** Takes an item out; one that is not in is no matter. */
  remove(item: number): void {
    const place = this.#places[item] ?? ABSENT
    if (place === ABSENT) return
    this.#places[item] = ABSENT
    const last = this.#items.pop() as number
    if (last !== item) this.#sink(last, this.#rise(last, place))
  }

  #isBefore(item: number, other: number): boolean {
    const difference = this.#scores[item] - this.#scores[other]
    return difference > 0 || (difference === 0 && this.#precedes(item, other))
  }

  /** Moves an item towards the top from `place` as far as it belongs; returns where it stands then. */
  #rise(item: number, from: number): number {
    const items = this.#items
    let place = from
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!this.#isBefore(item, items[parent])) break
      items[place] = items[parent]
      this.#places[items[place]] = place
      place = parent
    }
    items[place] = item
    this.#places[item] = place
    return place
  }

  #sink(item: number, from: number): void {
    const items = this.#items
    let place = from
    for (;;) {
      let child = 2 * place + 1
      if (child >= items.length) break
      if (child + 1 < items.length && this.#isBefore(items[child + 1], items[child])) child += 1
      if (!this.#isBefore(items[child], item)) break
      items[place] = items[child]
      this.#places[items[place]] = place
      place = child
    }
    items[place] = item
    this.#places[item] = place
  }
}
