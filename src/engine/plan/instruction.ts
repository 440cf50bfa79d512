/** What a plan is made of: values, each with a home in memory, and instructions that turn some into others. */
import type { StateHandle } from "../graph/index.ts"
import type { KernelName } from "../ops/index.ts"
import { type DType, type HostArray, maximumShape, type Shape, storageBytes } from "../tensor/index.ts"

/** Where a value lies. Only values in the arena have their place chosen by the plan. */
export type Home =
  | { readonly kind: "arena" }
  | { readonly kind: "constant"; readonly data: HostArray }
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "output"; readonly name: string }
  | { readonly kind: "state"; readonly state: StateHandle }
  | { readonly kind: "pack"; readonly pack: PersistentPack }

/** A state re-laid for products and kept from run to run; made anew only when the state has changed. */
export interface PersistentPack {
  readonly state: StateHandle
  /** Inner size and columns of the packed matrix. */
  readonly shape: Shape
  readonly dtype: DType
  readonly transposed: boolean
}

/** Numbers in memory. */
export interface Value {
  /** In the order of first mention. */
  readonly id: number
  readonly shape: Shape
  readonly dtype: DType
  /** For the largest run. */
  readonly bytes: number
  home: Home
  /** Operation and module path that made it, for prints. */
  readonly origin: string
}

/** A value as an instruction sees it: perhaps under another shape, perhaps only some of its columns. */
export interface Operand {
  readonly value: Value
  readonly shape: Shape
  readonly window?: Window
}

/** Columns of a wider matrix: each row of the operand is in one piece, but rows lie apart. */
export interface Window {
  /** The operand's first element in the value. */
  readonly start: number
  /** Elements from one row to the next. */
  readonly stride: number
}

export type Guard =
  /** Skip when the pack was made from the state as it is. */
  | { readonly kind: "stale"; readonly pack: PersistentPack }
  /** Skip when the scalar is zero. */
  | { readonly kind: "predicate"; readonly operand: Operand }

export interface Instruction {
  readonly kernel: KernelName
  readonly outputs: readonly Operand[]
  readonly inputs: readonly Operand[]
  readonly ints: readonly number[]
  readonly floats: readonly number[]
  readonly guard?: Guard
  /** `[output, input]`: the output may lie where the input lies. */
  readonly mayReuse: readonly (readonly [number, number])[]
  /** Operations and module path, for errors, prints and times. */
  readonly origin: string
  /** Floating-point operations of the largest run. */
  readonly operations: number
}

/** Makes values, numbering them. */
export class ValueFactory {
  private nextId = 0
  make(shape: Shape, dtype: DType, home: Home, origin: string): Value {
    return { id: this.nextId++, shape, dtype, bytes: storageBytes(dtype, maximumShape(shape)), home, origin }
  }
}
