/**
 * The best of all paths through a text whose edges come in order of start: at each place the best few ways to it are
 * kept. Of ways that are equally good, the one whose last edge came first is the better, as for a search that keeps one.
 */

/** A token that covers a text from `start` to before `end`. */
export interface Edge {
  readonly start: number
  readonly end: number
  readonly id: number
  readonly score: number
}

/** A way to a place: its last edge, and which of the ways to that edge's start it goes on from. */
interface Way {
  readonly score: number
  readonly edge: Edge | undefined
  readonly before: Way | undefined
}

export class BestPaths {
  readonly #ways: Way[][]
  readonly #most: number

  constructor(length: number, most: number) {
    this.#ways = Array.from({ length: length + 1 }, () => [])
    this.#ways[0].push({ score: 0, edge: undefined, before: undefined })
    this.#most = most
  }

  add(edge: Edge): void {
    const into = this.#ways[edge.end]
    for (const before of this.#ways[edge.start]) {
      const score = before.score + edge.score
      let at = into.length
      while (at > 0 && score > into[at - 1].score) at -= 1
      if (at >= this.#most) return
      into.splice(at, 0, { score, edge, before })
      if (into.length > this.#most) into.pop()
    }
  }

  /** The paths through the whole text, the best first. */
  all(): { readonly score: number; readonly edges: readonly Edge[] }[] {
    return this.#ways[this.#ways.length - 1].map((last) => {
      const edges: Edge[] = []
      for (let way: Way | undefined = last; way?.edge; way = way.before) edges.push(way.edge)
      return { score: last.score, edges: edges.reverse() }
    })
  }
}
