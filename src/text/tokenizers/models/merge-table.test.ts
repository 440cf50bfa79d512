/** Both ways to apply merges give the same. */
import fc from "fast-check"
import { expect, test } from "vitest"
import { MergeTable } from "./bpe.ts"

test("the heap and the scan agree", () => {
  const pair = fc.tuple(fc.nat(5), fc.nat(5))
  fc.assert(
    fc.property(
      fc.uniqueArray(pair, { selector: String, maxLength: 12 }),
      fc.array(fc.nat(5), { maxLength: 48 }),
      (pairs, symbols) => {
        // Joined pieces stay among the first ids, so that merges build on merges.
        const table = new MergeTable(pairs.length)
        for (const [rank, [left, right]] of pairs.entries()) table.add(left, right, (left + right + rank) % 8)
        expect(table.applyByHeap(symbols)).toEqual(table.applyByScan([...symbols]))
      },
    ),
    { numRuns: 1000 },
  )
})
