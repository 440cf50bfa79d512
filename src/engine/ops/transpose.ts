import { apply, asTensor, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"

export const transposeOp = defineOp<{ readonly permutation: readonly number[] }>({
  name: "transpose",
  inputs: ["x"],
  outputs: ([{ shape, dtype }], { permutation }, fault) => {
    const sorted = [...permutation].sort((a, b) => a - b)
    if (sorted.length !== shape.length || sorted.some((axis, place) => axis !== place))
      fault(`a permutation of ${shape.length} axes (came ${permutation.join(", ")})`, "ATTRIBUTE_INVALID")
    return [{ shape: permutation.map((axis) => shape[axis]), dtype }]
  },
  gradient: ({ attributes: { permutation }, outputGradients: [dy] }) => [
    dy &&
      transpose(
        dy,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
  ],
  operations: () => 0,
  reference: ([x], [y], { permutation }) => {
    const strides = x.shape.map((_, axis) => x.shape.slice(axis + 1).reduce((a, b) => a * b, 1))
    for (let place = 0; place < y.data.length; place++) {
      let rest = place
      let source = 0
      for (let axis = y.shape.length - 1; axis >= 0; axis--) {
        source += (rest % y.shape[axis]) * strides[permutation[axis]]
        rest = Math.floor(rest / y.shape[axis])
      }
      y.data[place] = x.data[source]
    }
  },
  native: { kernel: "transpose", ints: ({ permutation }) => permutation },
})

/**
 * The tensor with its axes in another order.
 *
 *   y[i₀, i₁, …] = x at the place where axis permutation[k] has index iₖ
 *
 * @shape   x        any, up to four axes   float32 | bfloat16
 * @shape   returns  x's sizes in the order of `permutation`; dtype of x
 * @param   permutation  each axis once; the two last axes exchanged when left out
 * @gradient x
 * @throws  ATTRIBUTE_INVALID when it is no permutation
 */
export function transpose(x: TensorLike, permutation?: readonly number[]): Tensor {
  const tensor = asTensor(x)
  const axes = tensor.shape.map((_, axis) => axis)
  const swapped = [...axes.slice(0, -2), axes.length - 1, axes.length - 2]
  return apply(transposeOp, [tensor], { permutation: permutation ?? swapped })
}
