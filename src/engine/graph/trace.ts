/**
 * Tracing: while a trace is open, applying an operation adds a node to it. A trace knows the module path it is in, so
 * that every node, error and print names the place in the model.
 */
import { type ErrorCode, GlossaError } from "../../errors.ts"
import {
  boundedDimension,
  type DType,
  formatShape,
  type HostArray,
  isBlockDType,
  type Rows,
  type Shape,
} from "../tensor/index.ts"
import { type Attributes, defineOp, type OpDefinition, type TensorType } from "./definition.ts"
import { Node, StateHandle, Tensor, type TensorLike } from "./node.ts"

/** A leaf: a value handed to `run`. */
export const inputOp = leaf<{ readonly name: string; readonly type: TensorType }>("input")
/** A leaf: numbers fixed at trace time. */
export const constantOp = leaf<{ readonly data: HostArray; readonly type: TensorType }>("constant")
/** A leaf: the value that a state has when the run begins. */
export const stateOp = leaf<{ readonly state: StateHandle; readonly type: TensorType }>("state")

function leaf<A extends Attributes & { readonly type: TensorType }>(name: string): OpDefinition<A> {
  return defineOp<A>({
    name,
    inputs: [],
    outputs: (_, attributes) => [attributes.type],
    gradient: { none: "a leaf has no inputs" },
    operations: () => 0,
  })
}

class Trace {
  private nextId = 0
  private readonly scopes: string[] = []
  private readonly states = new Map<StateHandle, Tensor>()
  private readonly scalars = new Map<number, Tensor>()
  private rows: Rows | undefined

  get path(): string {
    return this.scopes.join(".")
  }

  within<T>(name: string, body: () => T): T {
    this.scopes.push(name)
    try {
      return body()
    } finally {
      this.scopes.pop()
    }
  }

  /** Like `within`, but from the top: `path` replaces the path so far. */
  at<T>(path: string, body: () => T): T {
    const outer = this.scopes.splice(0, this.scopes.length, ...(path ? [path] : []))
    try {
      return body()
    } finally {
      this.scopes.splice(0, this.scopes.length, ...outer)
    }
  }

  add(op: OpDefinition<never>, inputs: readonly Tensor[], attributes: Attributes, path = this.path): readonly Tensor[] {
    const types = inputs.map(({ shape, dtype }) => ({ shape, dtype }))
    const fault = (wanted: string, code: ErrorCode = "SHAPE_MISMATCH", fix?: string): never => {
      const came = describeInputs(op, types, attributes)
      throw new GlossaError(code, { where: op.name, wanted, came, path, ...(fix ? { fix } : {}) })
    }
    const mayBeBlocks = op.traits?.blockWeights ?? []
    if (types.some(({ dtype }, index) => isBlockDType(dtype) && !mayBeBlocks.includes(index)))
      fault("numbers that are not in blocks", "DTYPE_MISMATCH", "use quantizedMatmul or another operation for blocks")
    const outputs = (op as OpDefinition).outputs(types, attributes, fault)
    for (const { shape } of outputs) this.admitRows(op, boundedDimension(shape), path)
    return new Node(this.nextId++, op, inputs, attributes, outputs, path).tensors
  }

  /** One bounded dimension a program: a second one of another size could not be told from the first when running. */
  private admitRows(op: OpDefinition<never>, bounded: Rows | undefined, path: string): void {
    if (!bounded) return
    this.rows ??= bounded
    if (this.rows.maximum !== bounded.maximum)
      throw new GlossaError("SHAPE_MISMATCH", {
        where: op.name,
        wanted: `the program's one bounded dimension (${this.rows})`,
        came: String(bounded),
        path,
      })
  }

  state(state: StateHandle): Tensor {
    let tensor = this.states.get(state)
    if (!tensor) {
      const type = { shape: state.shape, dtype: state.dtype }
      tensor = this.add(stateOp as OpDefinition<never>, [], { state, type }, state.path)[0]
      this.states.set(state, tensor)
    }
    return tensor
  }

  scalar(value: number): Tensor {
    let tensor = this.scalars.get(value)
    if (!tensor) {
      const type: TensorType = { shape: [], dtype: "f32" }
      tensor = this.add(constantOp as OpDefinition<never>, [], { data: Float32Array.of(value), type })[0]
      this.scalars.set(value, tensor)
    }
    return tensor
  }
}

let current: Trace | undefined

/** Opens a trace for the length of `body`; nodes made inside belong to it. Traces do not nest. */
export function trace<T>(body: () => T): T {
  if (current)
    throw new GlossaError("TRACE_MISUSE", {
      where: "compile",
      wanted: "no trace to be open",
      came: "a call inside another program's function",
      fix: "compile programs outside the function that describes one",
    })
  current = new Trace()
  try {
    return body()
  } finally {
    current = undefined
  }
}

function openTrace(where: string): Trace {
  if (!current)
    throw new GlossaError("TRACE_MISUSE", {
      where,
      wanted: "to be called inside the function given to compile or evaluate",
      came: "a call outside of any trace",
    })
  return current
}

/** Names the part of the model that `body` traces: `scope("layers.3", () => …)`. */
export function scope<T>(name: string, body: () => T): T {
  return openTrace(`scope ${name}`).within(name, body)
}

/** What `body` traces belongs to the module `path`, wherever the call stands; for gradients and passes. */
export function atPath<T>(path: string, body: () => T): T {
  return openTrace(`path ${path}`).at(path, body)
}

/** Applies an operation, giving all its outputs. */
export function applyAll<A extends Attributes>(
  op: OpDefinition<A>,
  inputs: readonly TensorLike[],
  attributes: A,
): readonly Tensor[] {
  const tensors = inputs.map(asTensor)
  return openTrace(op.name).add(op as OpDefinition<never>, tensors, attributes)
}

/** Applies an operation of one output. */
export function apply<A extends Attributes>(op: OpDefinition<A>, inputs: readonly TensorLike[], attributes: A): Tensor {
  return applyAll(op, inputs, attributes)[0]
}

/** Applies an operation as if at the module path `path`; for passes that rebuild a graph. */
export function applyAt(
  path: string,
  op: OpDefinition<never>,
  inputs: readonly Tensor[],
  attributes: Attributes,
): readonly Tensor[] {
  return openTrace(op.name).add(op, inputs, attributes, path)
}

/** The traced value of anything an operation accepts. */
export function asTensor(value: TensorLike): Tensor {
  if (value instanceof Tensor) return value
  if (value instanceof StateHandle) return openTrace(value.path).state(value)
  return openTrace("constant").scalar(value)
}

/** A value handed to `run` under `name`. */
export function input(name: string, shape: Shape, dtype: DType): Tensor {
  return apply(inputOp, [], { name, type: { shape, dtype } })
}

/** Numbers fixed at trace time. `data` has one number for each place of `shape`, row-major. */
export function constant(data: HostArray, shape: readonly number[]): Tensor {
  const places = shape.reduce((product, size) => product * size, 1)
  if (places !== data.length)
    throw new GlossaError("SHAPE_MISMATCH", {
      where: "constant",
      wanted: `${places} numbers for ${formatShape(shape)}`,
      came: `${data.length} numbers`,
    })
  return apply(constantOp, [], { data, type: { shape, dtype: data instanceof Int32Array ? "i32" : "f32" } })
}

function describeInputs(op: OpDefinition<never>, types: readonly TensorType[], attributes: Attributes): string {
  const parts = types.map((type, index) => `${inputName(op, index)} ${type.dtype} ${formatShape(type.shape)}`)
  const settings = Object.entries(attributes).filter(([, value]) => typeof value !== "object")
  for (const [name, value] of settings) parts.push(`${name} ${value}`)
  return parts.join(", ") || "nothing"
}

/** The name of input `index` in the definition, without its marks. */
export function inputName(op: OpDefinition<never>, index: number): string {
  const name = op.inputs[Math.min(index, op.inputs.length - 1)] ?? "input"
  return name.startsWith("...") ? `${name.slice(3)}[${index}]` : name.replace("?", "")
}
