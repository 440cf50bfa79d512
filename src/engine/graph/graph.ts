/** A whole computation: what is read, what comes out, what is written back. Passes take one and give another. */
import { GlossaError } from "../../errors.ts"
import { isBlockDType } from "../tensor/index.ts"
import type { OpDefinition } from "./definition.ts"
import type { Node, StateHandle, Tensor } from "./node.ts"
import { applyAt, asTensor, constantOp, inputOp, stateOp, trace } from "./trace.ts"

/** A state and the value it has after a run. */
export interface StateUpdate {
  readonly state: StateHandle
  readonly value: Tensor
}

export interface Graph {
  /** In the order of the program's inputs. */
  readonly inputs: readonly Tensor[]
  readonly outputs: Readonly<Record<string, Tensor>>
  readonly updates: readonly StateUpdate[]
  /** When present, the updates happen only if this scalar is nonzero. */
  readonly when?: Tensor
}

/** Every tensor that the graph must compute. */
export function graphRoots(graph: Graph): Tensor[] {
  const roots = [...Object.values(graph.outputs), ...graph.updates.map(({ value }) => value)]
  return graph.when ? [...roots, graph.when] : roots
}

/** The nodes that the roots need, inputs before users, in the order they were traced. */
export function reachableNodes(roots: readonly Tensor[]): Node[] {
  const seen = new Set<Node>()
  const pending = roots.map(({ node }) => node)
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    for (const { node: source } of node.inputs) pending.push(source)
  }
  return [...seen].sort((left, right) => left.id - right.id)
}

/** Which nodes read each tensor. */
export function consumersOf(nodes: readonly Node[]): Map<Tensor, Node[]> {
  const consumers = new Map<Tensor, Node[]>()
  for (const node of nodes)
    for (const tensor of node.inputs) {
      const readers = consumers.get(tensor)
      if (readers) readers.push(node)
      else consumers.set(tensor, [node])
    }
  return consumers
}

/**
 * Rebuilds a graph node by node in a trace of its own. `change` may answer other outputs for a node whose inputs are
 * already rebuilt; answering undefined keeps the node. The module paths stay.
 */
export function rewriteGraph(
  graph: Graph,
  change: (node: Node, inputs: readonly Tensor[]) => readonly Tensor[] | undefined,
): Graph {
  return trace(() => {
    const rebuilt = new Map<Node, readonly Tensor[]>()
    const image = (tensor: Tensor): Tensor => (rebuilt.get(tensor.node) as readonly Tensor[])[tensor.index]
    const roots = [...graph.inputs, ...graphRoots(graph)]
    for (const node of reachableNodes(roots)) {
      const inputs = node.inputs.map(image)
      const same = () =>
        isState(node) ? [asTensor(stateOf(node))] : applyAt(node.path, node.op, inputs, node.attributes)
      rebuilt.set(node, change(node, inputs) ?? same())
    }
    return {
      inputs: graph.inputs.map(image),
      outputs: Object.fromEntries(Object.entries(graph.outputs).map(([name, tensor]) => [name, image(tensor)])),
      updates: graph.updates.map(({ state, value }) => ({ state, value: image(value) })),
      ...(graph.when ? { when: image(graph.when) } : {}),
    }
  })
}

export function isInput(node: Node): boolean {
  return node.op === (inputOp as OpDefinition<never>)
}
export function isConstant(node: Node): boolean {
  return node.op === (constantOp as OpDefinition<never>)
}
export function isState(node: Node): boolean {
  return node.op === (stateOp as OpDefinition<never>)
}
/** The state that a state leaf reads. */
export function stateOf(node: Node): StateHandle {
  return node.attributes["state"] as StateHandle
}

/** Checks what tracing alone cannot: one update a state, of its own shape and kind; blocks are read, never handed on. */
export function verifyGraph(graph: Graph): void {
  for (const { dtype, node } of graphRoots(graph))
    if (isBlockDType(dtype))
      throw new GlossaError("DTYPE_MISMATCH", {
        where: isState(node) ? stateOf(node).path : node.op.name,
        wanted: "outputs and updates of numbers that are not in blocks",
        came: dtype,
        fix: "read or write the state itself",
      })
  const updated = new Set<StateHandle>()
  for (const { state, value } of graph.updates) {
    if (updated.has(state))
      throw new GlossaError("TRACE_MISUSE", {
        where: state.path,
        wanted: "one update a state",
        came: "a second update",
      })
    updated.add(state)
    const fits =
      value.shape.length === state.shape.length && value.shape.every((size, axis) => size === state.shape[axis])
    if (!fits || value.dtype !== state.dtype)
      throw new GlossaError("SHAPE_MISMATCH", {
        where: `update of ${state.path}`,
        wanted: `${state.dtype} [${state.shape.join(", ")}]`,
        came: `${value.dtype} [${value.shape.join(", ")}]`,
        path: value.node.path,
      })
  }
}
