/**
 * Random graphs of 10 to 30 operations: native gives what the float64 reference gives; and a whole program, fused and
 * with shared memory, gives the very bits of its operations run one at a time.
 */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { applyAt, type Node } from "../../src/engine/graph/index.ts"
import {
  absolute,
  add,
  broadcast,
  compile,
  concatenate,
  cos,
  createExecutor,
  divide,
  type Executor,
  exp,
  f32,
  geluErf,
  geluTanh,
  type HostArray,
  layerNorm,
  logSumExp,
  matmul,
  maximumAlong,
  multiply,
  negate,
  normalNumbers,
  reshape,
  rmsNorm,
  rows,
  type Shape,
  Store,
  sigmoid,
  silu,
  sin,
  slice,
  softmax,
  square,
  subtract,
  sum,
  type Tensor,
  tanh,
  transpose,
} from "../../src/engine/index.ts"
import { nativeExecutor } from "../ops/native-executor.ts"
import { firstDifference } from "../ops/run-case.ts"

const reference = createExecutor({ kind: "reference" })
const native = nativeExecutor() as Executor
const ROWS = 21
const WIDTH = 17

/** One random step: which kind, and which earlier values it takes. */
interface Step {
  readonly kind: number
  readonly a: number
  readonly b: number
  readonly c: number
}
const steps = fc.array(fc.record({ kind: fc.nat(999), a: fc.nat(99), b: fc.nat(99), c: fc.nat(99) }), {
  minLength: 10,
  maxLength: 30,
})

type Apply = (a: Tensor, b: Tensor, c: Tensor, at: number) => Tensor

/** Operations on values [rows, WIDTH] that keep numbers between about −3 and 3. */
const KINDS: readonly Apply[] = [
  (a, b) => tanh(add(a, b)),
  (a, b) => tanh(subtract(a, b)),
  (a, b) => tanh(multiply(a, b)),
  (a, b) => divide(a, add(square(b), 1)),
  (a) => negate(a),
  (a) => sin(a),
  (a) => cos(a),
  (a) => sigmoid(a),
  (a) => tanh(silu(a)),
  (a) => tanh(geluTanh(a)),
  (a) => tanh(geluErf(a)),
  (a) => tanh(absolute(a)),
  (a, b) => tanh(multiply(exp(negate(square(a))), b)),
  (a) => softmax(a),
  (a, b) => tanh(subtract(a, logSumExp(b))),
  (a, b) => tanh(add(a, maximumAlong(b, -1))),
  (a, b) => tanh(multiply(a, sum(b, -1))),
  // A sum over rows, back on every row.
  (a, b) => tanh(add(a, multiply(sum(b, 0), 0.1))),
  (a, b) => tanh(rmsNorm(a, reshape(sum(b, 0), [WIDTH]), { epsilon: 1e-2 })),
  (a, b, c) => tanh(layerNorm(a, reshape(maximumAlong(b, 0), [WIDTH]), reshape(sum(c, 0), [WIDTH]), { epsilon: 1e-1 })),
  // [rows, WIDTH] · [WIDTH, WIDTH], and a matrix made of a sum over rows.
  (a, b) => tanh(multiply(matmul(a, matmul(a, b, { transposeLeft: true })), 0.01)),
  (a, b) => tanh(multiply(matmul(matmul(a, b, { transposeRight: true }), a), 0.01)),
  (a, b, _, at) => {
    const cut = 1 + (at % (WIDTH - 1))
    return concatenate([slice(a, -1, 0, cut), slice(b, -1, cut, WIDTH - cut)], -1)
  },
  (a) => transpose(transpose(a)),
]

/** Builds the graph over its inputs; every fourth value and the last ones are outputs. */
function build(list: readonly Step[], inputs: readonly Tensor[]): Tensor[] {
  const values = [...inputs]
  list.forEach(({ kind, a, b, c }, at) => {
    const pick = (place: number) => values[values.length - 1 - (place % Math.min(values.length, 8))]
    values.push(KINDS[kind % KINDS.length](pick(a), pick(b), pick(c), at))
  })
  const made = values.slice(inputs.length)
  return made.filter((_, index) => index % 4 === 3 || index >= made.length - 2)
}

const specs = (shape: Shape) => ({ x: f32(...shape), y: f32(...shape) })
const numbersOf = (count: number) => ({
  x: normalNumbers([5, 1], count * WIDTH),
  y: normalNumbers([5, 2], count * WIDTH),
})

/** Runs the graph with all its outputs, or with one of them, then called `alone`. */
async function runOn(
  executor: Executor,
  list: readonly Step[],
  shape: Shape,
  count: number,
  precision: "f32" | "bf16",
  chosen?: number,
) {
  using program = compile(
    specs(shape),
    ({ x, y }) => {
      const outputs = build(list, [x, y])
      if (chosen !== undefined) return { outputs: { alone: outputs[chosen] } }
      return { outputs: Object.fromEntries(outputs.map((tensor, index) => [`o${index}`, tensor])) }
    },
    { executor, precision },
  )
  return program.run(numbersOf(count))
}

/** Each node of the graph as a program of its own, fed with what the ones before it gave. */
async function runApart(list: readonly Step[], shape: readonly number[]): Promise<HostArray[]> {
  const results = new Map<Node, HostArray[]>()
  let nodes: Node[] = []
  let outputs: Tensor[] = []
  const numbers = numbersOf(shape[0])
  compile(
    specs(shape),
    ({ x, y }) => {
      outputs = build(list, [x, y])
      results.set(x.node, [numbers.x])
      results.set(y.node, [numbers.y])
      return { outputs: Object.fromEntries(outputs.map((tensor, index) => [`o${index}`, tensor])) }
    },
    { executor: reference },
  )
  const seen = new Set<Node>()
  const visit = (node: Node): void => {
    if (seen.has(node)) return
    seen.add(node)
    for (const tensor of node.inputs) visit(tensor.node)
    nodes.push(node)
  }
  for (const { node } of outputs) visit(node)
  nodes = nodes.filter((node) => !results.has(node))
  for (const node of nodes) {
    const constant = node.attributes["data"] as HostArray | undefined
    if (constant) {
      results.set(node, [constant])
      continue
    }
    const inputSpecs = Object.fromEntries(
      node.inputs.map((tensor, index) => [`i${index}`, { shape: tensor.shape, dtype: "f32" as const }]),
    )
    using program = compile(
      inputSpecs,
      (inputs: Readonly<Record<string, Tensor>>) => {
        const tensors = applyAt(
          node.path,
          node.op,
          node.inputs.map((_, index) => inputs[`i${index}`]),
          node.attributes,
        )
        return { outputs: Object.fromEntries(tensors.map((tensor, index) => [`o${index}`, tensor])) }
      },
      { executor: native, precision: "f32" },
    )
    const given = node.inputs.map((tensor, index) => [
      `i${index}`,
      (results.get(tensor.node) as HostArray[])[tensor.index],
    ])
    results.set(node, Object.values(await program.run(Object.fromEntries(given))))
  }
  return outputs.map(({ node, index }) => (results.get(node) as HostArray[])[index])
}

const sameBits = (left: HostArray, right: HostArray) =>
  Buffer.from(left.buffer, left.byteOffset, left.byteLength).equals(
    Buffer.from(right.buffer, right.byteOffset, right.byteLength),
  )

/** Thirty steps that each pass on an error of 10⁻⁶, some of which grow by sums over rows. */
const NEAR = { absolute: 2e-3, relative: 1e-3, why: "errors of float32 through up to 30 operations" }

describe.skipIf(!native)("random graphs", () => {
  test("native = reference, with all rows and with fewer", async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 0, max: ROWS }), async (list, count) => {
        const shape = [rows(ROWS), WIDTH]
        const wanted = await runOn(reference, list, shape, count, "f32")
        const came = await runOn(native, list, shape, count, "f32")
        for (const [name, array] of Object.entries(came)) {
          const difference = count === 0 ? undefined : firstDifference(array, wanted[name], NEAR)
          if (difference) throw new Error(`${name}: ${difference}`)
          expect(array.length).toBe(wanted[name].length)
        }
      }),
      { numRuns: 60, seed: 3 },
    )
  })

  test("fused and in shared memory = one operation at a time, bit for bit", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const shape = [ROWS, WIDTH]
        const whole = Object.values(await runOn(native, list, shape, ROWS, "f32"))
        const apart = await runApart(list, shape)
        whole.forEach((array, index) => {
          if (!sameBits(array, apart[index]))
            throw new Error(
              `output ${index}: ${firstDifference(array, apart[index], { ...NEAR, absolute: 0, relative: 0 })}`,
            )
        })
      }),
      { numRuns: 40, seed: 4 },
    )
  })

  test.each(["f32", "bf16"] as const)(
    "in %s a value has the same bits in any company of outputs",
    async (precision) => {
      await fc.assert(
        fc.asyncProperty(steps, fc.nat(9), async (list, which) => {
          const shape = [rows(ROWS), WIDTH]
          const together = Object.values(await runOn(native, list, shape, ROWS, precision))
          const chosen = which % together.length
          const { alone } = await runOn(native, list, shape, ROWS, precision, chosen)
          expect(sameBits(alone, together[chosen])).toBe(true)
        }),
        { numRuns: 30, seed: 5 },
      )
    },
  )

  test("states grown by random graphs: native = reference, updates in place or copied", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const [wanted, came] = [await grown(reference, list), await grown(native, list)]
        for (const [index, array] of came.entries()) {
          const difference = firstDifference(array, wanted[index], NEAR)
          if (difference) throw new Error(`state ${index}: ${difference}`)
        }
      }),
      { numRuns: 40, seed: 6 },
    )
  })
})

/** Three states that a random graph reads and writes, after two runs; then what the runs gave out. */
async function grown(executor: Executor, list: readonly Step[]): Promise<HostArray[]> {
  using store = new Store(executor)
  const states = [0, 1, 2].map((index) => store.create(`s${index}`, [ROWS, WIDTH]))
  for (const [index, state] of states.entries()) await state.write(normalNumbers([7, index], ROWS * WIDTH))
  using program = compile(
    {},
    () => {
      const leaves = states.map((state) => reshape(state, [ROWS, WIDTH]))
      const direct = [tanh(states[0]), multiply(states[1], 0.5), broadcast(0.25, [ROWS, WIDTH])]
      const made = build(list, [...leaves, ...direct])
      const updates = states.map((state, index) => ({
        state,
        value: made[(made.length - 1 - index + 3) % made.length],
      }))
      return { outputs: { seen: made[0] }, updates }
    },
    { executor, precision: "f32" },
  )
  const seen: HostArray[] = []
  for (let run = 0; run < 2; run++) seen.push((await program.run({})).seen)
  return [...(await Promise.all(states.map((state) => state.read()))), ...seen]
}
