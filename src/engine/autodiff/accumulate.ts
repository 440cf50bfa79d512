/** Sums continued across micro-batches: one batch of 8 and eight of 1 give the same bits. */
import {
  applyAt,
  asTensor,
  atPath,
  type Node,
  type StateHandle,
  type StateUpdate,
  type Tensor,
} from "../graph/index.ts"
import { add } from "../ops/index.ts"

/** A sum over this run's rows and the state in which it goes on. */
export interface RunningSum {
  readonly term: Tensor
  readonly state: StateHandle
}

/**
 * Updates that add each term to its state. Where the term's own operation sums over rows (products for weights, sums
 * for biases, tables), that sum starts from the state instead of from zero, so that the order of additions does not
 * depend on how rows were cut into runs of multiples of 32.
 */
export function accumulate(sums: readonly RunningSum[]): StateUpdate[] {
  const byNode = new Map<Node, RunningSum[]>()
  for (const sum of sums) byNode.set(sum.term.node, [...(byNode.get(sum.term.node) ?? []), sum])
  return [...byNode].flatMap(([node, group]) => continueNode(node, group))
}

function continueNode(node: Node, group: readonly RunningSum[]): StateUpdate[] {
  const positions = node.op.traits?.accumulators?.filter((position) => position >= 0) ?? []
  const continued = [...node.inputs]
  for (const { term, state } of group) {
    const position = node.op.traits?.accumulators?.[term.index] ?? -1
    if (position >= 0) continued[position] = asTensor(state)
  }
  // Optional inputs only stand at the end: with one of two missing, the plain sum serves.
  if (positions.length === 0 || positions.some((position) => !continued[position]))
    return group.map(({ term, state }) => ({ state, value: atPath(node.path, () => add(state, term)) }))
  const outputs = applyAt(node.path, node.op, continued, node.attributes)
  return group.map(({ term, state }) => ({ state, value: outputs[term.index] }))
}
