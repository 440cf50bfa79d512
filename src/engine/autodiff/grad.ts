/** Reverse mode: the gradient of a scalar is more graph, made by walking the graph back from it. */
import { GlossaError } from "../../errors.ts"
import { asTensor, atPath, constant, type Node, reachableNodes, type StateHandle, type Tensor } from "../graph/index.ts"
import { add, broadcast } from "../ops/index.ts"
import { formatShape, sameShape } from "../tensor/index.ts"

/**
 * The gradients of `loss` with respect to each of `parameters`, in their order.
 *
 * @shape   loss     []   float32
 * @shape   returns  the parameters' shapes   float32; zeros for one that the loss does not depend on
 * @throws  NOT_DIFFERENTIABLE when an operation between a parameter and the loss has no gradient
 */
export function grad(loss: Tensor, parameters: readonly (Tensor | StateHandle)[]): Tensor[] {
  return gradientTerms(loss, parameters).map((terms, index) =>
    terms.length > 0
      ? terms.reduce((total, term) => atPath(term.node.path, () => add(total, term)))
      : broadcast(constant(Float32Array.of(0), []), asTensor(parameters[index]).shape),
  )
}

/**
 * The gradients as lists of terms that add up to them, one for each place where a parameter is used. Kept apart, each
 * term's sum over rows can be continued across micro-batches without a change of order.
 */
export function gradientTerms(loss: Tensor, parameters: readonly (Tensor | StateHandle)[]): Tensor[][] {
  if (loss.rank !== 0)
    throw new GlossaError("SHAPE_MISMATCH", {
      where: "grad",
      wanted: "a scalar loss of shape []",
      came: formatShape(loss.shape),
      fix: "sum it and reshape it to []",
      path: loss.node.path,
    })
  const targets = parameters.map(asTensor)
  const nodes = reachableNodes([loss])
  const dependent = dependentNodes(nodes, targets)
  const terms = new Map<Tensor, Tensor[]>([[loss, [constant(Float32Array.of(1), [])]]])
  const wanted = new Set(targets)
  for (const node of nodes.reverse()) {
    if (!dependent.has(node) || node.inputs.length === 0) continue
    propagate(node, terms, (tensor) => wanted.has(tensor) || dependent.has(tensor.node))
  }
  return targets.map((target) => terms.get(target) ?? [])
}

/** The nodes through which the targets reach the loss. */
function dependentNodes(nodes: readonly Node[], targets: readonly Tensor[]): Set<Node> {
  const dependent = new Set(targets.map(({ node }) => node))
  for (const node of nodes) if (node.inputs.some(({ node: source }) => dependent.has(source))) dependent.add(node)
  return dependent
}

/** Adds to `terms` what the gradients of a node's outputs mean for its inputs. */
function propagate(node: Node, terms: Map<Tensor, Tensor[]>, isWanted: (tensor: Tensor) => boolean): void {
  const outputs = node.tensors
  if (outputs.every((output) => !terms.has(output))) return
  const rule = node.op.gradient
  if (typeof rule !== "function")
    throw new GlossaError("NOT_DIFFERENTIABLE", {
      where: node.op.name,
      wanted: "an operation with a gradient between a parameter and the loss",
      came: rule.none,
      path: node.path,
    })
  atPath(node.path, () => {
    const outputGradients = outputs.map((output) => total(terms.get(output)))
    const gradients = rule({ inputs: node.inputs, outputs, attributes: node.attributes as never, outputGradients })
    node.inputs.forEach((tensor, index) => {
      const gradient = gradients[index]
      if (!gradient || !isWanted(tensor)) return
      if (!sameShape(gradient.shape, tensor.shape))
        throw new GlossaError("INTERNAL", {
          where: `gradient of ${node.op.name}`,
          wanted: formatShape(tensor.shape),
          came: formatShape(gradient.shape),
          path: node.path,
        })
      terms.set(tensor, [...(terms.get(tensor) ?? []), gradient])
    })
  })
}

function total(terms: readonly Tensor[] | undefined): Tensor | undefined {
  return terms?.reduce((sum, term) => add(sum, term))
}
