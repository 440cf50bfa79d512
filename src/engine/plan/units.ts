/**
 * Selection: which nodes run together as one unit. An elementwise node whose only readers are elementwise nodes of one
 * unit and of one shape joins it, so that a chain reads and writes memory once; everything else is a unit of its own.
 * Fusing moves values and changes none: each element is computed by the same steps.
 */
import {
  type Graph,
  graphRoots,
  isConstant,
  isInput,
  isState,
  type KernelOperand,
  type Node,
  reachableNodes,
  type Tensor,
} from "../graph/index.ts"
import { type DType, sameShape } from "../tensor/index.ts"

/** A matrix to be packed as the right side of products. */
export interface PackRequest {
  /** What is packed: before rounding, where a rounding can happen on the way. */
  readonly source: Tensor
  readonly transposed: boolean
  readonly dtype: DType
}

export type UnitOperand = { readonly tensor: Tensor } | { readonly pack: PackRequest }

/** Nodes that run as one instruction, in traced order; the root, the last of them, gives the unit its place. */
export interface Unit {
  readonly nodes: Node[]
  readonly root: Node
  /** A rounding of the root's output that is written beside it, or for a kernel that can, instead of it. */
  rounded?: { readonly node: Node; readonly output: number; readonly instead: boolean }
  /** Of an elementwise unit: the product that it takes while it is made, and that is never written. */
  product?: Node
}

/** Most distinct inputs of one fused unit: their blocks share the first cache with the temporaries. */
const MOST_FUSED_NODES = 24

/** What a node's kernel reads, in the kernel's order. */
export function kernelOperands(node: Node): UnitOperand[] {
  const types = node.inputs.map(({ shape, dtype }) => ({ shape, dtype }))
  const rule = node.op.native?.operands
  const operands: readonly KernelOperand[] = rule
    ? rule(types, node.attributes as never)
    : node.inputs.map((_, input) => ({ input }))
  return operands.map((operand) => {
    const tensor = node.inputs[operand.input]
    return "packed" in operand ? { pack: requestPack(tensor, operand.transposed) } : { tensor }
  })
}

/** States are rounded while they are packed; other values are there rounded already. */
function requestPack(tensor: Tensor, transposed: boolean): PackRequest {
  const dtype = tensor.dtype === "bf16" ? "packedBf16" : "packedF32"
  const isRoundedState = isRounding(tensor.node) && isState(tensor.node.inputs[0].node)
  return { source: isRoundedState ? tensor.node.inputs[0] : tensor, transposed, dtype }
}

function tensorOf(operand: UnitOperand): Tensor {
  return "pack" in operand ? operand.pack.source : operand.tensor
}

export function isLeaf(node: Node): boolean {
  return isInput(node) || isConstant(node) || isState(node)
}
export function isElementwise(node: Node): boolean {
  return node.op.traits?.elementwise !== undefined
}
function isRounding(node: Node): boolean {
  return node.op.traits?.elementwise === "roundBf16"
}
export function isView(node: Node): boolean {
  return node.op.traits?.view === true
}

/** Whether the node only points at columns of its input. */
export function isWindow(node: Node): boolean {
  return node.op.traits?.window === true
}

/** What reads a tensor: nodes, and whether it is packed. */
type Readers = ReadonlyMap<Tensor, ReadonlySet<Node | "packed">>

/** What must run, cut into units, and who reads what. Leaves, views and windows are in no unit. */
export interface Selection {
  readonly units: readonly Unit[]
  readonly unitOf: ReadonlyMap<Node, Unit>
  readonly readers: Readers
}

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
    unitOf.set(node, host ?? { nodes: [node], root: node })
  }
  for (const node of nodes) if (isRounding(node)) joinProducer(node, readers, kept, unitOf)
  for (const node of nodes)
    if (unitOf.get(node)?.root === node) takeProduct(unitOf.get(node) as Unit, readers, kept, unitOf)
  const units = nodes.filter((node) => unitOf.get(node)?.root === node).map((node) => unitOf.get(node) as Unit)
  for (const unit of units) unit.nodes.sort((left, right) => left.id - right.id)
  return { units, unitOf, readers }
}

/**
 * Lets a rounding happen where its input is made: as a second output of an elementwise unit, or as the only output of a
 * kernel that can write bf16 when nothing else reads the unrounded numbers.
 */
function joinProducer(rounding: Node, readers: Readers, kept: ReadonlySet<Tensor>, unitOf: Map<Node, Unit>): void {
  const [source] = rounding.inputs
  const host = unitOf.get(source.node)
  if (!host || host.root !== source.node || host.rounded || unitOf.get(rounding)?.nodes.length !== 1) return
  const beside = isElementwise(host.root)
  const alone = !kept.has(source) && readers.get(source)?.size === 1
  const writesBf16 = host.root.op.native?.storesBf16?.includes(source.index) ?? false
  if (!beside && !(alone && writesBf16)) return
  host.rounded = { node: rounding, output: source.index, instead: !beside }
  unitOf.set(rounding, host)
}

/** Lets an elementwise unit take the product that only it reads, the last one when there are several. */
function takeProduct(unit: Unit, readers: Readers, kept: ReadonlySet<Tensor>, unitOf: Map<Node, Unit>): void {
  if (!isElementwise(unit.root)) return
  const [{ shape }] = unit.root.tensors
  const isOurs = (tensor: Tensor): boolean => {
    const own = unitOf.get(tensor.node)
    const all = [...(readers.get(tensor) ?? [])]
    return (
      tensor.node.op.native?.withElementwise !== undefined &&
      own?.root === tensor.node &&
      !own.rounded &&
      !kept.has(tensor) &&
      sameShape(tensor.shape, shape) &&
      all.every((reader) => reader !== "packed" && unitOf.get(reader) === unit)
    )
  }
  const inputs = unit.nodes.flatMap((node) => node.inputs).filter(isOurs)
  const product = inputs.sort((left, right) => right.node.id - left.node.id)[0]?.node
  if (!product) return
  unit.product = product
  unitOf.set(product, unit)
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
function readersOf(nodes: readonly Node[]): Map<Tensor, Set<Node | "packed">> {
  const readers = new Map<Tensor, Set<Node | "packed">>()
  for (const node of nodes)
    for (const operand of kernelOperands(node)) {
      const tensor = tensorOf(operand)
      const known = readers.get(tensor) ?? new Set()
      readers.set(tensor, known.add("pack" in operand ? "packed" : node))
    }
  return readers
}

/** The fused unit that every reader of an elementwise node is in, if the node may join it. */
function hostOf(node: Node, readers: Readers, unitOf: ReadonlyMap<Node, Unit>): Unit | undefined {
  const [tensor] = node.tensors
  const hosts = new Set<Unit | undefined>()
  for (const reader of readers.get(tensor) ?? []) {
    const joins = reader !== "packed" && isElementwise(reader) && sameShape(reader.outputs[0].shape, tensor.shape)
    hosts.add(joins ? unitOf.get(reader) : undefined)
  }
  const [host] = hosts
  return hosts.size === 1 && host && host.nodes.length < MOST_FUSED_NODES ? host : undefined
}
