/** GLOSSA_CHECK=memory: after its last reader, every place is filled with NaN, so that a read too late is seen. */
import { type Instruction, type Plan, ValueFactory } from "../plan/index.ts"
import { elementBytes } from "../tensor/index.ts"

/** The plan's instructions with a fill after each death, except where something living shares the place. */
export function poisonDeadPlaces(plan: Plan): Instruction[] {
  const factory = new ValueFactory()
  const { offsets, deaths } = plan.places
  return plan.instructions.flatMap((instruction, index) => {
    const justMade = new Set(instruction.outputs.map(({ value }) => offsets.get(value)))
    const dead = deaths[index].filter(
      (value) =>
        // The condition of the updates is read once more when the run has ended.
        value !== plan.predicate?.value &&
        (!justMade.has(offsets.get(value)) || instruction.outputs.some((output) => output.value === value)),
    )
    const fills = dead.map((value): Instruction => {
      const shape = [Math.floor(value.bytes / elementBytes("f32"))]
      const poisoned = factory.make(shape, "f32", { kind: "arena" }, value.origin)
      ;(offsets as Map<unknown, number>).set(poisoned, offsets.get(value) as number)
      return {
        kernel: "fill",
        outputs: [{ value: poisoned, shape }],
        inputs: [],
        ints: [],
        floats: [Number.NaN],
        mayReuse: [],
        origin: `poison of ${value.origin}`,
        operations: 0,
      }
    })
    return [instruction, ...fills]
  })
}
