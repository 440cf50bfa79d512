/**
 * Running sums without double work. Continuing a sum from a state makes a second node beside the one that was traced
 * first: the same operation on the same inputs, with the state's value behind them. Outputs that do not depend on the
 * running sum are the same numbers in both, so their readers are given the second node's, and the first one falls away.
 */
import {
  applyAt,
  asTensor,
  type Graph,
  graphRoots,
  isState,
  type Node,
  reachableNodes,
  rewriteGraph,
  stateOf,
  type Tensor,
} from "../graph/index.ts"

export function joinContinuedSums(graph: Graph): Graph {
  const nodes = reachableNodes(graphRoots(graph))
  const twins = findTwins(nodes, new Set(graphRoots(graph)))
  if (twins.size === 0) return graph
  const built = new Map<Node, readonly Tensor[]>()
  return rewriteGraph(graph, (node, inputs) => {
    const done = built.get(node)
    if (done) return done
    const twin = twins.get(node)
    if (!twin) return undefined
    const sums = twin.inputs.slice(node.inputs.length).map(({ node: leaf }) => asTensor(stateOf(leaf)))
    const outputs = applyAt(twin.path, twin.op, [...inputs, ...sums], twin.attributes)
    built.set(twin, outputs)
    return outputs
  })
}

/** For each node whose running outputs nobody reads, the node that continues its sums from states. */
function findTwins(nodes: readonly Node[], roots: ReadonlySet<Tensor>): Map<Node, Node> {
  const byInputs = new Map<string, Node[]>()
  for (const node of nodes) {
    const places = node.op.traits?.accumulators
    if (!places?.includes(-1)) continue
    const key = [node.op.name, ...plainInputs(node).map((tensor) => `${tensor.node.id}:${tensor.index}`)].join(" ")
    byInputs.set(key, [...(byInputs.get(key) ?? []), node])
  }
  const twins = new Map<Node, Node>()
  for (const [plain, continued] of [...byInputs.values()].filter((group) => group.length === 2)) {
    const extra = continued.inputs.slice(plain.inputs.length)
    const running = plain.tensors.filter(isRunning)
    const sumsRead = running.some((tensor) => roots.has(tensor) || nodes.some(({ inputs }) => inputs.includes(tensor)))
    if (extra.length > 0 && extra.every(({ node }) => isState(node)) && !sumsRead) twins.set(plain, continued)
  }
  return twins
}

function isRunning({ node, index }: Tensor): boolean {
  return (node.op.traits?.accumulators?.[index] ?? -1) >= 0
}

/** The inputs without the values that sums start from. */
function plainInputs({ op, inputs }: Node): readonly Tensor[] {
  const first = Math.min(...(op.traits?.accumulators ?? []).filter((place) => place >= 0))
  return inputs.slice(0, first)
}
