/**
 * What a case of an operation is, and seeded numbers to make cases of. One list of cases serves every use: native
 * against reference, gradients, instruction-set levels, timing.
 */
import type { Attributes, OpDefinition, ReferenceArray } from "../graph/index.ts"
import {
  type BlockDType,
  countElements,
  type Dimension,
  dequantizeRows,
  type HostArray,
  isBlockDType,
  quantizeRows,
  Rows,
  resolveShape,
  roundToBf16,
} from "../tensor/index.ts"
import { hashText, normalNumbers, philox, toUnitInterval } from "./philox.ts"

export interface CaseInput {
  readonly shape: readonly Dimension[]
  /**
   * `bf16` numbers come in as float32 ones that bfloat16 holds, and are rounded inside the program; those of a matrix in
   * blocks are rounded to a state.
   */
  readonly dtype: "f32" | "bf16" | "i32" | BlockDType
  /** Numbers of this run's rows. */
  readonly data: HostArray
}

export interface OpCase {
  /** What is particular about it. */
  readonly title: string
  readonly inputs: readonly CaseInput[]
  readonly attributes?: Attributes
  /** False where a finite difference says nothing: kinks, infinities, running sums. */
  readonly gradient?: false
  /** Instead of the operation's own. */
  readonly tolerance?: Tolerance
  /** Floating-point operations, where its definition can only bound them: attention over several sequences. */
  readonly operations?: number
}

/** |came − wanted| ≤ absolute + relative · |wanted|. */
export interface Tolerance {
  readonly absolute: number
  readonly relative: number
  readonly why: string
}

/** Sizes of one training step of a model, or of one turn of its generation. */
export interface ModelSizes {
  /** Rows of a step: all its tokens. */
  readonly rows: number
  /** Sequences that the rows are made of; as many rows a turn has. */
  readonly sequences: number
  readonly width: number
  readonly heads: number
  readonly kvHeads: number
  readonly headSize: number
  /** Width inside the feed-forward. */
  readonly inner: number
  readonly vocabulary: number
}

export interface OpCases {
  readonly op: OpDefinition<never>
  /** Native in float32 against the float64 reference. */
  readonly tolerance: Tolerance
  /** The same under the bf16 policy; there for each operation whose inputs the policy rounds. */
  readonly bf16?: Tolerance
  /** Float inputs whose gradient the rule leaves out by design. */
  readonly constants?: readonly string[]
  /** What models ask of the operation, for timing. Elementwise operations need none: a case of theirs is repeated. */
  readonly atModelSizes?: (sizes: ModelSizes, data: CaseData) => readonly OpCase[]
  readonly cases: readonly OpCase[]
}

/** A bounded dimension, of which this run has fewer rows than the maximum (or all). */
export interface RowCount {
  readonly count: number
  readonly maximum: number
}

export function few(count: number, maximum: number): RowCount {
  return { count, maximum }
}

type Sizes = readonly (number | RowCount)[]

/** Nothing but copies and choices: every bit is the reference's. */
export const EXACT: Tolerance = { absolute: 0, relative: 0, why: "numbers are moved, not made" }

/** One correctly rounded operation: half a unit in the last place, and denormal results that are flushed to zero. */
export const ROUNDED_ONCE: Tolerance = {
  absolute: 1.2e-38,
  relative: 6e-8,
  why: "one operation rounded to float32; denormal results count as zero",
}

/** Seeded numbers for the inputs of cases. Each call gives others, the same ones in every process. */
export class CaseData {
  private readonly key: number
  /** After so many numbers an input repeats itself: large ones for timing need not all differ. */
  private readonly distinct: number
  private calls = 0

  constructor(name: string, distinct = Number.POSITIVE_INFINITY) {
    this.key = hashText(name)
    this.distinct = distinct
  }

  /** Normally distributed around `center`. */
  normal(sizes: Sizes, { deviation = 1, center = 0 } = {}): CaseInput {
    const count = countOf(sizes)
    const some = normalNumbers([this.key, this.calls++], Math.min(count, this.distinct))
    const data = repeatNumbers(
      some.map((value) => center + deviation * value),
      count,
    )
    return { shape: shapeOf(sizes), dtype: "f32", data }
  }
  /** Evenly distributed from `low` to `high`. */
  between(low: number, high: number, sizes: Sizes): CaseInput {
    const call = this.calls++
    const count = countOf(sizes)
    const some = Float32Array.from({ length: Math.min(count, this.distinct) }, (_, place) => {
      const [word] = philox([this.key, call], [place, 1, 0, 0])
      return low + (high - low) * toUnitInterval(word)
    })
    return { shape: shapeOf(sizes), dtype: "f32", data: repeatNumbers(some, count) }
  }
  /** Whole numbers from 0 to `limit` − 1. */
  ids(limit: number, sizes: Sizes): CaseInput {
    const { shape, data } = this.between(0, limit, sizes)
    return { shape, dtype: "i32", data: Int32Array.from(data, (value) => Math.min(limit - 1, Math.floor(value))) }
  }
  /** Normal numbers for a matrix in blocks. */
  blocks(dtype: BlockDType, sizes: Sizes): CaseInput {
    return { ...this.normal(sizes), dtype }
  }
  /** Normal numbers that bfloat16 holds. */
  bf16(sizes: Sizes): CaseInput {
    const { shape, data } = this.normal(sizes)
    return { shape, dtype: "bf16", data: data.map(roundToBf16) }
  }
}

/** `count` numbers: `some` over and over. */
export function repeatNumbers<Numbers extends HostArray>(some: Numbers, count: number): Numbers {
  if (some.length === count) return some
  const all = new (some.constructor as new (length: number) => Numbers)(count)
  for (let start = 0; start < count; start += some.length) all.set(some.subarray(0, count - start), start)
  return all
}

export function numbers(values: readonly number[], sizes: Sizes = [values.length]): CaseInput {
  return { shape: shapeOf(sizes), dtype: "f32", data: Float32Array.from(values) }
}
export function integers(values: readonly number[], sizes: Sizes = [values.length]): CaseInput {
  return { shape: shapeOf(sizes), dtype: "i32", data: Int32Array.from(values) }
}

function countOf(sizes: Sizes): number {
  return sizes.reduce<number>((product, size) => product * (typeof size === "number" ? size : size.count), 1)
}
function shapeOf(sizes: Sizes): Dimension[] {
  return sizes.map((size) => (typeof size === "number" ? size : new Rows(size.maximum)))
}

/** `3×5`, or `7 of 9×16` where rows are bounded. */
export function describeSizes(sizes: Sizes): string {
  if (sizes.length === 0) return "a scalar"
  return sizes.map((size) => (typeof size === "number" ? size : `${size.count} of ${size.maximum}`)).join("×")
}

/** An input whose numbers may be of any precision. */
export type CaseNumbers = Omit<CaseInput, "data"> & { readonly data: ArrayLike<number> }

/** Rows of the run that a case describes. */
export function rowCountOf(inputs: readonly CaseNumbers[]): number {
  for (const { shape, data } of inputs)
    if (shape[0] instanceof Rows) return data.length / countElements(resolveShape(shape.slice(1), 0))
  return 0
}

/** The outputs of an operation by its float64 reference, straight from its definition. */
export function referenceOutputs(
  op: OpDefinition<never>,
  inputs: readonly CaseNumbers[],
  attributes: Attributes = {},
): ReferenceArray[] {
  const rowCount = rowCountOf(inputs)
  const arrays = inputs.map(({ shape, dtype, data }): ReferenceArray => {
    const sizes = resolveShape(shape, rowCount)
    if (!isBlockDType(dtype)) return { shape: sizes, dtype, data: Float64Array.from(data) }
    const blocks = quantizeRows(Float32Array.from(data), dtype)
    return { shape: sizes, dtype, data: Float64Array.from(dequantizeRows(blocks, dtype)), blocks }
  })
  const types = op.outputs(inputs, attributes as never, (wanted) => {
    throw new Error(`${op.name}: a case that is none, wanted ${wanted}`)
  })
  const outputs = types.map(({ shape, dtype }): ReferenceArray => {
    const sizes = resolveShape(shape, rowCount)
    return { shape: sizes, dtype, data: new Float64Array(countElements(sizes)) }
  })
  op.reference?.(arrays, outputs, attributes as never)
  return outputs
}

/** What an earlier operation hands on: its outputs as inputs of another. */
export function handedOn(
  op: OpDefinition<never>,
  inputs: readonly CaseInput[],
  attributes: Attributes = {},
): CaseInput[] {
  const types = op.outputs(inputs, attributes as never, () => {
    throw new Error(`${op.name}: a case that is none`)
  })
  return referenceOutputs(op, inputs, attributes).map(({ data }, index) => {
    return { shape: types[index].shape, dtype: "f32", data: Float32Array.from(data) }
  })
}
