/** A plan as the words that the addon decodes once; `native/executor/tape.h` is the other side. */
import { invariant } from "../../errors.ts"
import type { StateHandle } from "../graph/index.ts"
import { KERNELS, type KernelName } from "../ops/index.ts"
import type { Instruction, Operand, PersistentPack, Plan, Value } from "../plan/index.ts"
import { type Dimension, DTYPE_NUMBERS, storageBytes } from "../tensor/index.ts"

const MAGIC = 0x41534c47
const VERSION = 1
const MOST_AXES = 4

/** Numbers of the memory segments; states follow from `firstState`. */
export const SEGMENTS = { arena: 0, constants: 1, inputs: 2, outputs: 3, firstState: 4 } as const
const GUARDS = { none: 0, stale: 1, predicate: 2 } as const
/** A size that is this run's row count. */
const ROWS_SIZE = -1

/** Which state of the program's list stands for which state or pack. */
export interface StateIndices {
  readonly states: ReadonlyMap<StateHandle, number>
  readonly packs: ReadonlyMap<PersistentPack, number>
}

export function encodeTape(plan: Plan, instructions: readonly Instruction[], indices: StateIndices): Int32Array {
  const words: number[] = [MAGIC, VERSION, instructions.length]
  for (const instruction of instructions) encodeInstruction(instruction, plan, indices, words)
  return Int32Array.from(words)
}

function encodeInstruction(instruction: Instruction, plan: Plan, indices: StateIndices, words: number[]): void {
  const { kernel, outputs, inputs, ints, floats, guard } = instruction
  // The predicate rides along as one more input that the kernel does not see.
  const operands = [...outputs, ...inputs, ...(guard?.kind === "predicate" ? [guard.operand] : [])]
  words.push(kernelNumber(kernel), outputs.length, operands.length, ints.length, floats.length)
  if (!guard) words.push(GUARDS.none, 0, 0)
  else if (guard.kind === "predicate") words.push(GUARDS.predicate, operands.length - 1, 0)
  else words.push(GUARDS.stale, indexOf(indices.states, guard.pack.state), indexOf(indices.packs, guard.pack))
  for (const operand of operands) encodeOperand(operand, plan, indices, words)
  words.push(...ints)
  for (const number of floats) words.push(...new Int32Array(Float64Array.of(number).buffer))
}

function kernelNumber(kernel: KernelName): number {
  return KERNELS.indexOf(kernel)
}

function encodeOperand({ value, shape, window }: Operand, plan: Plan, indices: StateIndices, words: number[]): void {
  invariant(shape.length <= MOST_AXES, value.origin, `${shape.length} axes, more than ${MOST_AXES}`)
  const [segment, start] = placeOf(value, plan, indices)
  // Columns of no rows have no place of their own.
  const offset = start + (window && value.bytes > 0 ? storageBytes(value.dtype, [window.start]) : 0)
  const sizes = Array.from({ length: MOST_AXES }, (_, axis) => encodeSize(shape[axis] ?? 1))
  const dtype = DTYPE_NUMBERS[value.dtype]
  words.push(segment, offset | 0, Math.floor(offset / 2 ** 32), dtype, shape.length, ...sizes, window?.stride ?? 0)
}

function encodeSize(size: Dimension): number {
  return typeof size === "number" ? size : ROWS_SIZE
}

/** Segment and byte at which a value lies. */
export function placeOf(value: Value, plan: Plan, indices: StateIndices): readonly [segment: number, offset: number] {
  const { home } = value
  if (home.kind === "arena") return [SEGMENTS.arena, plan.places.offsets.get(value) as number]
  if (home.kind === "state") return [SEGMENTS.firstState + indexOf(indices.states, home.state), 0]
  if (home.kind === "pack") return [SEGMENTS.firstState + indexOf(indices.packs, home.pack), 0]
  const segment = { constant: SEGMENTS.constants, input: SEGMENTS.inputs, output: SEGMENTS.outputs }[home.kind]
  return [segment, plan.exchangeOffsets.get(value) as number]
}

function indexOf<T>(indices: ReadonlyMap<T, number>, key: T): number {
  const index = indices.get(key)
  invariant(index !== undefined, "tape", "a state that the plan does not list")
  return index
}
