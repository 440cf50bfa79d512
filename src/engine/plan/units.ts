/** What a unit is: nodes that run as one instruction, what their kernel reads, and how tensors are seen through views. */
import { isConstant, isInput, isState, type KernelOperand, type Node, type Tensor } from "../graph/index.ts"
import type { DType } from "../tensor/index.ts"

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
  /** Of a kernel that can write bf16: roundings that are written instead of outputs. */
  readonly rounded: { readonly node: Node; readonly output: number }[]
  /** Of an elementwise unit: the kernel whose first output it takes while that is made, and that is never written. */
  product?: Node
  /** Of an elementwise unit: sums over the rows of tensors that pass through it, and packs of its results. */
  readonly sums: Node[]
  readonly packs: PackRequest[]
}

/** Most steps of one fused unit: their blocks share the first cache. */
export const MOST_FUSED_NODES = 24

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

export function tensorOf(operand: UnitOperand): Tensor {
  return "pack" in operand ? operand.pack.source : operand.tensor
}

export function isLeaf(node: Node): boolean {
  return isInput(node) || isConstant(node) || isState(node)
}
export function isElementwise(node: Node): boolean {
  return node.op.traits?.elementwise !== undefined
}
export function isRounding(node: Node): boolean {
  return node.op.traits?.elementwise === "roundBf16"
}
export function isView(node: Node): boolean {
  return node.op.traits?.view === true
}

/** Whether the node only points at columns of its input. */
export function isWindow(node: Node): boolean {
  return node.op.traits?.window === true
}

/** The tensor in whose memory these numbers lie, seen through changes of shape and groups of columns. */
export function storedTensor(tensor: Tensor): Tensor {
  const { node } = tensor
  return isView(node) || isWindow(node) ? storedTensor(node.inputs[0]) : tensor
}

/** What reads a tensor: nodes, and packs of it as it lies or transposed. */
export type Reader = Node | "packed" | "packedTransposed"
export type Readers = ReadonlyMap<Tensor, ReadonlySet<Reader>>

/** What must run, cut into units, and who reads what. Leaves, views and windows are in no unit. */
export interface Selection {
  readonly units: readonly Unit[]
  readonly unitOf: ReadonlyMap<Node, Unit>
  readonly readers: Readers
  /** Roots of the graph. */
  readonly kept: ReadonlySet<Tensor>
}

export function isNode(reader: Reader): reader is Node {
  return typeof reader !== "string"
}
