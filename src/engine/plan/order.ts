/**
 * The order of units: each after what it reads, otherwise as traced. A unit that writes a state in place also comes
 * after every other unit that reads the state's old value; where that would be a circle, the state is updated by a copy
 * at the end instead.
 */
import {
  type Graph,
  isState,
  type Node,
  type StateHandle,
  type StateUpdate,
  stateOf,
  type Tensor,
} from "../graph/index.ts"
import { isElementwise, isView, isWindow, kernelOperands, type Selection, storedTensor, type Unit } from "./units.ts"

export interface Order {
  readonly units: readonly Unit[]
  /** The updates that are written where the state lies, and the unit that does each. */
  readonly inPlace: ReadonlyMap<StateUpdate, Unit>
}

export function orderUnits(graph: Graph, selection: Selection): Order {
  const reads = new Map(selection.units.map((unit) => [unit, unitReads(unit)]))
  const before = new Map<Unit, Set<Unit>>()
  const readersOfState = new Map<StateHandle, Set<Unit>>()
  const readers = new Map<Tensor, Set<Unit>>()
  for (const [unit, tensors] of reads) {
    const earlier = new Set<Unit>()
    for (const tensor of tensors) {
      const { node } = storedTensor(tensor)
      if (isState(node)) addTo(readersOfState, stateOf(node), unit)
      addTo(readers, storedTensor(tensor), unit)
      const source = selection.unitOf.get(node)
      if (source && source !== unit) earlier.add(source)
    }
    before.set(unit, earlier)
  }
  const predicate = graph.when && selection.unitOf.get(storedTensor(graph.when).node)
  const inPlace = new Map<StateUpdate, Unit>()
  for (const update of graph.updates) {
    const writer = selection.unitOf.get(update.value.node)
    if (!writer || !mayWriteOver(writer, update, graph, readers)) continue
    // A value lies in one state only; others that it becomes, too, get copies.
    if ([...inPlace.keys()].some(({ value }) => value === update.value)) continue
    const wanted = [...(readersOfState.get(update.state) ?? []), ...(predicate ? [predicate] : [])]
    const others = wanted.filter((unit) => unit !== writer)
    if (others.some((unit) => reaches(unit, writer, before))) continue
    for (const unit of others) before.get(writer)?.add(unit)
    inPlace.set(update, writer)
  }
  return { units: topological(selection.units, before), inPlace }
}

function addTo<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  map.set(key, (map.get(key) ?? new Set()).add(value))
}

/** Every tensor that a unit reads from memory. */
export function unitReads(unit: Unit): Tensor[] {
  const nodes = [...unit.nodes, ...(unit.product ? [unit.product] : []), ...unit.sums]
  const inside = new Set(nodes)
  const operands = nodes.flatMap(kernelOperands)
  const tensors = operands.map((operand) => ("pack" in operand ? operand.pack.source : operand.tensor))
  return [...new Set(tensors)].filter(({ node }) => !inside.has(node))
}

/** The tensor whose numbers these are, seen through changes of shape. */
export function throughViews(tensor: Tensor): Tensor {
  return isView(tensor.node) ? throughViews(tensor.node.inputs[0]) : tensor
}

/** `[output, input]` pairs of a node that may share memory, running sums included. */
export function reusePairs(node: Node): (readonly [number, number])[] {
  const sums = node.op.traits?.accumulators ?? []
  const running = sums.map((input, output) => [output, input] as const).filter(([, input]) => node.inputs[input])
  return [...(node.op.traits?.mayReuse ?? []), ...running]
}

/**
 * Whether a unit may put its result where the state lies. It may when it does not read the state at all, or reads it in
 * the one place that its kernel allows to be written over. Under a predicate the whole unit is skipped, so then nothing
 * else may need what it makes.
 */
function mayWriteOver(
  writer: Unit,
  update: StateUpdate,
  graph: Graph,
  readers: ReadonlyMap<Tensor, ReadonlySet<Unit>>,
): boolean {
  const { root } = writer
  if (update.value.node !== root) return false
  if (graph.when) {
    if (writer.sums.length > 0 || (writer.product?.outputs.length ?? 1) > 1) return false
    const outputs = new Set(Object.values(graph.outputs).map(storedTensor))
    const isOnlyUpdated = (tensor: Tensor): boolean =>
      graph.updates.some(({ value }) => value === tensor) && !readers.has(tensor) && !outputs.has(tensor)
    if (!root.tensors.every(isOnlyUpdated)) return false
  }
  const reads = unitReads(writer).filter((tensor) => readsState(tensor, update.state))
  if (reads.length === 0) return true
  if (reads.some(({ node }) => isView(node) || isWindow(node))) return false
  // A product reads its operands again and again while its sums are written.
  if (isElementwise(root)) return !writer.product?.inputs.some((tensor) => readsState(tensor, update.state))
  const pairs = reusePairs(root).filter(([output]) => output === update.value.index)
  const places = root.inputs.flatMap((tensor, input) => (readsState(tensor, update.state) ? [input] : []))
  return places.every((place) => pairs.some(([, input]) => input === place))
}

function readsState(tensor: Tensor, state: StateHandle): boolean {
  const { node } = storedTensor(tensor)
  return isState(node) && stateOf(node) === state
}

/** Whether `from` must come after `to` already. */
function reaches(from: Unit, to: Unit, before: ReadonlyMap<Unit, ReadonlySet<Unit>>): boolean {
  const seen = new Set<Unit>()
  const pending = [from]
  for (let unit = pending.pop(); unit; unit = pending.pop()) {
    if (unit === to) return true
    if (seen.has(unit)) continue
    seen.add(unit)
    for (const earlier of before.get(unit) ?? []) pending.push(earlier)
  }
  return false
}

function topological(units: readonly Unit[], before: ReadonlyMap<Unit, ReadonlySet<Unit>>): Unit[] {
  const ordered: Unit[] = []
  const done = new Set<Unit>()
  const pending: { unit: Unit; opened: boolean }[] = []
  for (const start of units) {
    pending.push({ unit: start, opened: false })
    for (let top = pending.pop(); top; top = pending.pop()) {
      if (done.has(top.unit)) continue
      if (top.opened) {
        done.add(top.unit)
        ordered.push(top.unit)
        continue
      }
      pending.push({ unit: top.unit, opened: true })
      const earlier = [...(before.get(top.unit) ?? [])].filter((unit) => !done.has(unit))
      for (const unit of earlier.sort((left, right) => right.root.id - left.root.id))
        pending.push({ unit, opened: false })
    }
  }
  return ordered
}
