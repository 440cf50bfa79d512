/** Places: when each value of the arena lives, which ones share memory, and at which byte each lies. */
import type { Instruction, Operand, Value } from "./instruction.ts"

/** Bytes every place is a multiple of: one cache line, one vector. */
export const ALIGNMENT = 64

export interface Places {
  readonly offsets: ReadonlyMap<Value, number>
  readonly arenaBytes: number
  /** For each instruction, the values that nothing reads after it. */
  readonly deaths: readonly (readonly Value[])[]
}

/** One stretch of memory and the instructions during which something in it is alive. */
interface Place {
  readonly values: Value[]
  readonly bytes: number
  readonly first: number
  last: number
  offset: number
}

/** `kept` values stay alive to the end of the run. */
export function assignPlaces(instructions: readonly Instruction[], kept: readonly Value[]): Places {
  const lastUse = lastUses(instructions)
  for (const value of kept) lastUse.set(value, instructions.length - 1)
  const places = buildPlaces(instructions, lastUse)
  let arenaBytes = 0
  const settled: Place[] = []
  for (const place of [...places].sort((left, right) => right.bytes - left.bytes || left.first - right.first)) {
    place.offset = lowestGap(place, settled)
    settled.push(place)
    arenaBytes = Math.max(arenaBytes, place.offset + place.bytes)
  }
  const offsets = new Map(places.flatMap(({ values, offset }) => values.map((value) => [value, offset] as const)))
  const deaths = instructions.map((): Value[] => [])
  for (const [value, index] of lastUse) if (value.home.kind === "arena") deaths[index].push(value)
  return { offsets, arenaBytes, deaths }
}

function lastUses(instructions: readonly Instruction[]): Map<Value, number> {
  const lastUse = new Map<Value, number>()
  instructions.forEach(({ inputs, outputs, guard }, index) => {
    for (const { value } of [...inputs, ...outputs]) lastUse.set(value, index)
    if (guard?.kind === "predicate") lastUse.set(guard.operand.value, index)
  })
  return lastUse
}

function buildPlaces(instructions: readonly Instruction[], lastUse: ReadonlyMap<Value, number>): Place[] {
  const placeOf = new Map<Value, Place>()
  const places: Place[] = []
  instructions.forEach((instruction, index) => {
    instruction.outputs.forEach(({ value }, output) => {
      if (value.home.kind !== "arena" || placeOf.has(value)) return
      const last = lastUse.get(value) as number
      const shared = reusablePlace(instruction, output, index, placeOf)
      if (shared) {
        shared.values.push(value)
        shared.last = Math.max(shared.last, last)
        placeOf.set(value, shared)
        return
      }
      const bytes = Math.ceil(value.bytes / ALIGNMENT) * ALIGNMENT
      const place: Place = { values: [value], bytes, first: index, last, offset: 0 }
      places.push(place)
      placeOf.set(value, place)
    })
  })
  return places
}

/** The place of an input that dies here and may be written over by this output. */
function reusablePlace(
  instruction: Instruction,
  output: number,
  index: number,
  placeOf: ReadonlyMap<Value, Place>,
): Place | undefined {
  const { value: target, window } = instruction.outputs[output]
  if (window) return undefined
  const taken = new Set(instruction.outputs.map(({ value }) => placeOf.get(value)))
  const candidates = instruction.mayReuse.filter(([to]) => to === output).map(([, from]) => instruction.inputs[from])
  const fits = ({ value, window: columns }: Operand): boolean => {
    const place = placeOf.get(value)
    return (
      !!place &&
      !columns &&
      !taken.has(place) &&
      place.last === index &&
      value.bytes === target.bytes &&
      value.dtype === target.dtype
    )
  }
  const source = candidates.find((operand) => operand !== undefined && fits(operand))
  return source && placeOf.get(source.value)
}

/** The lowest offset at which `place` overlaps nothing that is alive at the same time. */
function lowestGap(place: Place, settled: readonly Place[]): number {
  const rivals = settled
    .filter(({ first, last }) => first <= place.last && place.first <= last)
    .sort((left, right) => left.offset - right.offset)
  let offset = 0
  for (const rival of rivals) {
    if (offset + place.bytes <= rival.offset) break
    offset = Math.max(offset, rival.offset + rival.bytes)
  }
  return offset
}
