/**
 * Who has which page. A page holds 64 positions of one sequence, in every layer at once. The scheduler asks before it
 * takes, so a full cache makes a sequence wait instead of failing.
 */
import { GlossaError, invariant } from "../../errors.ts"

export class PageAllocator {
  /** How many pages there are. */
  readonly capacity: number
  /** Pages nobody has; the one given back last is given out first, because it is still warm in the processor's cache. */
  private readonly freePages: number[]
  private readonly taken: Uint8Array

  /** @param capacity  number of pages, from 1 */
  constructor(capacity: number) {
    this.capacity = capacity
    this.freePages = Array.from({ length: capacity }, (_, index) => capacity - 1 - index)
    this.taken = new Uint8Array(capacity)
  }

  /** How many pages can be taken now. */
  get free(): number {
    return this.freePages.length
  }

  /**
   * A page that nobody has. It may hold numbers of a sequence that ended: finite ones, that nobody will read.
   *
   * @throws CACHE_FULL when every page is taken
   */
  take(): number {
    const page = this.freePages.pop()
    if (page === undefined)
      throw new GlossaError("CACHE_FULL", {
        where: "key-value cache",
        wanted: "a free page",
        came: `${this.capacity} pages, all taken`,
        fix: "let a sequence end first, or make the cache larger",
      })
    this.taken[page] = 1
    return page
  }

  /** Gives pages back. */
  release(pages: Iterable<number>): void {
    for (const page of pages) {
      invariant(this.taken[page] === 1, "key-value cache", `page ${page} given back that nobody has`)
      this.taken[page] = 0
      this.freePages.push(page)
    }
  }
}
