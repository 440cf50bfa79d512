/** The program of a fused elementwise unit: which registers hold what, and the steps between them. */

import { invariant } from "../../errors.ts"
import { isConstant, type Node, type Tensor } from "../graph/index.ts"
import { ELEMENTWISE_STEPS, type ElementwiseStep } from "../ops/index.ts"

export interface FusedProgram {
  /** Tensors read from memory, in the order of their registers. */
  readonly reads: readonly Tensor[]
  /** `[steps, (step, to, a, b, c)…, register of each output]` */
  readonly ints: readonly number[]
  /** Constants, in registers after the reads. */
  readonly floats: readonly number[]
}

/** `nodes` in traced order; `results` are the tensors that are written, steps or reads; `first` has the first register. */
export function fuseNodes(
  nodes: readonly Node[],
  results: readonly Tensor[],
  first: readonly Tensor[] = [],
): FusedProgram {
  const inside = new Set([...first, ...nodes.map(({ tensors: [tensor] }) => tensor)])
  const reads: Tensor[] = [...first]
  const floats: number[] = []
  for (const tensor of new Set(nodes.flatMap(({ inputs }) => inputs).filter((tensor) => !inside.has(tensor)))) {
    const value = scalarConstant(tensor)
    if (value === undefined) reads.push(tensor)
    else if (!floats.includes(value)) floats.push(value)
  }
  const registers = new Map<Tensor, number>(reads.map((tensor, index) => [tensor, index]))
  const registerOf = (tensor: Tensor): number =>
    registers.get(tensor) ?? reads.length + floats.indexOf(scalarConstant(tensor) as number)
  const temporaries = new TemporaryRegisters(reads.length + floats.length, nodes, results)
  const steps = nodes.flatMap((node, index) => {
    const [a, b = 0, c = 0] = node.inputs.map(registerOf)
    const to = temporaries.take(node.tensors[0], index)
    registers.set(node.tensors[0], to)
    return [stepNumber(node), to, a, b, c]
  })
  const written = results.map(registerOf)
  return { reads, ints: [nodes.length, ...steps, ...written], floats }
}

function stepNumber(node: Node): number {
  const number = ELEMENTWISE_STEPS.indexOf(node.op.traits?.elementwise as ElementwiseStep)
  invariant(number >= 0, "fusion", `${node.op.name}, which is no step of the elementwise kernel`)
  return number
}

/** The number that a scalar constant stands for. */
function scalarConstant({ node }: Tensor): number | undefined {
  const data = isConstant(node) ? (node.attributes["data"] as ArrayLike<number>) : undefined
  return data?.length === 1 && node.outputs[0].shape.length === 0 ? data[0] : undefined
}

/** Hands out registers above `first` and takes them back after a tensor's last reader, but those of results. */
class TemporaryRegisters {
  private next: number
  private readonly free: number[] = []
  private readonly lastReader = new Map<Tensor, number>()
  private readonly busy: { tensor: Tensor; register: number }[] = []

  constructor(first: number, nodes: readonly Node[], results: readonly Tensor[]) {
    this.next = first
    nodes.forEach(({ inputs }, index) => {
      for (const tensor of inputs) this.lastReader.set(tensor, index)
    })
    for (const tensor of results) this.lastReader.set(tensor, nodes.length)
  }
  take(tensor: Tensor, index: number): number {
    for (let place = this.busy.length - 1; place >= 0; place--)
      if ((this.lastReader.get(this.busy[place].tensor) ?? index) < index) {
        this.free.push(this.busy[place].register)
        this.busy.splice(place, 1)
      }
    const register = this.free.pop() ?? this.next++
    this.busy.push({ tensor, register })
    return register
  }
}
