/** A graph as text, one line a node: `%7 = matmul(%3, %6) {transposeRight: true} : f32 [rows≤64, 128]  @ layers.0.mlp`. */
import { formatShape } from "../tensor/index.ts"
import { type Graph, graphRoots, isConstant, isInput, isState, reachableNodes, stateOf } from "./graph.ts"
import type { Node, Tensor } from "./node.ts"

export function printGraph(graph: Graph): string {
  const nodes = reachableNodes([...graph.inputs, ...graphRoots(graph)])
  const numbers = new Map(nodes.map((node, index) => [node, index]))
  const name = (tensor: Tensor): string => {
    const suffix = tensor.node.outputs.length > 1 ? `.${tensor.index}` : ""
    return `%${numbers.get(tensor.node)}${suffix}`
  }
  const lines = nodes.map((node) => {
    const types = node.outputs.map(({ dtype, shape }) => `${dtype} ${formatShape(shape)}`).join(", ")
    const inputs = node.inputs.map(name).join(", ")
    const place = node.path ? `  @ ${node.path}` : ""
    return `%${numbers.get(node)} = ${node.op.name}(${inputs})${formatSettings(node)} : ${types}${place}`
  })
  for (const [key, tensor] of Object.entries(graph.outputs)) lines.push(`output ${key} = ${name(tensor)}`)
  for (const { state, value } of graph.updates) lines.push(`update ${state.path} = ${name(value)}`)
  if (graph.when) lines.push(`updates when ${name(graph.when)}`)
  return `${lines.join("\n")}\n`
}

function formatSettings(node: Node): string {
  if (isState(node)) return ` {${stateOf(node).path}}`
  if (isInput(node)) return ` {${node.attributes["name"]}}`
  if (isConstant(node)) {
    const data = node.attributes["data"] as ArrayLike<number>
    return data.length === 1 ? ` {${data[0]}}` : ""
  }
  const settings = Object.entries(node.attributes).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
  return settings.length ? ` {${settings.join(", ")}}` : ""
}
