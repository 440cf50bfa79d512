import { defineOp, type OpDefinition } from "../graph/index.ts"
import { countElements, elementBytes, maximumElements, sameShape } from "../tensor/index.ts"
import { broadcast } from "./broadcast.ts"

/** Rows whose sum is one partial, of every sum over rows. */
const ROWS_PER_PARTIAL = 32

/** Bytes of the partials of a sum over the rows of a matrix. */
export function rowPartialBytes(elements: number, columns: number): number {
  return columns === 0 ? 0 : Math.ceil(elements / columns / ROWS_PER_PARTIAL) * columns * elementBytes("f32")
}

/** An operation that adds along one axis, which stays with size 1. */
export function defineSum(name: string, rounds?: readonly number[]): OpDefinition<{ readonly axis: number }> {
  return defineOp<{ readonly axis: number }>({
    name,
    inputs: ["x", "accumulator?"],
    outputs: ([x, accumulator], { axis }, fault) => {
      if (axis >= x.shape.length) fault(`an axis below ${x.shape.length}`, "ATTRIBUTE_INVALID")
      const shape = x.shape.map((size, place) => (place === axis ? 1 : size))
      if (accumulator && !sameShape(accumulator.shape, shape)) fault("an accumulator of the output's shape")
      return [{ shape, dtype: "f32" }]
    },
    gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && broadcast(dy, x.shape)],
    operations: ([x]) => maximumElements(x.shape),
    traits: { accumulators: [1], ...(rounds ? { rounds } : {}) },
    reference: ([x, accumulator], [y], { axis }) => {
      const inner = countElements(x.shape.slice(axis + 1))
      const outer = countElements(x.shape.slice(0, axis))
      if (accumulator) y.data.set(accumulator.data)
      else y.data.fill(0)
      for (let i = 0; i < outer; i++)
        for (let r = 0; r < x.shape[axis]; r++)
          for (let j = 0; j < inner; j++) y.data[i * inner + j] += x.data[(i * x.shape[axis] + r) * inner + j]
    },
    native: {
      kernel: "sum",
      ints: ({ axis }) => [axis],
      sumsRows: ([x], { axis }) => axis === 0 && x.shape.length === 2,
    },
  })
}
