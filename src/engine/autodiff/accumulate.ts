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
import { add, reshape } from "../ops/index.ts"
import { sameShape } from "../tensor/index.ts"

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
  for (const sum of sums) {
    const { node } = throughViews(sum.term)
    byNode.set(node, [...(byNode.get(node) ?? []), sum])
  }
  return [...byNode].flatMap(([node, group]) => continueNode(node, group))
}

/** The tensor whose numbers these are: a bias's gradient is a sum over rows under another shape. */
function throughViews(tensor: Tensor): Tensor {
  return tensor.node.op.traits?.view ? throughViews(tensor.node.inputs[0]) : tensor
}

/** `tensor` under the shape of `like`; itself where it has that already. */
function shapedLike(tensor: Tensor, like: Tensor): Tensor {
  return sameShape(tensor.shape, like.shape) ? tensor : reshape(tensor, like.shape)
}

function continueNode(node: Node, group: readonly RunningSum[]): StateUpdate[] {
  const positions = node.op.traits?.accumulators?.filter((position) => position >= 0) ?? []
  const continued = [...node.inputs]
  for (const { term, state } of group) {
    const source = throughViews(term)
    const position = node.op.traits?.accumulators?.[source.index] ?? -1
    if (position >= 0) continued[position] = atPath(node.path, () => shapedLike(asTensor(state), source))
  }
  // Optional inputs only stand at the end: with one of two missing, the plain sum serves.
  if (positions.length === 0 || positions.some((position) => !continued[position]))
    return group.map(({ term, state }) => ({ state, value: atPath(node.path, () => add(state, term)) }))
  const outputs = applyAt(node.path, node.op, continued, node.attributes)
  return group.map(({ term, state }) => {
    const value = outputs[throughViews(term).index]
    return { state, value: atPath(node.path, () => shapedLike(value, term)) }
  })
}
