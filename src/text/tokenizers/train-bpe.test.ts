/** Training: the merges a person would find by hand, the same ones every time, and clear refusals. */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { MergeTable } from "./models/bpe.ts"
import { learnMerges, trainBpe } from "./train-bpe.ts"

/** Learns without the fast structures: recounts everything before every merge. The referee. */
function learnPlainly(words: readonly string[], counts: readonly number[], merges: number): string[] {
  const pieces = words.map((word) => [...word].map((character) => character.charCodeAt(0)))
  const tokens = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
  const learned: string[] = []
  while (learned.length < merges) {
    const totals = new Map<string, number>()
    pieces.forEach((piece, index) => {
      for (let at = 0; at + 1 < piece.length; at++) {
        const key = `${piece[at]} ${piece[at + 1]}`
        totals.set(key, (totals.get(key) ?? 0) + counts[index])
      }
    })
    let best: [number, number, number] | undefined
    for (const [key, total] of totals) {
      const [left, right] = key.split(" ").map(Number)
      if (total < 2) continue
      const wins =
        !best || total > best[2] || (total === best[2] && (left < best[0] || (left === best[0] && right < best[1])))
      if (wins) best = [left, right, total]
    }
    if (!best) break
    const [left, right] = best
    const token = tokens[left] + tokens[right]
    if (!tokens.includes(token)) {
      tokens.push(token)
      learned.push(token)
    }
    const joined = tokens.indexOf(token)
    for (const piece of pieces) {
      for (let at = 0; at + 1 < piece.length; at++) {
        if (piece[at] === left && piece[at + 1] === right) piece.splice(at, 2, joined)
      }
    }
  }
  return learned
}

describe("learning merges", () => {
  test("equals recounting everything before every merge", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 14 })
    const entry = fc.record({ word, count: fc.integer({ min: 1, max: 5 }) })
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: ({ word }) => word, minLength: 1, maxLength: 12 }), (entries) => {
        const texts = entries.map(({ word }) => word)
        const counts = entries.map(({ count }) => count)
        const settings = { vocabularySize: 256 + 20, minimumFrequency: 2, specialTokens: [] }
        const { tokens } = learnMerges({ texts, counts }, settings)
        expect(tokens.slice(256)).toEqual(learnPlainly(texts, counts, 20))
      }),
      { numRuns: 500 },
    )
  })

  test("ties go to the lower left id, then the lower right id", () => {
    const settings = { vocabularySize: 260, minimumFrequency: 2, specialTokens: [] }
    const { tokens } = learnMerges({ texts: ["xy", "ab", "ac", "b!"], counts: [3, 3, 3, 3] }, settings)
    expect(tokens.slice(256)).toEqual(["ab", "ac", "b!", "xy"])
  })

  test("a merge is never spelled like a special token", async () => {
    const tokenizer = await trainBpe(["the the the the"], {
      vocabularySize: 300,
      specialTokens: ["the"],
      splitPattern: "\\w+",
    })
    expect(tokenizer.encode("the", { parseSpecialTokens: false })).not.toContain(0)
    expect(tokenizer.decode(tokenizer.encode("the"))).toBe("the")
  })
})

describe("merging", () => {
  test("the heap and the scan agree", () => {
    const pair = fc.tuple(fc.nat(5), fc.nat(5))
    fc.assert(
      fc.property(
        fc.uniqueArray(pair, { selector: String, maxLength: 12 }),
        fc.array(fc.nat(5), { maxLength: 60 }),
        (pairs, symbols) => {
          // Joined pieces stay among the first ids, so that merges build on merges.
          const table = new MergeTable(pairs.map(([left, right], rank) => [left, right, (left + right + rank) % 8]))
          expect(table.applyByHeap(symbols)).toEqual(table.applyByScan([...symbols]))
        },
      ),
      { numRuns: 1000 },
    )
  })
})

describe("trainBpe", () => {
  const texts = Array.from({ length: 40 }, (_, index) => `the ${index} whales swam; the whalers' boats followed them\n`)

  test("gives the same tokenizer for documents in any order, as text, bytes or an asynchronous stream", async () => {
    const options = { vocabularySize: 320 }
    const first = JSON.stringify((await trainBpe(texts, options)).toJson())
    expect(JSON.stringify((await trainBpe(texts.toReversed(), options)).toJson())).toBe(first)
    expect(
      JSON.stringify(
        (
          await trainBpe(
            texts.map((text) => Buffer.from(text)),
            options,
          )
        ).toJson(),
      ),
    ).toBe(first)
    async function* stream() {
      yield* texts
    }
    expect(JSON.stringify((await trainBpe(stream(), options)).toJson())).toBe(first)
  })

  test("reaches the size asked for, or stops when no pair is met often enough", async () => {
    expect((await trainBpe(texts, { vocabularySize: 300 })).vocabularySize).toBe(300)
    expect((await trainBpe(["ab"], { vocabularySize: 1000 })).vocabularySize).toBe(20 + 256)
    expect((await trainBpe(["ab"], { vocabularySize: 1000, minimumFrequency: 1 })).vocabularySize).toBe(20 + 257)
  })

  test("tells how far it is", async () => {
    const seen: string[] = []
    await trainBpe(texts, {
      vocabularySize: 300,
      onProgress: ({ stage, done, total }) => seen.push(`${stage} ${done} ${total}`),
    })
    expect(seen).toContain("count 40 undefined")
    expect(seen.at(-1)).toBe("merge 24 24")
  })

  test("refuses what it cannot do in one line", async () => {
    await expect(trainBpe(texts, { vocabularySize: 200 })).rejects.toThrow(
      /wanted at least 276.*came 200.*TOKENIZER_TOO_SMALL/,
    )
    await expect(trainBpe(texts, { vocabularySize: 300.5 })).rejects.toThrow(/whole number.*300.5.*RECIPE_INVALID/)
    await expect(trainBpe(["", ""], { vocabularySize: 300 })).rejects.toThrow(/CORPUS_EMPTY/)
    await expect(trainBpe(texts, { vocabularySize: 300, splitPattern: "(" })).rejects.toThrow(
      /splitPattern.*TOKENIZER_INVALID/,
    )
    await expect(trainBpe(texts, { vocabularySize: 300, specialTokens: ["x", "<e>"] })).rejects.toThrow(
      /no byte is spelled/,
    )
    await expect(
      trainBpe(texts, { vocabularySize: 300, specialTokens: ["<e>"], roles: { bos: "<b>" } }),
    ).rejects.toThrow(/roles\.bos: wanted one of the special tokens/)
  })
})
