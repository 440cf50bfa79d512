import { apply, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { broadcastShapes, formatShape, maximumElements, type Shape, sameShape } from "../tensor/index.ts"
import { evaluateElementwise, shrinkTo } from "./elementwise.ts"

export const broadcastOp = defineOp<{ readonly shape: Shape }>({
  name: "broadcast",
  inputs: ["x"],
  outputs: ([{ shape }], attributes, fault) => {
    const joined = broadcastShapes(shape, attributes.shape)
    if (!joined || !sameShape(joined, attributes.shape))
      fault(`a shape that stretches to ${formatShape(attributes.shape)}`)
    return [{ shape: attributes.shape, dtype: "f32" }]
  },
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && shrinkTo(dy, x.shape)],
  operations: (_, [output]) => maximumElements(output.shape),
  traits: { elementwise: "copy", mayReuse: [[0, 0]] },
  reference: ([x], [y]) => evaluateElementwise([x], y, (value) => value),
  native: { kernel: "elementwise" },
})

/**
 * The tensor stretched to `shape`: sizes of 1, and axes missing in front, are repeated.
 *
 * @shape   x        a shape that stretches to `shape`   float32 | bfloat16
 * @shape   returns  `shape`   float32
 * @gradient x
 * @throws  SHAPE_MISMATCH when it does not stretch so
 */
export function broadcast(x: TensorLike, shape: Shape): Tensor {
  return apply(broadcastOp, [x], { shape })
}
