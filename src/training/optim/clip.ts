/** Clipping by the norm of all gradients together, inside the graph. */
import { add, divide, minimum, sqrt, sumOfSquares, type Tensor } from "../../engine/index.ts"

/** Added to the norm before dividing, as PyTorch does. */
const NORM_EPSILON = 1e-6

/**
 * The norm of all gradients taken as one long vector.
 *
 *   norm = √(Σ over gradients, in their order, of Σ g²)
 *
 * @shape   gradients  any      float32
 * @shape   returns    []       float32; not finite when any gradient is not
 */
export function globalNorm(gradients: readonly Tensor[]): Tensor {
  return sqrt(gradients.map(sumOfSquares).reduce((total, squares) => add(total, squares)))
}

/**
 * What to multiply gradients by so that their norm is at most `maximumNorm`.
 *
 *   scale = min(1, maximumNorm / (norm + 10⁻⁶))
 *
 * @shape   norm     []   float32
 * @shape   returns  []   float32
 */
export function clipScale(norm: Tensor, maximumNorm: number): Tensor {
  return minimum(divide(maximumNorm, add(norm, NORM_EPSILON)), 1)
}
