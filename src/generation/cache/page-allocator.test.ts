import fc from "fast-check"
import { expect, test } from "vitest"
import { PageAllocator } from "./page-allocator.ts"
import { SequencePages } from "./sequence-pages.ts"

test("no page is ever two sequences', and every page comes back", () => {
  const steps = fc.array(fc.record({ sequence: fc.nat(3), length: fc.nat(400), ends: fc.boolean() }), { maxLength: 60 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), steps, (capacity, plan) => {
      const allocator = new PageAllocator(capacity)
      const sequences = Array.from({ length: 4 }, () => ({ pages: new SequencePages(allocator), length: 0 }))
      for (const { sequence, length, ends } of plan) {
        const one = sequences[sequence]
        if (ends) {
          one.pages.release()
          one.length = 0
        } else if (one.pages.missing(length) <= allocator.free) {
          one.pages.reserve(length)
          one.length = Math.max(one.length, length)
        } else expect(() => one.pages.reserve(length)).toThrow(/CACHE_FULL/)
        const slots = sequences.flatMap(({ pages, length }) =>
          Array.from({ length }, (_, position) => pages.slotOf(position)),
        )
        expect(new Set(slots).size).toBe(slots.length)
        expect(slots.every((slot) => slot >= 0 && slot < capacity * 64)).toBe(true)
        expect(allocator.free + sequences.reduce((sum, { pages }) => sum + pages.count, 0)).toBe(capacity)
      }
      for (const { pages } of sequences) pages.release()
      expect(allocator.free).toBe(capacity)
    }),
    { numRuns: 100 },
  )
})

test("a full cache says so in one line", () => {
  const allocator = new PageAllocator(1)
  allocator.take()
  expect(() => allocator.take()).toThrow(
    "key-value cache: wanted a free page; came 1 pages, all taken; let a sequence end first, or make the cache larger. [CACHE_FULL]",
  )
})

test("giving a page back twice is a fault of ours", () => {
  const allocator = new PageAllocator(2)
  const page = allocator.take()
  allocator.release([page])
  expect(() => allocator.release([page])).toThrow(/INTERNAL/)
})
