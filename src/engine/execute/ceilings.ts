/** What a machine can do at best, measured: the roofs that kernels are held against. */
import { asTensor, type Tensor } from "../graph/index.ts"
import { matmul, quantizedMatmul } from "../ops/index.ts"
import type { BlockDType, DType } from "../tensor/index.ts"
import type { Executor, Precision } from "./executor.ts"
import { NativeExecutor } from "./native-executor.ts"
import { compile } from "./program.ts"
import { Store } from "./store.ts"

export interface Ceilings {
  /** Of a matrix product, in floating-point operations a second, by precision. */
  readonly matmulFlops: Readonly<Record<Precision, number>>
  /** Rows, columns and inner size of the product. */
  readonly matmulSize: number
  /** Bytes a second read from memory; null where the executor cannot tell. */
  readonly memoryBytesPerSecond: number | null
  /** Of a product with weights in blocks, in operations on whole numbers a second; from `measureBlockCeilings`. */
  readonly blockProductOperations?: Readonly<Record<BlockDType, number>>
}

export interface CeilingOptions {
  /** Each product is repeated for about so long. Default 0.4. */
  readonly seconds?: number
  /** Milliseconds of any clock that only goes forward. */
  readonly now?: () => number
}

/** Larger than any cache that one core has. */
const MEMORY_BYTES = 256 * 1024 * 1024
const FEWEST_RUNS = 3

/** Measures an executor's ceilings; about a second on the native one. */
export async function measureCeilings(
  executor: Executor,
  { seconds = 0.4, now = () => performance.now() }: CeilingOptions = {},
): Promise<Ceilings> {
  const size = executor instanceof NativeExecutor ? 1024 : 96
  const measured = { size, seconds, now }
  const floats = (precision: Precision) => measureProduct(executor, { ...measured, precision, right: "f32" }, matmul)
  const f32Flops = await floats("f32")
  const bf16Flops = await floats("bf16")
  const memoryBytesPerSecond =
    executor instanceof NativeExecutor ? executor.addon.measureMemoryBandwidth(executor.threads, MEMORY_BYTES) : null
  return { matmulFlops: { f32: f32Flops, bf16: bf16Flops }, matmulSize: size, memoryBytesPerSecond }
}

/** The ceilings of products with weights in blocks; about a second on the native executor. */
export async function measureBlockCeilings(
  executor: Executor,
  { seconds = 0.4, now = () => performance.now() }: CeilingOptions = {},
): Promise<Readonly<Record<BlockDType, number>>> {
  const size = executor instanceof NativeExecutor ? 1024 : 96
  const blocks = (right: BlockDType) =>
    measureProduct(executor, { size, seconds, now, precision: "f32", right }, quantizedMatmul)
  return { q8_0: await blocks("q8_0"), q4_0: await blocks("q4_0") }
}

interface MeasuredProduct extends Required<CeilingOptions> {
  readonly size: number
  readonly precision: Precision
  readonly right: DType
}

/** The fastest of several runs of a product of [size, size] and [size, size], only one number of which comes back. */
async function measureProduct(
  executor: Executor,
  { size, seconds, now, precision, right }: MeasuredProduct,
  multiply: (left: Tensor, right: Tensor) => Tensor,
): Promise<number> {
  using store = new Store(executor)
  const factors = [store.create("left", [size, size]), store.create("right", [size, size], { dtype: right })]
  const product = store.create("product", [size, size])
  await factors[0].write(new Float32Array(size * size).fill(0.5))
  await factors[1].write(new Float32Array(size * size).fill(0.25))
  using program = compile(
    {},
    () => ({ outputs: {}, updates: [{ state: product, value: multiply(asTensor(factors[0]), asTensor(factors[1])) }] }),
    { executor, precision, name: `${right} ceiling in ${precision}` },
  )
  let best = Number.POSITIVE_INFINITY
  const start = now()
  for (let runs = 0; runs < FEWEST_RUNS || now() - start < seconds * 1000; runs++) {
    const before = now()
    await program.run({})
    best = Math.min(best, now() - before)
  }
  return (2 * size ** 3) / (best / 1000)
}
