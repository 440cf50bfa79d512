/** The pages of one sequence, in the order of its positions: its row of the block table. */
import { CACHE_PAGE } from "../../engine/index.ts"
import type { PageAllocator } from "./page-allocator.ts"

export class SequencePages {
  private readonly allocator: PageAllocator
  private readonly pages: number[] = []

  constructor(allocator: PageAllocator) {
    this.allocator = allocator
  }

  /** Pages held. */
  get count(): number {
    return this.pages.length
  }

  /** How many more pages are needed to hold `length` positions. */
  missing(length: number): number {
    return Math.max(0, Math.ceil(length / CACHE_PAGE) - this.pages.length)
  }

  /**
   * Takes the pages that positions 0 to `length` − 1 need.
   *
   * @throws CACHE_FULL when there are too few; those taken stay with the sequence
   */
  reserve(length: number): void {
    for (let missing = this.missing(length); missing > 0; missing--) this.pages.push(this.allocator.take())
  }

  /** Where a reserved position lives: page · 64 + place in the page. */
  slotOf(position: number): number {
    return this.pages[Math.floor(position / CACHE_PAGE)] * CACHE_PAGE + (position % CACHE_PAGE)
  }

  /** Writes the pages into a row of a block table; places beyond the last page stay as they are. */
  writeBlocks(row: Int32Array): void {
    row.set(this.pages)
  }

  /** Gives every page back. */
  release(): void {
    this.allocator.release(this.pages)
    this.pages.length = 0
  }
}
