import { apply, asTensor, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { boundedDimension, formatShape, maximumElements, type Shape } from "../tensor/index.ts"

export const reshapeOp = defineOp<{ readonly shape: Shape }>({
  name: "reshape",
  inputs: ["x"],
  outputs: ([{ shape, dtype }], attributes, fault) => {
    if (maximumElements(shape) !== maximumElements(attributes.shape))
      fault(`as many elements as ${formatShape(attributes.shape)}`)
    // With fewer rows than the maximum there are fewer elements than a fixed size stands for.
    if (!boundedDimension(shape) !== !boundedDimension(attributes.shape))
      fault(`bounded rows on both sides or on none, not ${formatShape(attributes.shape)}`)
    return [{ shape: attributes.shape, dtype }]
  },
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && reshape(dy, x.shape)],
  operations: () => 0,
  traits: { view: true },
  reference: ([x], [y]) => y.data.set(x.data),
})

/**
 * The same numbers in the same order under another shape; costs nothing.
 *
 * @shape   x        any
 * @shape   returns  `shape`, of as many elements, bounded rows where x has them; dtype of x
 * @gradient x
 * @throws  SHAPE_MISMATCH when the element counts differ
 */
export function reshape(x: TensorLike, shape: Shape): Tensor {
  const tensor = asTensor(x)
  return apply(reshapeOp, [tensor], { shape })
}
