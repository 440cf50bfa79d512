/**
 * Selection: which nodes run together as one unit. An elementwise node whose only readers are elementwise nodes of one
 * unit and of one shape joins it, so that a chain reads and writes memory once; then units are joined (`joining.ts`).
 * Everything else is a unit of its own. Fusing moves values and changes none: each element is computed by the same steps.
 */
import { type Graph, graphRoots, type Node, reachableNodes, type Tensor } from "../graph/index.ts"
import { sameShape } from "../tensor/index.ts"
import { type Joining, joinReaders, joinSource, roundInKernel, takeAlong, takeProduct } from "./joining.ts"
import {
  isElementwise,
  isLeaf,
  isNode,
  isRounding,
  isView,
  isWindow,
  kernelOperands,
  MOST_FUSED_NODES,
  type Reader,
  type Readers,
  type Selection,
  tensorOf,
  type Unit,
} from "./units.ts"

export function selectUnits(graph: Graph): Selection {
  const roots = graphRoots(graph)
  const nodes = neededNodes(roots)
  const readers = readersOf(nodes)
  const kept = new Set(roots)
  const unitOf = new Map<Node, Unit>()
  for (const node of [...nodes].reverse()) {
    if (isLeaf(node) || isView(node) || isWindow(node)) continue
    const host = isElementwise(node) && !kept.has(node.tensors[0]) ? hostOf(node, readers, unitOf) : undefined
    if (host) host.nodes.unshift(node)
    unitOf.set(node, host ?? { nodes: [node], root: node, rounded: [], sums: [], packs: [] })
  }
  const known: Joining = { readers, kept, unitOf }
  const rootsOfUnits = (): Node[] => nodes.filter((node) => unitOf.get(node)?.root === node)
  for (const node of nodes) if (isRounding(node)) roundInKernel(node, known)
  for (const node of rootsOfUnits()) joinSource(unitOf.get(node) as Unit, known)
  for (const node of nodes) joinReaders(node, known)
  for (const node of nodes) takeAlong(node, known)
  for (const node of rootsOfUnits()) takeProduct(unitOf.get(node) as Unit, known)
  const units = rootsOfUnits().map((node) => unitOf.get(node) as Unit)
  for (const unit of units) unit.nodes.sort((left, right) => left.id - right.id)
  return { units, unitOf, readers, kept }
}

/** The tensors of a unit that others read from memory as they are. */
export function writtenTensors({ nodes }: Unit, { readers, kept, unitOf }: Selection): Tensor[] {
  const isRead = (tensor: Tensor): boolean => {
    const unit = unitOf.get(tensor.node) as Unit
    return [...(readers.get(tensor) ?? [])].some((reader) =>
      reader === "packed"
        ? !unit.packs.some(({ source }) => source === tensor)
        : reader === "packedTransposed" || unitOf.get(reader) !== unit,
    )
  }
  return nodes.map(({ tensors: [tensor] }) => tensor).filter((tensor) => kept.has(tensor) || isRead(tensor))
}

/** The nodes whose kernels must run, in traced order; a rounding that happens while packing is not among them. */
function neededNodes(roots: readonly Tensor[]): Node[] {
  const needed = new Set<Node>()
  const pending = roots.map(({ node }) => node)
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (needed.has(node)) continue
    needed.add(node)
    for (const operand of kernelOperands(node)) pending.push(tensorOf(operand).node)
  }
  return reachableNodes(roots).filter((node) => needed.has(node))
}

/** For each tensor, the nodes that read it as it is, and whether it is also packed. */
function readersOf(nodes: readonly Node[]): Map<Tensor, Set<Reader>> {
  const readers = new Map<Tensor, Set<Reader>>()
  for (const node of nodes)
    for (const operand of kernelOperands(node)) {
      const tensor = tensorOf(operand)
      const known = readers.get(tensor) ?? new Set<Reader>()
      const reader = !("pack" in operand) ? node : operand.pack.transposed ? "packedTransposed" : "packed"
      readers.set(tensor, known.add(reader))
    }
  return readers
}

/** The fused unit that every reader of an elementwise node is in, if the node may join it. */
function hostOf(node: Node, readers: Readers, unitOf: ReadonlyMap<Node, Unit>): Unit | undefined {
  const [tensor] = node.tensors
  const hosts = new Set<Unit | undefined>()
  for (const reader of readers.get(tensor) ?? []) {
    const joins = isNode(reader) && isElementwise(reader) && sameShape(reader.outputs[0].shape, tensor.shape)
    hosts.add(joins ? unitOf.get(reader) : undefined)
  }
  const [host] = hosts
  return hosts.size === 1 && host && host.nodes.length < MOST_FUSED_NODES ? host : undefined
}
