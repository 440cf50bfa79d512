/** A function over tensors is traced once, differentiated, planned, and run: the engine in one screen. */
import { compile, f32, grad, matmul, reshape, Store, square, subtract, sum } from "../src/engine/index.ts"

const store = new Store()
const slope = store.create("slope", [1, 1])
await slope.write(Float32Array.of(0.5))

// The squared error of a line through the origin, and its derivative by the slope.
const program = compile({ x: f32(3, 1), y: f32(3, 1) }, ({ x, y }) => {
  const error = subtract(matmul(x, slope), y)
  const loss = reshape(sum(square(error), 0), [])
  const [slopeGradient] = grad(loss, [slope])
  return { outputs: { loss, slopeGradient } }
})

const { loss, slopeGradient } = await program.run({ x: [1, 2, 3], y: [2, 4, 6] })
console.log(`loss ${loss[0]}, its derivative by the slope ${slopeGradient[0]}`)

// By hand: Σ (0.5 x − y)² = 2.25 · 14 = 31.5 and Σ 2 x (0.5 x − y) = −3 · 14 = −42.
if (loss[0] !== 31.5 || slopeGradient[0] !== -42) throw new Error("the derivative is not the one found by hand")
program.dispose()
store.dispose()
