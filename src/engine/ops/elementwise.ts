/**
 * What all elementwise operations share: the broadcast shape rule, float64 loops, and the way gradients shrink back to
 * an input that was stretched.
 */
import {
  type Attributes,
  defineOp,
  type GradientRule,
  type OpDefinition,
  type ReferenceArray,
  type ShapeFault,
  type Tensor,
  type TensorType,
} from "../graph/index.ts"
import { broadcastShapes, countElements, maximumElements, type Shape, sameDimension } from "../tensor/index.ts"
import { gradientSum } from "./gradient-sum.ts"
import { reshape } from "./reshape.ts"

interface ElementwiseRule<A extends Attributes> {
  readonly name: string
  readonly inputs: readonly string[]
  readonly gradient: GradientRule<A> | { readonly none: string }
  /** The number at one place, from the inputs' numbers there, in float64. */
  readonly evaluate: (...values: number[]) => number
  /** Floating-point operations an element; 1 unless said. */
  readonly operations?: number
  /** Inputs that the bf16 policy rounds; none unless said. */
  readonly rounds?: readonly number[]
}

/** An operation that makes each number of its output from the numbers at the same place of its (broadcast) inputs. */
export function defineElementwise<A extends Attributes = Record<string, never>>(
  rule: ElementwiseRule<A>,
): OpDefinition<A> {
  return defineOp<A>({
    name: rule.name,
    inputs: rule.inputs,
    outputs: (types, _, fault) => [{ shape: broadcastAll(types, fault), dtype: "f32" }],
    gradient: rule.gradient,
    operations: (_, [output]) => (rule.operations ?? 1) * maximumElements(output.shape),
    traits: {
      elementwise: rule.name,
      mayReuse: rule.inputs.map((_, input) => [0, input] as const),
      ...(rule.rounds ? { rounds: rule.rounds } : {}),
    },
    reference: (inputs, [output]) => evaluateElementwise(inputs, output, rule.evaluate),
    native: { kernel: "elementwise" },
  })
}

function broadcastAll(types: readonly TensorType[], fault: ShapeFault): Shape {
  let shape: Shape = types[0].shape
  for (const type of types) {
    if (type.dtype !== "f32" && type.dtype !== "bf16") fault("floating-point inputs", "DTYPE_MISMATCH")
    shape = broadcastShapes(shape, type.shape) ?? fault("shapes that broadcast to one another")
  }
  return shape
}

/** For each place of `output` in order, the place in an input of shape `sizes` that broadcasts to it. */
function broadcastPlaces(sizes: readonly number[], output: readonly number[]): Int32Array | undefined {
  const missing = output.length - sizes.length
  if (missing === 0 && sizes.every((size, axis) => size === output[axis])) return undefined
  const strides = new Array<number>(output.length).fill(0)
  let stride = 1
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    strides[axis + missing] = sizes[axis] === 1 ? 0 : stride
    stride *= sizes[axis]
  }
  const places = new Int32Array(countElements(output))
  const counter = new Array<number>(output.length).fill(0)
  let place = 0
  for (let index = 0; index < places.length; index++) {
    places[index] = place
    for (let axis = output.length - 1; axis >= 0; axis--) {
      place += strides[axis]
      if (++counter[axis] < output[axis]) break
      place -= strides[axis] * output[axis]
      counter[axis] = 0
    }
  }
  return places
}

/** Fills `output` from the broadcast inputs, one number at a time. */
export function evaluateElementwise(
  inputs: readonly ReferenceArray[],
  output: ReferenceArray,
  evaluate: (...values: number[]) => number,
): void {
  const sources = inputs.map(({ data, shape }) => {
    const places = broadcastPlaces(shape, output.shape)
    return places ? (index: number) => data[places[index]] : (index: number) => data[index]
  })
  const [first, second, third] = sources
  const { data } = output
  if (sources.length === 1) for (let index = 0; index < data.length; index++) data[index] = evaluate(first(index))
  else if (sources.length === 2)
    for (let index = 0; index < data.length; index++) data[index] = evaluate(first(index), second(index))
  else
    for (let index = 0; index < data.length; index++) data[index] = evaluate(first(index), second(index), third(index))
}

/** The sum of `gradient` over the axes along which an input of shape `shape` was stretched. */
export function shrinkTo(gradient: Tensor, shape: Shape): Tensor {
  let result = gradient
  const missing = gradient.rank - shape.length
  for (let axis = 0; axis < gradient.rank; axis++) {
    const wanted = axis < missing ? 1 : shape[axis - missing]
    if (!sameDimension(result.shape[axis], wanted)) result = gradientSum(result, axis)
  }
  return missing > 0 ? reshape(result, shape) : result
}
