/**
 * What an operation is: one object that says everything the engine wants to know about it. The rooms after this one
 * ask the object; nobody branches on an operation's name.
 */
import type { DType, Shape } from "../tensor/index.ts"
import type { Tensor } from "./node.ts"

export interface TensorType {
  readonly shape: Shape
  readonly dtype: DType
}

/** Settings of an operation: plain data, fixed at trace time. */
export type Attributes = Readonly<Record<string, unknown>>

/** An array of the reference executor: float64 (or the integers themselves), row-major, with this run's sizes. */
export interface ReferenceArray {
  readonly shape: readonly number[]
  readonly dtype: DType
  readonly data: Float64Array
  /** Of a matrix in blocks: the bytes of its rows. `data` holds the numbers they stand for. */
  readonly blocks?: Uint8Array
}

/** What a gradient rule may look at. */
export interface GradientContext<A> {
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  readonly attributes: A
  /** Gradient of each output; undefined where nothing depends on it. */
  readonly outputGradients: readonly (Tensor | undefined)[]
}

/** Gradients of the inputs, in order; undefined for an input that has none (ids, places). */
export type GradientRule<A> = (context: GradientContext<A>) => readonly (Tensor | undefined)[]

/** A place of an i32 input where a wrong number would read beyond an array. */
export interface IndexRange {
  readonly input: number
  readonly minimum: number
  /** First number that is too large, from the input types. */
  readonly limit: (inputs: readonly TensorType[]) => number
}

/** An input of the native kernel: an input of the operation as it is, or packed as the right side of a product. */
export type KernelOperand =
  | { readonly input: number }
  | { readonly input: number; readonly packed: true; readonly transposed: boolean }

/** How the native executor runs an operation. Operands default to the inputs in order. */
export interface NativeRule<A> {
  /** Name in `kernels.ts`. */
  readonly kernel: string
  readonly operands?: (inputs: readonly TensorType[], attributes: A) => readonly KernelOperand[]
  readonly ints?: (attributes: A, inputs: readonly TensorType[]) => readonly number[]
  readonly floats?: (attributes: A) => readonly number[]
  /** Outputs that the kernel can write as bfloat16, rounding as it stores. */
  readonly storesBf16?: readonly number[]
  /** The kernel that passes its first output, a matrix, through elementwise steps before it writes them. */
  readonly withElementwise?: string
  /** Whether it is the sum over the rows of a matrix: what makes or reads the matrix can take that along. */
  readonly sumsRows?: (inputs: readonly TensorType[], attributes: A) => boolean
  /** The kernel wants each operand in one piece, not as columns of a wider matrix. */
  readonly contiguous?: true
  /** Bytes of scratch the kernel wants as one more output, for the maximum row count. */
  readonly scratchBytes?: (inputs: readonly TensorType[]) => number
}

export interface Traits {
  /** Name of the step of the elementwise kernel that this operation is. */
  readonly elementwise?: string
  /** Inputs that the bf16 policy rounds before the operation sees them. */
  readonly rounds?: readonly number[]
  /** `[output, input]`: the output may be written over the input. */
  readonly mayReuse?: readonly (readonly [output: number, input: number])[]
  /** For output i, the position of the optional trailing input that its sums start from. */
  readonly accumulators?: readonly number[]
  /** The output is the same numbers in the same order: no work, no memory. */
  readonly view?: true
  /** Each number of the output is one of the inputs', so that rounding those first gives the same. */
  readonly moves?: true
  /** Each output is a group of columns of the one input, a matrix, and is read where it lies. */
  readonly window?: true
  readonly indexRanges?: readonly IndexRange[]
  /** Inputs that may be weights in blocks (`q8_0`, `q4_0`); no other input of any operation may. */
  readonly blockWeights?: readonly number[]
}

export interface OpDefinition<A extends Attributes = Attributes> {
  readonly name: string
  /** Names of the inputs; a trailing "?" marks an optional one (only at the end), a leading "..." any number. */
  readonly inputs: readonly string[]
  /** Shape rule: types of the outputs, or an error thrown through `fault`. */
  readonly outputs: (inputs: readonly TensorType[], attributes: A, fault: ShapeFault) => readonly TensorType[]
  readonly gradient: GradientRule<A> | { readonly none: string }
  /** Floating-point operations for these (maximum) sizes. */
  readonly operations: (inputs: readonly TensorType[], outputs: readonly TensorType[], attributes: A) => number
  readonly traits?: Traits
  /** Plain float64 loops that fill the outputs: the permanent referee. */
  readonly reference?: (inputs: readonly ReferenceArray[], outputs: readonly ReferenceArray[], attributes: A) => void
  /** The operation in terms of simpler ones; used where there is no kernel, and by tests that compare. */
  readonly lower?: (inputs: readonly Tensor[], attributes: A) => readonly Tensor[]
  readonly native?: NativeRule<A>
}

/** Throws the error of a shape rule, naming the operation, its inputs and the module path. */
export type ShapeFault = (wanted: string, code?: "SHAPE_MISMATCH" | "DTYPE_MISMATCH" | "ATTRIBUTE_INVALID") => never

/** Fixes the attribute type of a definition without losing its literal name. */
export function defineOp<A extends Attributes>(definition: OpDefinition<A>): OpDefinition<A> {
  return definition
}
