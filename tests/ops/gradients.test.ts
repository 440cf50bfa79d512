/**
 * Gradients, by one random direction: the slope that the rule gives against a central difference of the float64
 * reference. The rules themselves run on the reference executor.
 */
import { describe, expect, test } from "vitest"
import { type Attributes, applyAll, inputName, type OpDefinition } from "../../src/engine/graph/index.ts"
import {
  compile,
  createExecutor,
  f32,
  grad,
  IGNORED_TARGET,
  multiply,
  normalNumbers,
  OPS,
  reshape,
  sum,
  type Tensor,
  transpose,
} from "../../src/engine/index.ts"
import { OP_CASES } from "../../src/engine/ops/index.cases.ts"
import { type CaseInput, type OpCase, type OpCases, referenceOutputs } from "../../src/engine/ops/op-case.cases.ts"
import { Rows } from "../../src/engine/tensor/index.ts"
import { caseNumbers, caseSpecs, caseTensors } from "./run-case.ts"

const reference = createExecutor({ kind: "reference" })
/** The difference's error is of the order of STEP² and of 2⁻⁵³ / STEP. */
const STEP = 1e-4

/** Σ y·weights as a scalar. */
function weightedSum(y: Tensor, weights: Tensor): Tensor {
  let total = multiply(y, weights)
  for (let axis = 0; axis < y.rank; axis++) total = sum(total, axis)
  return reshape(total, [])
}

/** Gradients of Σ output·weights for each float input, by the rule. */
async function ruledGradients(op: OpDefinition<never>, { inputs, attributes = {} }: OpCase, weights: Float32Array) {
  const types = op.outputs(inputs, attributes as never, () => {
    throw new Error("a case that is none")
  })
  // Only a first dimension may be bounded in an input: the weights come with it in front.
  const { shape } = types[0]
  const bounded = Math.max(
    0,
    shape.findIndex((size) => size instanceof Rows),
  )
  const order = [bounded, ...shape.keys()]
    .filter((axis, place) => place === 0 || axis !== bounded)
    .slice(0, shape.length)
  const inverse = order.map((_, axis) => order.indexOf(axis))
  const places = inputs.flatMap(({ dtype }, index) => (dtype === "i32" ? [] : [index]))
  using program = compile(
    { ...caseSpecs(inputs), weights: f32(...order.map((axis) => shape[axis])) },
    (traced: Readonly<Record<string, Tensor>>) => {
      const tensors = caseTensors(inputs, traced)
      const [y] = applyAll(op as unknown as OpDefinition<Attributes>, tensors, attributes)
      const loss = weightedSum(y, bounded === 0 ? traced["weights"] : transpose(traced["weights"], inverse))
      const gradients = grad(
        loss,
        places.map((index) => traced[`input${index}`]),
      )
      return { outputs: Object.fromEntries(gradients.map((gradient, index) => [`d${places[index]}`, gradient])) }
    },
    { executor: reference, precision: "f32" },
  )
  const gradients = await program.run({ ...caseNumbers(inputs), weights: inFront(weights, shape, bounded) })
  return new Map(places.map((place) => [place, gradients[`d${place}`]]))

  function inFront(numbers: Float32Array, sizes: readonly unknown[], axis: number): Float32Array {
    if (axis === 0) return numbers
    // The one layout that cases have: [columns, rows].
    expect(sizes).toHaveLength(2)
    const columns = sizes[0] as number
    const rowCount = numbers.length / columns
    return numbers.map((_, place) => numbers[(place % columns) * rowCount + Math.floor(place / columns)])
  }
}

function lossAlong(
  op: OpDefinition<never>,
  opCase: OpCase,
  weights: Float32Array,
  directions: readonly (Float32Array | undefined)[],
  step: number,
): number {
  const moved = opCase.inputs.map((input, index) => {
    const direction = directions[index]
    return direction
      ? { ...input, data: Float64Array.from(input.data, (value, place) => value + step * direction[place]) }
      : input
  })
  const [y] = referenceOutputs(op, moved, opCase.attributes)
  return y.data.reduce((total, value, place) => total + value * weights[place], 0)
}

const isConstant = ({ op, constants = [] }: OpCases, input: number) => constants.includes(inputName(op, input))

async function checkCase(opCases: OpCases, opCase: OpCase, slopes: Map<number, number>): Promise<string | undefined> {
  const { op } = opCases
  const [y] = referenceOutputs(op, opCase.inputs, opCase.attributes)
  const weights = normalNumbers([1, 2], y.data.length)
  const gradients = await ruledGradients(op, opCase, weights)
  const directions = opCase.inputs.map(({ data, dtype }: CaseInput, index) => {
    return dtype === "i32" || isConstant(opCases, index) ? undefined : normalNumbers([3, index], data.length)
  })
  let slope = 0
  let scale = 0
  for (const [index, gradient] of gradients) {
    const direction = directions[index]
    if (!direction) continue
    for (let place = 0; place < gradient.length; place++) {
      slope += gradient[place] * direction[place]
      scale += Math.abs(gradient[place] * direction[place])
      slopes.set(index, (slopes.get(index) ?? 0) + Math.abs(gradient[place]))
    }
  }
  const ahead = lossAlong(op, opCase, weights, directions, STEP)
  const behind = lossAlong(op, opCase, weights, directions, -STEP)
  const measured = (ahead - behind) / (2 * STEP)
  // Gradients come out in float32: 6e-8 of each term. Third derivatives of the cases are below some hundreds.
  const allowed = 1e-6 * scale + 1e-5
  return Math.abs(slope - measured) <= allowed
    ? undefined
    : `${opCase.title}: the rule says ${slope}, measured ${measured}`
}

const differentiable = Object.entries(OP_CASES as Record<string, OpCases>).filter(
  ([, { op }]) => typeof op.gradient === "function",
)

describe("gradient rules against central differences", () => {
  test.each(differentiable.filter(([name]) => name !== "round"))("%s", async (_, opCases) => {
    const faults: (string | undefined)[] = []
    const slopes = new Map<number, number>()
    for (const opCase of opCases.cases)
      if (opCase.gradient !== false) faults.push(await checkCase(opCases, opCase, slopes))
    expect(faults.filter(Boolean)).toEqual([])
    // A rule that gives nothing would agree with a flat function: every input that has a gradient has a steep case.
    const floats = opCases.cases[0].inputs.flatMap(({ dtype }, index) =>
      dtype === "i32" || isConstant(opCases, index) ? [] : [index],
    )
    for (const index of floats) expect(slopes.get(index), `input ${index}`).toBeGreaterThan(0)
  })

  test("round lets gradients pass as if nothing had been rounded", async () => {
    const opCase = { title: "", inputs: OP_CASES.round.cases[7].inputs }
    const weights = normalNumbers([1, 2], opCase.inputs[0].data.length)
    expect((await ruledGradients(OP_CASES.round.op, opCase, weights)).get(0)).toEqual(weights)
  })

  test("rows whose target is ignored have no gradient", async () => {
    const opCase = OP_CASES.linearCrossEntropy.cases.find(({ title }) => title === "odd sizes") as OpCase
    const gradients = await ruledGradients(OP_CASES.linearCrossEntropy.op, opCase, new Float32Array(17).fill(1))
    const dHidden = gradients.get(0) as Float32Array
    const { data: targets } = opCase.inputs[2]
    targets.forEach((target, row) => {
      const isZero = dHidden.subarray(row * 33, row * 33 + 33).every((value) => value === 0)
      expect(isZero, `row ${row}`).toBe(target === IGNORED_TARGET)
    })
  })
})

test("an operation without a gradient says why", () => {
  for (const [name, { gradient }] of Object.entries(OPS))
    if (typeof gradient !== "function") expect(gradient.none.split(" ").length, name).toBeGreaterThan(3)
})
