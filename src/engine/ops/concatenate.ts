import { applyAll, asTensor, defineOp, type Tensor, type TensorLike } from "../graph/index.ts"
import { countElements, sameDimension } from "../tensor/index.ts"
import { slice } from "./slice.ts"

export const concatenateOp = defineOp<{ readonly axis: number }>({
  name: "concatenate",
  inputs: ["...parts"],
  outputs: (types, { axis }, fault) => {
    const [first] = types
    let total = 0
    for (const { shape, dtype } of types) {
      const size = shape[axis]
      if (typeof size !== "number") fault("a fixed axis to join along")
      else total += size
      const alike = shape.length === first.shape.length && dtype === first.dtype
      if (!alike || shape.some((other, place) => place !== axis && !sameDimension(other, first.shape[place])))
        fault(`parts alike in all but axis ${axis}`)
    }
    return [{ shape: first.shape.map((size, place) => (place === axis ? total : size)), dtype: first.dtype }]
  },
  gradient: ({ inputs, attributes: { axis }, outputGradients: [dy] }) => {
    let start = 0
    return inputs.map((part) => {
      const length = part.shape[axis] as number
      start += length
      return dy && slice(dy, axis, start - length, length)
    })
  },
  operations: () => 0,
  reference: (parts, [y], { axis }) => {
    const inner = countElements(y.shape.slice(axis + 1))
    const outer = countElements(y.shape.slice(0, axis))
    let start = 0
    for (const part of parts) {
      const run = part.shape[axis] * inner
      for (let i = 0; i < outer; i++)
        y.data.set(part.data.subarray(i * run, (i + 1) * run), (i * y.shape[axis] + start) * inner)
      start += part.shape[axis]
    }
  },
  traits: { moves: true },
  native: { kernel: "concatenate", ints: ({ axis }) => [axis] },
})

/**
 * The parts one after another along an axis.
 *
 * @shape   parts    [..., nᵢ, ...]    all of one dtype
 * @shape   returns  [..., Σnᵢ, ...]   the same dtype
 * @param   axis  negative axes count from the end; not the bounded one
 * @gradient parts
 * @throws  SHAPE_MISMATCH when the other axes differ
 */
export function concatenate(parts: readonly TensorLike[], axis: number): Tensor {
  const tensors = parts.map(asTensor)
  return applyAll(concatenateOp, tensors, { axis: axis < 0 ? tensors[0].rank + axis : axis })[0]
}
