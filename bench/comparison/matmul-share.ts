/** What share of the machine's matmul rate training reaches: the denominator is the best that anyone shows here. */
import type { Bar } from "./comparison.ts"
import { median } from "./pairs.ts"
import type { Machine, Row } from "./results.ts"

/** Sizes of a model of `glossa bench train`. */
export interface ModelSizes {
  readonly layers: number
  readonly width: number
  readonly context: number
  readonly vocabulary: number
}

/**
 * Floating-point operations of matrix products in one training step, per token: two for each weight forward and four
 * backward, and attention over the half of the context that a token sees. Recomputed ones do not count.
 */
export function trainingOperations({ layers, width, context, vocabulary }: ModelSizes): number {
  const weights = layers * 12 * width ** 2 + vocabulary * width
  const attention = layers * 2 * width * ((context + 1) / 2)
  return 6 * (weights + attention)
}

/** What two cores with AMX have shown; elsewhere it says nothing. */
const AMX_FLOPS = 1.6e12
const AIM: Bar = { atLeast: 0.5 }

/** The highest matmul rate known of this machine, and whose it is. */
export function bestMatmulRate(
  { amx, matmul_bf16_gflops }: Pick<Machine, "amx" | "matmul_bf16_gflops">,
  torchGflops: number | undefined,
): { readonly flops: number; readonly source: string } {
  const rates = [
    { flops: matmul_bf16_gflops * 1e9, source: "doctor's bf16 matmul" },
    ...(torchGflops === undefined ? [] : [{ flops: torchGflops * 1e9, source: "PyTorch's bf16 matmul" }]),
    ...(amx ? [{ flops: AMX_FLOPS, source: "two cores with AMX" }] : []),
  ]
  return rates.reduce((best, rate) => (rate.flops > best.flops ? rate : best))
}

/** The row of a training row in bf16. */
export function matmulShareRow(
  training: Row,
  preset: string,
  sizes: ModelSizes,
  rate: { readonly flops: number; readonly source: string },
): Row {
  const ours = training.ours.map((tokensPerSecond) => (tokensPerSecond * trainingOperations(sizes)) / rate.flops)
  const theirs = training.theirs.map((tokensPerSecond) => (tokensPerSecond * trainingOperations(sizes)) / rate.flops)
  return {
    group: "train",
    name: matmulShareName(preset),
    unit: "share",
    measure: "value",
    bar: AIM,
    ours,
    theirs,
    summary: { value: median(ours), lowest: Math.min(...ours), highest: Math.max(...ours) },
    ...(training.othersLoad === undefined ? {} : { othersLoad: training.othersLoad }),
    ...(training.peer ? { peer: training.peer } : {}),
    note: `of ${(rate.flops / 1e12).toFixed(2)} TFLOP/s, ${rate.source}`,
  }
}

function matmulShareName(preset: string): string {
  return `train ${preset}, bf16: share of the matmul rate`
}
