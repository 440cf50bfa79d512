/** What a machine can do at best, measured: the roofs that kernels are held against. */
import { matmul } from "../ops/index.ts"
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
  const f32Flops = await measureMatmul(executor, "f32", measured)
  const bf16Flops = await measureMatmul(executor, "bf16", measured)
  const memoryBytesPerSecond =
    executor instanceof NativeExecutor ? executor.addon.measureMemoryBandwidth(executor.threads, MEMORY_BYTES) : null
  return { matmulFlops: { f32: f32Flops, bf16: bf16Flops }, matmulSize: size, memoryBytesPerSecond }
}

/** The fastest of several runs of [size, size] · [size, size], only one number of which comes back. */
async function measureMatmul(
  executor: Executor,
  precision: Precision,
  { size, seconds, now }: { size: number; seconds: number; now: () => number },
): Promise<number> {
  const store = new Store(executor)
  try {
    const left = store.create("left", [size, size])
    const right = store.create("right", [size, size])
    const product = store.create("product", [size, size])
    await left.write(new Float32Array(size * size).fill(0.5))
    await right.write(new Float32Array(size * size).fill(0.25))
    using program = compile({}, () => ({ outputs: {}, updates: [{ state: product, value: matmul(left, right) }] }), {
      executor,
      precision,
      name: `${precision} ceiling`,
    })
    let best = Number.POSITIVE_INFINITY
    const start = now()
    for (let runs = 0; runs < FEWEST_RUNS || now() - start < seconds * 1000; runs++) {
      const before = now()
      await program.run({})
      best = Math.min(best, now() - before)
    }
    return (2 * size ** 3) / (best / 1000)
  } finally {
    store.dispose()
  }
}
