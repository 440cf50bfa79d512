import { apply, asTensor, constant, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { countElements, type Dimension } from "../tensor/index.ts"
import { broadcast } from "./broadcast.ts"
import { concatenate } from "./concatenate.ts"

export const sliceOp = defineOp<{ readonly axis: number; readonly start: number; readonly length: number }>({
  name: "slice",
  inputs: ["x"],
  outputs: ([{ shape, dtype }], { axis, start, length }, fault) => {
    const size = shape[axis]
    if (typeof size !== "number" || start < 0 || length < 0 || start + length > size)
      fault(`places ${start} to ${start + length} within a fixed axis ${axis}`)
    return [{ shape: shape.map((old, place) => (place === axis ? length : old)), dtype }]
  },
  gradient: ({ inputs: [x], attributes: { axis, start, length }, outputGradients: [dy] }) => {
    if (!dy) return []
    const zeros = (size: number): Tensor[] => {
      const shape = x.shape.map((old, place): Dimension => (place === axis ? size : old))
      return size > 0 ? [broadcast(constant(Float32Array.of(0), []), shape)] : []
    }
    const parts = [...zeros(start), dy, ...zeros((x.shape[axis] as number) - start - length)]
    return [parts.length === 1 ? dy : concatenate(parts, axis)]
  },
  operations: () => 0,
  reference: ([x], [y], { axis, start, length }) => {
    const inner = countElements(x.shape.slice(axis + 1))
    const outer = countElements(x.shape.slice(0, axis))
    for (let i = 0; i < outer; i++) {
      const from = (i * x.shape[axis] + start) * inner
      y.data.set(x.data.subarray(from, from + length * inner), i * length * inner)
    }
  },
  native: { kernel: "slice", ints: ({ axis, start }) => [axis, start] },
})

/**
 * `length` places of one axis, from `start`.
 *
 * @shape   x        [..., n, ...]        float32 | bfloat16
 * @shape   returns  [..., length, ...]   dtype of x
 * @param   axis  negative axes count from the end; not the bounded one
 * @gradient x
 * @throws  SHAPE_MISMATCH when the places are not all within the axis
 */
export function slice(x: TensorLike, axis: number, start: number, length: number): Tensor {
  const tensor = asTensor(x)
  return apply(sliceOp, [tensor], { axis: axis < 0 ? tensor.rank + axis : axis, start, length })
}
