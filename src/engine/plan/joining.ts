/**
 * The steps that join units: an elementwise unit moves to where its last input is made, units that read one product become
 * one, a unit takes the product that it works on, sums over rows and packs go where their matrix passes through.
 *
 * No circle can arise: a unit's place is its root's, and each reads only from units with an earlier place. Every step
 * keeps that true.
 */
import type { Node, Tensor } from "../graph/index.ts"
import { sameShape } from "../tensor/index.ts"
import {
  isElementwise,
  isNode,
  isView,
  isWindow,
  kernelOperands,
  MOST_FUSED_NODES,
  type Readers,
  storedTensor,
  type Unit,
} from "./units.ts"

/** What the steps that join units look at and change. */
export interface Joining {
  readonly readers: Readers
  readonly kept: ReadonlySet<Tensor>
  readonly unitOf: Map<Node, Unit>
}

/** Lets a kernel that can write bf16 do so where nothing but a rounding reads its numbers. */
export function roundInKernel(rounding: Node, { readers, kept, unitOf }: Joining): void {
  const [source] = rounding.inputs
  const host = unitOf.get(source.node)
  if (!host || host.root !== source.node || unitOf.get(rounding)?.nodes.length !== 1) return
  const alone = !kept.has(source) && readers.get(source)?.size === 1
  if (isElementwise(host.root) || !alone || !host.root.op.native?.storesBf16?.includes(source.index)) return
  host.rounded.push({ node: rounding, output: source.index })
  unitOf.set(rounding, host)
}

/** Lets an elementwise unit run where the last of its inputs is made, if that is in an elementwise unit of its shape. */
export function joinSource(unit: Unit, { kept, unitOf }: Joining): void {
  if (!isElementwise(unit.root) || unit.nodes.some(({ tensors: [tensor] }) => kept.has(tensor))) return
  const sources = sourcesOf(unit, unitOf)
  const host = sources.reduce<Unit | undefined>((last, next) => (last && isBefore(next, last) ? last : next), undefined)
  const fits =
    host &&
    isElementwise(host.root) &&
    sameShape(host.root.outputs[0].shape, unit.root.outputs[0].shape) &&
    host.nodes.length + unit.nodes.length <= MOST_FUSED_NODES
  if (fits) joinUnits(host, unit, unitOf)
}

/** Joins the elementwise units that read a product, so that one can take it, where all but it is there for the first. */
export function joinReaders(product: Node, { readers, kept, unitOf }: Joining): void {
  const [tensor] = product.tensors
  if (product.op.native?.withElementwise === undefined || kept.has(tensor)) return
  const all = [...(readers.get(tensor) ?? [])].map((reader) => isNode(reader) && unitOf.get(reader))
  const units = [...new Set(all)].filter((unit): unit is Unit => !!unit && isElementwise(unit.root))
  const host = units.reduce<Unit | undefined>(
    (first, next) => (first && isBefore(first, next) ? first : next),
    undefined,
  )
  const others = units.filter((unit) => unit !== host)
  const joins = (unit: Unit): boolean =>
    !unit.nodes.some(({ tensors: [own] }) => kept.has(own)) &&
    sourcesOf(unit, unitOf).every(
      (source) => source === host || source.root === product || isBefore(source, host as Unit),
    )
  const fits =
    host &&
    !all.includes(false) &&
    units.every(({ root }) => sameShape(root.outputs[0].shape, tensor.shape)) &&
    units.reduce((total, { nodes }) => total + nodes.length, 0) <= MOST_FUSED_NODES &&
    others.every(joins)
  if (fits) for (const unit of others) joinUnits(host, unit, unitOf)
}

function joinUnits(host: Unit, unit: Unit, unitOf: Map<Node, Unit>): void {
  host.nodes.push(...unit.nodes)
  for (const node of unit.nodes) unitOf.set(node, host)
}

/** Lets the unit that makes or reads a matrix sum its rows, and pack what it makes. */
export function takeAlong(node: Node, { readers, kept, unitOf }: Joining): void {
  if (isSumOverRows(node) && !kept.has(node.tensors[0])) {
    const [matrix, ...accumulators] = node.inputs
    const isThere = (tensor: Tensor, unit: Unit): boolean => {
      const source = unitOf.get(storedTensor(tensor).node)
      return source === undefined || isBefore(source, unit)
    }
    const near = [
      unitOf.get(matrix.node),
      ...[...(readers.get(matrix) ?? [])].map((reader) => isNode(reader) && unitOf.get(reader)),
    ]
    const host = near.find(
      (unit): unit is Unit =>
        !!unit &&
        isElementwise(unit.root) &&
        sameShape(unit.root.outputs[0].shape, matrix.shape) &&
        readsWhole(unit) &&
        accumulators.every((tensor) => isThere(tensor, unit)) &&
        unitsReading(node.tensors[0], readers, unitOf).every((reader) => isBefore(unit, reader)),
    )
    if (host) {
      host.sums.push(node)
      unitOf.set(node, host)
    }
  }
  for (const operand of kernelOperands(node)) {
    if (!("pack" in operand) || operand.pack.transposed) continue
    const { source, dtype } = operand.pack
    const host = unitOf.get(source.node)
    if (!host || !isElementwise(host.root) || source.rank !== 2 || !readsWhole(host)) continue
    if (!host.packs.some((pack) => pack.source === source && pack.dtype === dtype)) host.packs.push(operand.pack)
  }
}

/** Lets an elementwise unit take the product that only it reads, the last one when there are several. */
export function takeProduct(unit: Unit, { readers, kept, unitOf }: Joining): void {
  if (!isElementwise(unit.root)) return
  const [{ shape }] = unit.root.tensors
  const isOurs = (tensor: Tensor): boolean => {
    const own = unitOf.get(tensor.node)
    const all = [...(readers.get(tensor) ?? [])]
    return (
      tensor.node.op.native?.withElementwise !== undefined &&
      tensor.index === 0 &&
      tensor.rank === 2 &&
      own?.root === tensor.node &&
      own.rounded.length === 0 &&
      !kept.has(tensor) &&
      sameShape(tensor.shape, shape) &&
      all.every((reader) => isNode(reader) && unitOf.get(reader) === unit) &&
      tensor.node.tensors
        .slice(1)
        .every((other) => unitsReading(other, readers, unitOf).every((reader) => isBefore(unit, reader)))
    )
  }
  const inputs = unit.nodes.flatMap((node) => node.inputs).filter(isOurs)
  const product = inputs.sort((left, right) => right.node.id - left.node.id)[0]?.node
  if (!product) return
  unit.product = product
  unitOf.set(product, unit)
}

function isBefore(left: Unit, right: Unit): boolean {
  return left.root.id < right.root.id
}

function isSumOverRows({ op, inputs, attributes }: Node): boolean {
  const types = inputs.map(({ shape, dtype }) => ({ shape, dtype }))
  return op.native?.sumsRows?.(types, attributes as never) ?? false
}

/** Whether an elementwise unit reads something of its own shape. */
function readsWhole({ nodes, root }: Unit): boolean {
  const inside = new Set(nodes)
  const read = nodes.flatMap(({ inputs }) => inputs).filter(({ node }) => !inside.has(node))
  return read.some(({ shape }) => sameShape(shape, root.outputs[0].shape))
}

/** The units, other than itself, that make what an elementwise unit reads. */
function sourcesOf(unit: Unit, unitOf: ReadonlyMap<Node, Unit>): Unit[] {
  const made = unit.nodes.flatMap(({ inputs }) => inputs).map((tensor) => unitOf.get(storedTensor(tensor).node))
  return [...new Set(made)].filter((source): source is Unit => source !== undefined && source !== unit)
}

/** The units that read a tensor, in whatever shape. */
function unitsReading(tensor: Tensor, readers: Readers, unitOf: ReadonlyMap<Node, Unit>): Unit[] {
  return [...(readers.get(tensor) ?? [])].flatMap((reader) => {
    if (!isNode(reader)) return []
    if (isView(reader) || isWindow(reader)) return reader.tensors.flatMap((seen) => unitsReading(seen, readers, unitOf))
    return unitOf.get(reader) ?? []
  })
}
