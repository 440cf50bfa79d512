/**
 * From graph to plan: units are selected and ordered, each becomes an instruction over values, and every value gets its
 * place. A pure function of the graph.
 */
import { invariant } from "../../errors.ts"
import {
  type Graph,
  graphRoots,
  isConstant,
  isInput,
  isState,
  type Node,
  type StateHandle,
  type StateUpdate,
  stateOf,
  type Tensor,
} from "../graph/index.ts"
import { type KernelName, rowPartialBytes } from "../ops/index.ts"
import { type HostArray, maximumElements, maximumSize, type Shape, sameDimension, sameShape } from "../tensor/index.ts"
import { fuseNodes } from "./fused.ts"
import {
  type Guard,
  type Instruction,
  type Operand,
  type PersistentPack,
  type Value,
  ValueFactory,
} from "./instruction.ts"
import { type Order, orderUnits, reusePairs, throughViews } from "./order.ts"
import { ALIGNMENT, assignPlaces, type Places } from "./places.ts"
import { selectUnits, writtenTensors } from "./select.ts"
import {
  isElementwise,
  isLeaf,
  isView,
  isWindow,
  kernelOperands,
  type PackRequest,
  type Selection,
  storedTensor,
  type Unit,
  type UnitOperand,
} from "./units.ts"

export interface Plan {
  readonly instructions: readonly Instruction[]
  readonly places: Places
  /** Inputs in the order of the graph, and where each lies in the run's input buffer. */
  readonly inputs: readonly Value[]
  readonly outputs: readonly (readonly [name: string, value: Value])[]
  readonly constants: readonly Value[]
  /** Byte of each input, output and constant in its own buffer. */
  readonly exchangeOffsets: ReadonlyMap<Value, number>
  readonly inputBytes: number
  readonly outputBytes: number
  readonly constantBytes: number
  readonly states: readonly StateHandle[]
  readonly packs: readonly PersistentPack[]
  readonly updates: readonly StateUpdate[]
  readonly predicate?: Operand
  /** The first instruction that writes a state: from here on a run is not cancelled. */
  readonly commitInstruction: number
}

export function planGraph(graph: Graph): Plan {
  return new Planner(graph).plan()
}

class Planner {
  private readonly graph: Graph
  private readonly factory = new ValueFactory()
  /** Where each tensor with memory of its own lies, and what is seen of it in other shapes once it was copied. */
  private readonly operands = new Map<Tensor, Operand>()
  private readonly stateValues = new Map<StateHandle, Value>()
  private readonly packValues = new Map<string, Value>()
  private readonly packs: PersistentPack[] = []
  private readonly instructions: Instruction[] = []
  private readonly outputNames = new Map<Tensor, string>()
  /** Concatenations whose parts are made in place, and which of them are. */
  private readonly joined = new Map<Node, readonly boolean[]>()
  /** What the graph gives out; such a tensor keeps a place of its own. */
  private readonly kept: ReadonlySet<Tensor>
  private readonly selection: Selection
  private readonly order: Order

  constructor(graph: Graph) {
    this.graph = graph
    this.kept = new Set(graphRoots(graph))
    this.selection = selectUnits(graph)
    this.order = orderUnits(graph, this.selection)
  }

  plan(): Plan {
    const { graph } = this
    const inputs = graph.inputs.map((tensor) => this.operandOf(tensor).value)
    this.claimOutputs()
    const copied = this.copyLeafOutputs()
    const written = new Map<Tensor, StateUpdate>()
    for (const update of this.order.inPlace.keys()) written.set(update.value, update)
    for (const { root } of this.order.units) if (isConcatenation(root)) this.joinParts(root, written)
    for (const unit of this.order.units) this.emit(unit, written)
    this.copyUpdates()
    const outputs = Object.entries(graph.outputs).map(
      ([name, tensor]) => [name, copied.get(name) ?? this.outputValue(name, tensor)] as const,
    )
    const predicate = graph.when && this.operandOf(graph.when)
    return this.finish(inputs, outputs, predicate)
  }

  private finish(inputs: readonly Value[], outputs: Plan["outputs"], predicate: Operand | undefined): Plan {
    const { instructions } = this
    const all = new Set(
      instructions.flatMap((instruction) => [...instruction.outputs, ...instruction.inputs]).map(({ value }) => value),
    )
    for (const value of inputs) all.add(value)
    const constants = [...all].filter(({ home }) => home.kind === "constant")
    const exchangeOffsets = new Map<Value, number>()
    const writesState = ({ outputs: written }: Instruction): boolean =>
      written.some(({ value }) => value.home.kind === "state")
    const commit = instructions.findIndex(writesState)
    return {
      instructions,
      places: assignPlaces(instructions, predicate ? [predicate.value] : []),
      inputs,
      outputs,
      constants,
      exchangeOffsets,
      inputBytes: layOut(inputs, exchangeOffsets),
      outputBytes: layOut(
        outputs.map(([, value]) => value),
        exchangeOffsets,
      ),
      constantBytes: layOut(constants, exchangeOffsets),
      states: [...this.stateValues.keys()],
      packs: this.packs,
      updates: this.graph.updates,
      ...(predicate ? { predicate } : {}),
      commitInstruction: commit < 0 ? instructions.length : commit,
    }
  }

  /** Outputs that an instruction makes are made where they are handed out. */
  private claimOutputs(): void {
    const updated = new Set(this.graph.updates.map(({ value }) => value))
    for (const [name, tensor] of Object.entries(this.graph.outputs)) {
      const source = throughViews(tensor)
      if (!isLeaf(source.node) && !updated.has(source) && !this.outputNames.has(source))
        this.outputNames.set(source, name)
    }
  }

  /** Outputs that are leaves: copied first, before an update can change them. */
  private copyLeafOutputs(): Map<string, Value> {
    const leaves = Object.entries(this.graph.outputs).filter(([, tensor]) => isLeaf(storedTensor(tensor).node))
    return new Map(leaves.map(([name, tensor]) => [name, this.outputValue(name, tensor)]))
  }

  private outputValue(name: string, tensor: Tensor): Value {
    const { value, window } = this.operandOf(tensor)
    if (value.home.kind === "output" && value.home.name === name && !window) return value
    const copy = this.factory.make(tensor.shape, tensor.dtype, { kind: "output", name }, `output ${name}`)
    this.emitCopy({ value: copy, shape: tensor.shape }, this.operandOf(tensor), `output ${name}`)
    return copy
  }

  /** Where a tensor lies; its value is made when first asked for. */
  private operandOf(tensor: Tensor): Operand {
    const known = this.operands.get(tensor)
    if (known) return known
    const { node } = tensor
    if (isState(node)) return { value: this.stateValue(stateOf(node)), shape: tensor.shape }
    if (isView(node)) return this.reshaped(tensor)
    if (isWindow(node)) return this.columnsOf(tensor)
    const value = this.factory.make(tensor.shape, tensor.dtype, this.homeOf(tensor), describeNode(node))
    const operand = { value, shape: tensor.shape }
    this.operands.set(tensor, operand)
    return operand
  }

  /** The same numbers in another shape: where they are, unless their rows lie apart and the shape joins rows. */
  private reshaped(tensor: Tensor): Operand {
    const { shape, node } = tensor
    const from = this.operandOf(node.inputs[0])
    if (!from.window || keepsRows(from.shape, shape)) return { ...from, shape }
    const copy = { ...this.inOnePiece(from, describeNode(node)), shape }
    this.operands.set(tensor, copy)
    return copy
  }

  /** An output of `split`: columns of its input. */
  private columnsOf({ node, index, shape }: Tensor): Operand {
    const from = this.operandOf(node.inputs[0])
    const sizes = node.outputs.map((output) => output.shape[1] as number)
    const start = sizes.slice(0, index).reduce((sum, size) => sum + size, from.window?.start ?? 0)
    return { value: from.value, shape, window: { start, stride: from.window?.stride ?? (from.shape[1] as number) } }
  }

  /** The operand itself, or a copy of it when its rows lie apart. */
  private inOnePiece(operand: Operand, origin: string): Operand {
    const { value, shape, window } = operand
    if (!window) return operand
    const copy = { value: this.factory.make(shape, value.dtype, { kind: "arena" }, `copy for ${origin}`), shape }
    this.emitCopy(copy, operand, copy.value.origin)
    return copy
  }

  private homeOf(tensor: Tensor): Value["home"] {
    const { node } = tensor
    if (isInput(node)) return { kind: "input", index: this.graph.inputs.indexOf(tensor) }
    if (isConstant(node)) return { kind: "constant", data: node.attributes["data"] as HostArray }
    const name = this.outputNames.get(tensor)
    return name === undefined ? { kind: "arena" } : { kind: "output", name }
  }

  private stateValue(state: StateHandle): Value {
    let value = this.stateValues.get(state)
    if (!value) {
      value = this.factory.make(state.shape, state.dtype, { kind: "state", state }, state.path)
      this.stateValues.set(state, value)
    }
    return value
  }

  private emit(unit: Unit, written: ReadonlyMap<Tensor, StateUpdate>): void {
    const { root, rounded } = unit
    if (this.joined.has(root)) {
      this.emitRest(root)
      return
    }
    for (const { node, output } of rounded) this.makeRounded(root.tensors[output], node.tensors[0])
    const guard = this.guardOf(root, written)
    if (isElementwise(root)) {
      this.instructions.push({ ...this.elementwise(unit, written), ...(guard ? { guard } : {}) })
      return
    }
    const outputs = root.tensors.map((tensor) => this.target(tensor, written))
    const rule = root.op.native
    invariant(rule, root.op.name, "an operation without a native kernel")
    const operands = kernelOperands(root)
    const read = operands.map((operand) => this.readOperand(operand, root.path))
    const inputs = rule.contiguous ? read.map((operand) => this.inOnePiece(operand, describeNode(root))) : read
    const types = root.inputs.map(({ shape, dtype }) => ({ shape, dtype }))
    const attributes = root.attributes as never
    this.instructions.push({
      kernel: rule.kernel as KernelName,
      inputs,
      ints: rule.ints?.(attributes, types) ?? [],
      floats: rule.floats?.(attributes) ?? [],
      mayReuse: kernelReusePairs(root, operands),
      operations: costOf(root),
      origin: describeNode(root),
      outputs: [...outputs, ...this.scratchOf(root)],
      ...(guard ? { guard } : {}),
    })
  }

  /** Where a tensor is to be written. */
  private target(tensor: Tensor, written: ReadonlyMap<Tensor, StateUpdate>): Operand {
    const update = written.get(tensor)
    if (!update) return this.operandOf(tensor)
    const operand = { value: this.stateValue(update.state), shape: tensor.shape }
    this.operands.set(tensor, operand)
    return operand
  }

  /** A chain of elementwise steps, by itself or on what a kernel makes, with the sums and packs that it takes along. */
  private elementwise(unit: Unit, written: ReadonlyMap<Tensor, StateUpdate>): Instruction {
    const { nodes, root, product, sums, packs } = unit
    const results = writtenTensors(unit, this.selection)
    const summed = sums.map(({ inputs: [matrix] }) => matrix)
    const packed = packs.map(({ source }) => source)
    const { reads, ints, floats } = fuseNodes(nodes, [...results, ...packed, ...summed], product?.tensors.slice(0, 1))
    const rule = product?.op.native
    const factors = product ? kernelOperands(product).map((operand) => this.readOperand(operand, product.path)) : []
    const further = reads.slice(product ? 1 : 0).map((tensor) => this.operandOf(tensor))
    const accumulators = sums.flatMap(({ inputs }) => inputs.slice(1)).map((tensor) => this.operandOf(tensor))
    const plain = results.map((tensor) => this.target(tensor, written))
    const mayReuse = plain.flatMap((output, place) =>
      further.flatMap(({ value, shape }, index) => {
        const reusable = sameShape(shape, output.shape) && !factors.some((factor) => factor.value === value)
        return reusable ? [[place, factors.length + index] as const] : []
      }),
    )
    const sumBytes = sums.reduce((total, { inputs: [matrix] }) => total + partialBytesOf(matrix), 0)
    const walksRows = product !== undefined || sums.length > 0 || packs.length > 0
    const forms = [
      ...results.map(() => FORMS.plain),
      ...packs.map(() => FORMS.packed),
      ...sums.map(({ inputs }) => (inputs.length > 1 ? FORMS.continued : FORMS.sums)),
    ]
    const settings = product
      ? [...(rule?.ints?.(product.attributes as never, product.inputs) ?? []), factors.length]
      : []
    const done = [...(product ? [product] : []), ...nodes, ...sums]
    return {
      kernel: (rule?.withElementwise ?? (walksRows ? "elementwiseRows" : "elementwise")) as KernelName,
      outputs: [
        ...plain,
        ...packs.map((pack) => this.packTarget(pack)),
        ...sums.map(({ tensors: [tensor] }) => this.target(tensor, written)),
        ...(sums.length > 0 ? [this.scratch(Math.max(1, sumBytes), root)] : []),
        ...(product ? product.tensors.slice(1).map((tensor) => this.target(tensor, written)) : []),
        ...(product ? this.scratchOf(product) : []),
      ],
      inputs: [...factors, ...further, ...accumulators],
      ints: walksRows ? [...settings, forms.length, ...forms, ...ints] : ints,
      floats,
      mayReuse,
      origin: done.map(describeNode).join(" + "),
      operations: done.reduce((total, node) => total + costOf(node), 0),
    }
  }

  /**
   * Lets the parts of a concatenation be made where they belong, as columns of the whole, so that nothing is moved. A
   * part can when a kernel makes it, nothing else reads it, and no other place claims it.
   */
  private joinParts(concatenation: Node, written: ReadonlyMap<Tensor, StateUpdate>): void {
    const [whole] = concatenation.tensors
    if (written.has(whole)) return
    const stride = whole.shape[1] as number
    const placed: boolean[] = []
    let start = 0
    for (const part of concatenation.inputs) {
      const source = this.soleSource(part, concatenation)
      const isPlaced = source !== undefined && !written.has(source)
      if (isPlaced) {
        const { value } = this.operandOf(whole)
        this.operands.set(source, { value, shape: source.shape, window: { start, stride } })
      }
      placed.push(isPlaced)
      start += part.shape[1] as number
    }
    if (placed.includes(true)) this.joined.set(concatenation, placed)
  }

  /** The output of a kernel that a part is, when its way to the concatenation has no side branch. */
  private soleSource(part: Tensor, concatenation: Node): Tensor | undefined {
    const { readers, unitOf } = this.selection
    let [source, reader] = [part, concatenation]
    for (;;) {
      const onlyReader = readers.get(source)?.size === 1 && readers.get(source)?.has(reader)
      const twice = reader.inputs.filter((input) => input === source).length > 1
      if (!onlyReader || twice || this.kept.has(source)) return undefined
      if (!isView(source.node)) break
      reader = source.node
      source = source.node.inputs[0]
    }
    const unit = unitOf.get(source.node)
    const isOwn = unit?.root === source.node && !unit.rounded.some(({ output }) => output === source.index)
    const fits =
      unit &&
      (isOwn || unit.rounded.some(({ node }) => node === source.node)) &&
      !isConcatenation(unit.root) &&
      !unit.root.op.native?.contiguous &&
      keepsRows(source.shape, part.shape)
    return fits && !this.operands.has(source) ? source : undefined
  }

  /** Copies the parts of a concatenation that were not made where they belong. */
  private emitRest(concatenation: Node): void {
    const [whole] = concatenation.tensors
    const { value } = this.operandOf(whole)
    const stride = whole.shape[1] as number
    let start = 0
    concatenation.inputs.forEach((part, index) => {
      const target = { value, shape: part.shape, window: { start, stride } }
      if (!this.joined.get(concatenation)?.[index])
        this.emitCopy(target, this.operandOf(part), describeNode(concatenation))
      start += part.shape[1] as number
    })
  }

  /** One value for a tensor and its rounding, in bf16: the unrounded numbers are never written. */
  private makeRounded(unrounded: Tensor, rounded: Tensor): void {
    const made = (): Operand => ({
      value: this.factory.make(rounded.shape, "bf16", this.homeOf(rounded), describeNode(unrounded.node)),
      shape: rounded.shape,
    })
    const operand = this.operands.get(rounded) ?? made()
    this.operands.set(unrounded, operand)
    this.operands.set(rounded, operand)
  }

  private scratchOf(node: Node): Operand[] {
    const bytes = node.op.native?.scratchBytes?.(node.inputs.map(({ shape, dtype }) => ({ shape, dtype }))) ?? 0
    return bytes > 0 ? [this.scratch(bytes, node)] : []
  }

  private scratch(bytes: number, node: Node): Operand {
    const shape = [bytes]
    return { value: this.factory.make(shape, "bytes", { kind: "arena" }, `scratch of ${describeNode(node)}`), shape }
  }

  private guardOf(root: Node, written: ReadonlyMap<Tensor, StateUpdate>): Guard | undefined {
    if (!this.graph.when || !root.tensors.some((tensor) => written.has(tensor))) return undefined
    return { kind: "predicate", operand: this.operandOf(this.graph.when) }
  }

  private readOperand(operand: UnitOperand, path: string): Operand {
    return "pack" in operand ? this.packOperand(operand.pack, path) : this.operandOf(operand.tensor)
  }

  /** The packed matrix, with an instruction that makes it before its first use. */
  private packOperand({ source, transposed, dtype }: PackRequest, path: string): Operand {
    const from = this.operandOf(source)
    const shape: Shape = transposed ? [source.shape[1], source.shape[0]] : source.shape
    const key = packKey({ source, transposed, dtype }, from)
    const known = this.packValues.get(key)
    if (known) return { value: known, shape }
    const pack =
      from.value.home.kind === "state" ? { state: from.value.home.state, shape, dtype, transposed } : undefined
    if (pack) this.packs.push(pack)
    const origin = `pack of ${from.value.origin}`
    const value = this.factory.make(shape, dtype, pack ? { kind: "pack", pack } : { kind: "arena" }, origin)
    this.packValues.set(key, value)
    this.instructions.push({
      kernel: "pack",
      outputs: [{ value, shape }],
      inputs: [from],
      ints: [transposed ? 1 : 0],
      floats: [],
      mayReuse: [],
      origin: `${origin} @ ${path}`,
      operations: 0,
      ...(pack ? { guard: { kind: "stale", pack } as const } : {}),
    })
    return { value, shape }
  }

  /** The packed form of a matrix that is made in it, beside or instead of the matrix itself. */
  private packTarget(pack: PackRequest): Operand {
    const { source, dtype } = pack
    const from = this.operandOf(source)
    const value = this.factory.make(source.shape, dtype, { kind: "arena" }, `pack of ${from.value.origin}`)
    this.packValues.set(packKey(pack, from), value)
    return { value, shape: source.shape }
  }

  /** Updates that no instruction makes in place: through copies, all of them after every read of an old value. */
  private copyUpdates(): void {
    const copies = this.graph.updates.filter((update) => !this.order.inPlace.has(update))
    const sources = copies.map(({ state, value }) => {
      const operand = this.operandOf(value)
      if (operand.value.home.kind !== "state") return operand
      const safe = this.factory.make(value.shape, value.dtype, { kind: "arena" }, `old value for ${state.path}`)
      this.emitCopy({ value: safe, shape: value.shape }, operand, safe.origin)
      return { value: safe, shape: value.shape }
    })
    const guard: Guard | undefined = this.graph.when && { kind: "predicate", operand: this.operandOf(this.graph.when) }
    copies.forEach(({ state }, index) => {
      const target = { value: this.stateValue(state), shape: state.shape }
      this.emitCopy(target, sources[index], `update of ${state.path}`, guard)
    })
  }

  private emitCopy(target: Operand, source: Operand, origin: string, guard?: Guard): void {
    const flat = (operand: Operand): Operand => ({
      ...operand,
      shape: operand.shape.length === 0 ? [1] : operand.shape,
    })
    this.instructions.push({
      kernel: "slice",
      outputs: [flat(target)],
      inputs: [flat({ ...source, shape: target.shape })],
      ints: [0, 0],
      floats: [],
      mayReuse: [],
      origin,
      operations: 0,
      ...(guard ? { guard } : {}),
    })
  }
}

/** How a kernel with further steps writes an output: `Form` of native/kernels/elementwise-finish.h. */
const FORMS = { plain: 0, packed: 1, sums: 2, continued: 3 } as const

function packKey({ source, transposed, dtype }: PackRequest, from: Operand): string {
  return `${from.value.id} ${from.window?.start ?? 0} ${source.shape.join("×")} ${transposed} ${dtype}`
}

function partialBytesOf({ shape }: Tensor): number {
  return rowPartialBytes(maximumElements(shape), maximumSize(shape[1]))
}

/** Places values one after another and gives the bytes they take. */
function layOut(values: readonly Value[], offsets: Map<Value, number>): number {
  let next = 0
  for (const value of values) {
    offsets.set(value, next)
    next += Math.ceil(value.bytes / ALIGNMENT) * ALIGNMENT
  }
  return next
}

/** Reuse pairs in terms of the kernel's operands. */
function kernelReusePairs(node: Node, operands: readonly UnitOperand[]): (readonly [number, number])[] {
  const placeOf = (input: number): number =>
    operands.findIndex((operand) => "tensor" in operand && operand.tensor === node.inputs[input])
  return reusePairs(node)
    .map(([output, input]) => [output, placeOf(input)] as const)
    .filter(([, place]) => place >= 0)
}

/** Whether a node puts matrices side by side. */
function isConcatenation({ op, inputs, attributes }: Node): boolean {
  return op.native?.kernel === "concatenate" && inputs[0].rank === 2 && attributes["axis"] === 1
}

/** Whether each row of one shape is a row of the other. */
function keepsRows(from: Shape, to: Shape): boolean {
  return to.length >= 2 && sameDimension(from[0], to[0])
}

function costOf(node: Node): number {
  const types = node.inputs.map(({ shape, dtype }) => ({ shape, dtype }))
  return node.op.operations(types, node.outputs, node.attributes as never)
}

export function describeNode({ op, path }: Node): string {
  return path ? `${op.name} @ ${path}` : op.name
}
