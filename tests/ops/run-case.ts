/** Runs one case of an operation on an executor, and says where numbers differ by more than a case allows. */

import { type Attributes, applyAll, asTensor, type OpDefinition } from "../../src/engine/graph/index.ts"
import {
  compile,
  type Executor,
  type HostArray,
  isBlockDType,
  round,
  type State,
  Store,
  type Tensor,
} from "../../src/engine/index.ts"
import type { CaseInput, OpCase, Tolerance } from "../../src/engine/ops/op-case.cases.ts"

/** Input specs of a case, by name; matrices in blocks are states and no inputs. */
export function caseSpecs(inputs: readonly CaseInput[]) {
  return Object.fromEntries(
    inputs.flatMap(({ shape, dtype }, index) => {
      if (isBlockDType(dtype)) return []
      return [[`input${index}`, { shape, dtype: dtype === "i32" ? ("i32" as const) : ("f32" as const) }]]
    }),
  )
}

/** The matrices in blocks of a case, by the name of the input they stand for. */
async function caseStates(inputs: readonly CaseInput[], store: Store): Promise<Record<string, State>> {
  const states: Record<string, State> = {}
  for (const [index, { shape, dtype, data }] of inputs.entries()) {
    if (!isBlockDType(dtype)) continue
    const state = store.create(`input${index}`, shape as readonly number[], { dtype })
    await state.write(data)
    states[state.path] = state
  }
  return states
}

/** A case's numbers, by name. */
export function caseNumbers(inputs: readonly CaseInput[]): Record<string, HostArray> {
  return Object.fromEntries(
    inputs.flatMap(({ data, dtype }, index) => (isBlockDType(dtype) ? [] : [[`input${index}`, data]])),
  )
}

/** A case's inputs as the operation takes them: rounded where the case wants bfloat16. */
export function caseTensors(
  inputs: readonly CaseInput[],
  traced: Readonly<Record<string, Tensor>>,
  states: Readonly<Record<string, State>> = {},
): Tensor[] {
  return inputs.map(({ dtype }, index) => {
    const name = `input${index}`
    if (states[name]) return asTensor(states[name])
    return dtype === "bf16" ? round(traced[name]) : traced[name]
  })
}

/** Runs a case and gives its outputs. */
export async function runCase(
  op: OpDefinition<never>,
  { inputs, attributes = {} }: OpCase,
  { executor, precision = "f32" }: { executor: Executor; precision?: "f32" | "bf16" },
): Promise<HostArray[]> {
  using store = new Store(executor)
  const states = await caseStates(inputs, store)
  using program = compile(
    caseSpecs(inputs),
    (traced) => {
      const operands = caseTensors(inputs, traced, states)
      const tensors = applyAll(op as unknown as OpDefinition<Attributes>, operands, attributes)
      return { outputs: Object.fromEntries(tensors.map((tensor, index) => [`output${index}`, tensor])) }
    },
    { executor, precision, name: op.name },
  )
  return Object.values(await program.run(caseNumbers(inputs)))
}

/** The first place where `came` is further from `wanted` than allowed; undefined where there is none. */
export function firstDifference(
  came: ArrayLike<number>,
  wanted: ArrayLike<number>,
  tolerance: Tolerance,
): string | undefined {
  if (came.length !== wanted.length) return `${came.length} numbers, wanted ${wanted.length}`
  for (let place = 0; place < came.length; place++) {
    const [left, right] = [came[place], Math.fround(wanted[place])]
    const same = left === right || (Number.isNaN(left) && Number.isNaN(right))
    const near = Math.abs(left - wanted[place]) <= tolerance.absolute + tolerance.relative * Math.abs(wanted[place])
    if (!same && !near) return `place ${place}: ${left}, wanted ${right}`
  }
  return undefined
}
