/** The planner's memory, over random lists of instructions: no two living values share a byte. */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type Instruction, type Value, ValueFactory } from "../../src/engine/plan/index.ts"
import { ALIGNMENT, assignPlaces } from "../../src/engine/plan/places.ts"

interface Described {
  /** Sizes of what it makes. */
  readonly outputs: readonly number[]
  /** Which earlier values it reads, counted back from the last one. */
  readonly reads: readonly number[]
  readonly mayReuse: boolean
  readonly predicate: boolean
}

const shapes: fc.Arbitrary<Described[]> = fc.array(
  fc.record({
    outputs: fc.array(fc.integer({ min: 0, max: 70 }), { minLength: 1, maxLength: 3 }),
    reads: fc.array(fc.nat(12), { maxLength: 4 }),
    mayReuse: fc.boolean(),
    predicate: fc.boolean(),
  }),
  { minLength: 1, maxLength: 40 },
)

function build(described: readonly Described[]): { instructions: Instruction[]; values: Value[] } {
  const factory = new ValueFactory()
  const values: Value[] = []
  const operand = (value: Value) => ({ value, shape: value.shape })
  const instructions = described.map(({ outputs, reads, mayReuse, predicate }): Instruction => {
    const known = [...values]
    const inputs = reads.filter((back) => back < known.length).map((back) => operand(known[known.length - 1 - back]))
    const made = outputs.map((size) => factory.make([size], "f32", { kind: "arena" }, "made"))
    values.push(...made)
    return {
      kernel: "elementwise",
      outputs: made.map(operand),
      inputs,
      ints: [],
      floats: [],
      mayReuse: mayReuse ? made.flatMap((_, output) => inputs.map((__, index) => [output, index] as const)) : [],
      origin: "made",
      operations: 0,
      ...(predicate && known.length > 0 ? { guard: { kind: "predicate", operand: operand(known[0]) } as const } : {}),
    }
  })
  return { instructions, values }
}

/** First and last instruction at which each value must be whole. */
function lives({ instructions, values }: ReturnType<typeof build>, kept: readonly Value[]) {
  return new Map(
    values.map((value) => {
      const touched = instructions.flatMap(({ inputs, outputs, guard }, index) => {
        const operands = [...inputs, ...outputs, ...(guard?.kind === "predicate" ? [guard.operand] : [])]
        return operands.some((operand) => operand.value === value) ? [index] : []
      })
      const last = kept.includes(value) ? instructions.length - 1 : (touched.at(-1) as number)
      return [value, { first: touched[0], last }]
    }),
  )
}

describe("places", () => {
  test("of living values never overlap, are aligned and lie within the arena", () => {
    fc.assert(
      fc.property(shapes, fc.nat(5), (described, keep) => {
        const built = build(described)
        const kept = built.values.filter((_, index) => index % 7 === keep)
        const { offsets, arenaBytes } = assignPlaces(built.instructions, kept)
        const life = lives(built, kept)
        for (const value of built.values) {
          const offset = offsets.get(value) as number
          expect(offset % ALIGNMENT).toBe(0)
          expect(offset + value.bytes).toBeLessThanOrEqual(arenaBytes)
        }
        for (const [index, left] of built.values.entries())
          for (const right of built.values.slice(index + 1)) {
            const [a, b] = [offsets.get(left) as number, offsets.get(right) as number]
            const apart = a + left.bytes <= b || b + right.bytes <= a
            const [l, r] = [life.get(left)!, life.get(right)!]
            // Made where the other is read for the last time: in place, which the instruction must allow.
            const { mayReuse, inputs, outputs } = built.instructions[r.first]
            const inPlace =
              l.last === r.first &&
              mayReuse.some(([to, from]) => outputs[to].value === right && inputs[from].value === left)
            const together = l.first <= r.last && r.first <= l.last && !inPlace
            if (together && !apart) throw new Error(`value ${left.id} at ${a} and value ${right.id} at ${b} overlap`)
          }
      }),
      { numRuns: 300, seed: 1 },
    )
  })

  test("report each death once, after the last reader", () => {
    fc.assert(
      fc.property(shapes, (described) => {
        const built = build(described)
        const { deaths } = assignPlaces(built.instructions, [])
        const life = lives(built, [])
        const seen = deaths.flatMap((dead, index) => dead.map((value) => [value, index] as const))
        expect(seen.length).toBe(built.values.length)
        for (const [value, index] of seen) expect(index).toBe(life.get(value)?.last)
      }),
      { numRuns: 200, seed: 2 },
    )
  })

  test("are shared where lives do not meet", () => {
    const chain = Array.from({ length: 30 }, () => ({ outputs: [64], reads: [0], mayReuse: false, predicate: false }))
    expect(assignPlaces(build(chain).instructions, []).arenaBytes).toBe(2 * 256)
    const inPlace = chain.map((step) => ({ ...step, mayReuse: true }))
    expect(assignPlaces(build(inPlace).instructions, []).arenaBytes).toBe(256)
  })
})
