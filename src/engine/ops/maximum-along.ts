import { apply, asTensor, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { countElements, maximumElements } from "../tensor/index.ts"

export const maximumAlongOp = defineOp<{ readonly axis: number }>({
  name: "maximumAlong",
  inputs: ["x"],
  outputs: ([x], { axis }, fault) => {
    if (axis >= x.shape.length) fault(`an axis below ${x.shape.length}`, "ATTRIBUTE_INVALID")
    return [{ shape: x.shape.map((size, place) => (place === axis ? 1 : size)), dtype: "f32" }]
  },
  gradient: { none: "ties have no single slope; write it with select where one is wanted" },
  operations: ([x]) => maximumElements(x.shape),
  reference: ([x], [y], { axis }) => {
    const inner = countElements(x.shape.slice(axis + 1))
    y.data.fill(Number.NEGATIVE_INFINITY)
    for (let place = 0; place < x.data.length; place++) {
      const target = Math.floor(place / (inner * x.shape[axis])) * inner + (place % inner)
      y.data[target] = Math.max(y.data[target], x.data[place])
    }
  },
  native: { kernel: "maximumAlong", ints: ({ axis }) => [axis] },
})

/**
 * The largest number along one axis, which stays with size 1; −∞ for no numbers.
 *
 * @shape   x        [..., n, ...]   float32 | bfloat16
 * @shape   returns  [..., 1, ...]   float32
 * @param   axis  negative axes count from the end
 */
export function maximumAlong(x: TensorLike, axis: number): Tensor {
  const tensor = asTensor(x)
  return apply(maximumAlongOp, [tensor], { axis: axis < 0 ? tensor.rank + axis : axis })
}
