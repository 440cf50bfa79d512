import { apply, asTensor, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { countElements, maximumElements, sameShape } from "../tensor/index.ts"
import { broadcast } from "./broadcast.ts"

export const sumOp = defineOp<{ readonly axis: number }>({
  name: "sum",
  inputs: ["x", "accumulator?"],
  outputs: ([x, accumulator], { axis }, fault) => {
    if (axis >= x.shape.length) fault(`an axis below ${x.shape.length}`, "ATTRIBUTE_INVALID")
    const shape = x.shape.map((size, place) => (place === axis ? 1 : size))
    if (accumulator && !sameShape(accumulator.shape, shape)) fault("an accumulator of the output's shape")
    return [{ shape, dtype: "f32" }]
  },
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && broadcast(dy, x.shape)],
  operations: ([x]) => maximumElements(x.shape),
  traits: { accumulators: [1] },
  reference: ([x, accumulator], [y], { axis }) => {
    const inner = countElements(x.shape.slice(axis + 1))
    const outer = countElements(x.shape.slice(0, axis))
    if (accumulator) y.data.set(accumulator.data)
    else y.data.fill(0)
    for (let i = 0; i < outer; i++)
      for (let r = 0; r < x.shape[axis]; r++)
        for (let j = 0; j < inner; j++) y.data[i * inner + j] += x.data[(i * x.shape[axis] + r) * inner + j]
  },
  native: { kernel: "sum", ints: ({ axis }) => [axis] },
})

/**
 * The sum along one axis, which stays with size 1.
 *
 *   y[…, 0, …] = Σᵢ x[…, i, …]        rows in ascending blocks of 32, so that sums may be continued across batches
 *
 * @shape   x        [..., n, ...]   float32 | bfloat16
 * @shape   returns  [..., 1, ...]   float32
 * @param   axis  negative axes count from the end
 * @gradient x
 * @throws  ATTRIBUTE_INVALID when x has no such axis
 */
export function sum(x: TensorLike, axis: number): Tensor {
  const tensor = asTensor(x)
  return apply(sumOp, [tensor], { axis: axis < 0 ? tensor.rank + axis : axis })
}
