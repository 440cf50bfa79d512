/**
 * The permanent referee: runs each node's own float64 loops, one after another. Slow and plain; it also serves where no
 * compiler was found. States keep the precision of their dtype, so that a saved state is the whole state.
 */
import { availableParallelism, cpus } from "node:os"
import { GlossaError, invariant } from "../../errors.ts"
import {
  type Graph,
  graphRoots,
  isConstant,
  isInput,
  isState,
  type Node,
  printGraph,
  type ReferenceArray,
  reachableNodes,
  stateOf,
  type Tensor,
} from "../graph/index.ts"
import {
  BLOCK_INPUTS,
  blockBytes,
  countElements,
  type DType,
  dequantizeRows,
  type HostArray,
  isBlockDType,
  maximumElements,
  quantizeRows,
  resolveShape,
  roundToBf16,
} from "../tensor/index.ts"
import type {
  Executor,
  ExecutorDescription,
  Precision,
  PrecisionPolicy,
  PreparedProgram,
  ProgramMemory,
  RunRequest,
  StateStorage,
} from "./executor.ts"
import type { State } from "./store.ts"

const FLOAT64_BYTES = 8

export class ReferenceExecutor implements Executor {
  readonly name = "reference"
  readonly threads = 1

  describe(): ExecutorDescription {
    const processor = cpus()[0]?.model ?? "unknown"
    const cores = availableParallelism()
    return { name: this.name, level: "float64", levels: ["float64"], threads: 1, processor, cores }
  }
  resolvePrecision(policy: PrecisionPolicy): Precision {
    return policy === "bf16" ? "bf16" : "f32"
  }
  allocate(shape: readonly number[], dtype: DType, transient = false): StateStorage {
    return new ReferenceStorage(countElements(shape), dtype, transient)
  }
  prepare(graph: Graph): PreparedProgram {
    return new ReferenceProgram(graph)
  }
}

class ReferenceStorage implements StateStorage {
  data: Float64Array
  /** The rows of a matrix in blocks; `data` holds the numbers they stand for. */
  blocks: Uint8Array | undefined
  readonly dtype: DType
  version = 0
  private readonly transient: boolean

  constructor(length: number, dtype: DType, transient: boolean) {
    this.data = new Float64Array(length)
    if (isBlockDType(dtype)) this.blocks = new Uint8Array((length / BLOCK_INPUTS) * blockBytes(dtype))
    this.dtype = dtype
    this.transient = transient
  }
  get bytes(): number {
    return this.data.byteLength + (this.blocks?.byteLength ?? 0)
  }
  async read(): Promise<HostArray> {
    return toHost(this.data, this.dtype)
  }
  async readBlocks(): Promise<Uint8Array> {
    invariant(this.blocks, "reference executor", `blocks of ${this.dtype}`)
    return this.blocks.slice()
  }
  async write(data: ArrayLike<number>): Promise<void> {
    this.data = this.kept(data)
    this.version++
  }
  /** The numbers as a state of this kind keeps them. */
  private kept(data: ArrayLike<number>): Float64Array {
    if (isBlockDType(this.dtype)) {
      this.blocks = data instanceof Uint8Array ? data.slice() : quantizeRows(Float32Array.from(data), this.dtype)
      return Float64Array.from(dequantizeRows(this.blocks, this.dtype))
    }
    const keep = this.dtype === "bf16" ? roundToBf16 : this.dtype === "f32" ? Math.fround : Math.trunc
    const kept = new Float64Array(data)
    if (!this.transient) for (let index = 0; index < kept.length; index++) kept[index] = keep(kept[index])
    return kept
  }
  dispose(): void {
    this.data = new Float64Array(0)
    this.blocks = undefined
  }
}

function toHost(data: Float64Array, dtype: DType): HostArray {
  return dtype === "i32" ? Int32Array.from(data) : Float32Array.from(data)
}

class ReferenceProgram implements PreparedProgram {
  private readonly graph: Graph
  private readonly nodes: readonly Node[]
  /** For each node, the tensors that nothing reads after it. */
  private readonly lastReads: ReadonlyMap<Node, readonly Tensor[]>

  constructor(graph: Graph) {
    this.graph = graph
    this.nodes = reachableNodes([...graph.inputs, ...graphRoots(graph)])
    this.lastReads = findLastReads(this.nodes, new Set(graphRoots(graph)))
  }

  get memory(): ProgramMemory {
    const bytes = (nodes: readonly Node[]): number =>
      nodes
        .flatMap(({ outputs }) => outputs)
        .reduce((sum, { shape }) => sum + FLOAT64_BYTES * maximumElements(shape), 0)
    const states = bytes(this.nodes.filter(isState))
    const constants = bytes(this.nodes.filter(isConstant))
    const exchange = bytes(this.nodes.filter(isInput))
    const activations = bytes(this.nodes) - states - constants - exchange
    return { states, constants, exchange, activations, packs: 0, total: states + constants + exchange + activations }
  }

  async run({ inputs, rowCount, signal }: RunRequest): Promise<Record<string, HostArray>> {
    if (signal?.aborted) throw cancelled()
    const values = new Map<Tensor, ReferenceArray>()
    this.graph.inputs.forEach((tensor, index) => {
      values.set(tensor, toReference(tensor, Float64Array.from(inputs[index]), rowCount))
    })
    for (const node of this.nodes) {
      this.evaluate(node, values, rowCount)
      for (const tensor of this.lastReads.get(node) ?? []) values.delete(tensor)
    }
    const computed = (tensor: Tensor): ReferenceArray => {
      const value = values.get(tensor)
      invariant(value, "reference executor", `no value for ${tensor.node.op.name}`)
      return value
    }
    const outputs = Object.entries(this.graph.outputs).map(([name, tensor]) => {
      const { data, dtype } = computed(tensor)
      return [name, toHost(data, dtype)] as const
    })
    if (!this.graph.when || computed(this.graph.when).data[0] !== 0) {
      const updated = this.graph.updates.map(({ state, value }) => [state as State, computed(value).data] as const)
      for (const [state, data] of updated) await (state.storage as ReferenceStorage).write(data as never)
    }
    return Object.fromEntries(outputs)
  }

  private evaluate(node: Node, values: Map<Tensor, ReferenceArray>, rowCount: number): void {
    if (isInput(node)) return
    if (isConstant(node)) {
      values.set(
        node.tensors[0],
        toReference(node.tensors[0], Float64Array.from(node.attributes["data"] as HostArray), 0),
      )
      return
    }
    if (isState(node)) {
      const { storage } = stateOf(node) as State
      const { data, blocks } = storage as ReferenceStorage
      values.set(node.tensors[0], { ...toReference(node.tensors[0], data, 0), ...(blocks ? { blocks } : {}) })
      return
    }
    invariant(node.op.reference, node.op.name, "an operation without a reference")
    const inputs = node.inputs.map((tensor) => values.get(tensor) as ReferenceArray)
    const outputs = node.tensors.map((tensor) => {
      const places = countElements(resolveShape(tensor.shape, rowCount))
      return toReference(tensor, new Float64Array(places), rowCount)
    })
    node.op.reference(inputs, outputs, node.attributes as never)
    node.tensors.forEach((tensor, index) => {
      values.set(tensor, outputs[index])
    })
  }

  print(): string {
    return printGraph(this.graph)
  }
  dispose(): void {}
}

function toReference({ shape, dtype }: Tensor, data: Float64Array, rowCount: number): ReferenceArray {
  return { shape: resolveShape(shape, rowCount), dtype, data }
}

function findLastReads(nodes: readonly Node[], roots: ReadonlySet<Tensor>): Map<Node, Tensor[]> {
  const seen = new Set<Tensor>(roots)
  const lastReads = new Map<Node, Tensor[]>()
  for (const node of [...nodes].reverse()) {
    const fresh = [...new Set([...node.inputs, ...node.tensors])].filter((tensor) => !seen.has(tensor))
    for (const tensor of fresh) seen.add(tensor)
    lastReads.set(node, fresh)
  }
  return lastReads
}

export function cancelled(): GlossaError {
  return new GlossaError("CANCELLED", {
    where: "run",
    wanted: "to finish",
    came: "an abort signal; nothing was changed",
  })
}
