/** The graph: immutable nodes, each one operation, and tensors, each one output of a node. */
import type { Dimension, DType, Shape } from "../tensor/index.ts"
import type { Attributes, OpDefinition, TensorType } from "./definition.ts"

export class Node {
  /** Grows in the order of tracing; inputs always have smaller ids. */
  readonly id: number
  // Attribute types differ from operation to operation; each definition checks its own when traced.
  readonly op: OpDefinition<never>
  readonly inputs: readonly Tensor[]
  readonly attributes: Attributes
  readonly outputs: readonly TensorType[]
  /** The tensors that stand for the outputs: one object each, so that identity is equality. */
  readonly tensors: readonly Tensor[]
  /** Module path where it was traced, such as `model.layers.3.mlp.down_proj`. */
  readonly path: string

  constructor(
    id: number,
    op: OpDefinition<never>,
    inputs: readonly Tensor[],
    attributes: Attributes,
    outputs: readonly TensorType[],
    path: string,
  ) {
    this.id = id
    this.op = op
    this.inputs = inputs
    this.attributes = attributes
    this.outputs = outputs
    this.path = path
    this.tensors = outputs.map((_, index) => new Tensor(this, index))
  }
}

/** A value that a program will have when it runs: what operations take and return while tracing. */
export class Tensor {
  readonly node: Node
  /** Which output of the node. */
  readonly index: number

  constructor(node: Node, index: number) {
    this.node = node
    this.index = index
  }
  get shape(): Shape {
    return this.node.outputs[this.index].shape
  }
  get dtype(): DType {
    return this.node.outputs[this.index].dtype
  }
  get rank(): number {
    return this.shape.length
  }
  /** Size of an axis; negative axes count from the end. */
  size(axis: number): Dimension {
    return this.shape[axis < 0 ? this.shape.length + axis : axis]
  }
}

/** A persistent buffer as the graph knows it: a name, a type and an identity. Stores make them. */
export abstract class StateHandle {
  /** Parameter path of the public checkpoint, or a name of the store's own. */
  abstract readonly path: string
  abstract readonly shape: readonly number[]
  abstract readonly dtype: DType
}

/** What operations accept: a traced tensor, a state (its current value), or a number (a scalar constant). */
export type TensorLike = Tensor | StateHandle | number
