/** Prints the memory that attention and its gradient are planned with, at two contexts, and how many times it grew. */
import { parseArgs } from "node:util"
import { attention, compile, f32, grad, i32, multiply, reshape, sum } from "../../src/engine/index.ts"

const HEADS = 12
const HEAD_SIZE = 64

const { values: given } = parseArgs({
  options: { shortest: { type: "string", default: "512" }, longest: { type: "string", default: "4096" } },
})

/** Bytes of a program for one sequence: what it is given, what it gives back, and the fullest moment between. */
function plannedBytes(context: number): number {
  const matrix = () => f32(context, HEADS, HEAD_SIZE)
  const inputs = { queries: matrix(), keys: matrix(), values: matrix(), slope: matrix(), sequenceStart: i32(context) }
  using program = compile(inputs, ({ queries, keys, values, slope, sequenceStart }) => {
    const y = attention(queries, keys, values, sequenceStart, { scale: HEAD_SIZE ** -0.5 })
    const loss = reshape(sum(reshape(multiply(y, slope), [context * HEADS * HEAD_SIZE]), 0), [])
    const [toQueries, toKeys, toValues] = grad(loss, [queries, keys, values])
    return { outputs: { y, toQueries, toKeys, toValues } }
  })
  return program.memory.total
}

const [shortest, longest] = [given.shortest, given.longest].map((context) => plannedBytes(Number(context)))
console.log(
  JSON.stringify({
    contexts: [Number(given.shortest), Number(given.longest)],
    bytes: [shortest, longest],
    growth: longest / shortest,
  }),
)
