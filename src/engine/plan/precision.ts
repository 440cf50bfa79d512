/** The precision pass: rounding is part of the graph, put there by operation trait alone, the same in every program. */
import { applyAt, atPath, type Graph, rewriteGraph, type Tensor } from "../graph/index.ts"
import { round } from "../ops/index.ts"

/**
 * Under `bf16`, inserts `round` before every input that an operation's trait names; one rounding a tensor, shared by all
 * who read it. Under `f32` the graph stays.
 */
export function applyPrecision(graph: Graph, precision: "f32" | "bf16"): Graph {
  if (precision === "f32") return graph
  const rounded = new Map<Tensor, Tensor>()
  const roundOnce = (tensor: Tensor): Tensor => {
    if (tensor.dtype !== "f32") return tensor
    let result = rounded.get(tensor)
    if (!result) {
      result = roundAtSource(tensor)
      rounded.set(tensor, result)
    }
    return result
  }
  /** The same numbers whether rounded before or after they are moved or looked at in another way; before, once for all. */
  const roundAtSource = (tensor: Tensor): Tensor => {
    const { op, path, inputs, attributes } = tensor.node
    if (op.traits?.view || op.traits?.window || op.traits?.moves)
      return applyAt(path, op, inputs.map(roundOnce), attributes)[tensor.index]
    return atPath(path, () => round(tensor))
  }
  return rewriteGraph(graph, (node, inputs) => {
    const places = node.op.traits?.rounds
    if (!places) return undefined
    const changed = inputs.map((tensor, index) => (places.includes(index) ? roundOnce(tensor) : tensor))
    return applyAt(node.path, node.op, changed, node.attributes)
  })
}
