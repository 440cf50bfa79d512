/** Tokens per second of training steps of the plain GPT. */
import { PRESET_NAMES, PRESETS } from "../../../src/cli/commands/bench-train.ts"
import type { Comparison, Settings } from "../comparison.ts"
import { command, flags } from "../program.ts"

type Preset = (typeof PRESET_NAMES)[number]
type Precision = "bf16" | "f32"

/** How many times PyTorch's tokens per second. */
const BARS: Readonly<Record<Precision, Readonly<Record<Preset, number>>>> = {
  bf16: { tiny: 2.5, small: 2, base: 2.5 },
  f32: { tiny: 1.5, small: 1.5, base: 1.5 },
}

/** Timed steps: enough that a median says something, few where one takes seconds. */
const STEPS: Readonly<Record<Preset, number>> = { tiny: 40, small: 8, base: 5 }

export function trainingName(preset: Preset, precision: Precision): string {
  return `train ${preset}, ${precision}`
}

export function train({ isQuick, threads }: Settings): Comparison[] {
  const presets: readonly Preset[] = isQuick ? ["tiny"] : PRESET_NAMES
  return (["bf16", "f32"] as const).flatMap((precision) =>
    presets.map((preset): Comparison => {
      const options = { precision, steps: isQuick ? 3 : STEPS[preset], threads }
      return {
        group: "train",
        figures: [
          {
            name: trainingName(preset, precision),
            key: "tokens_per_s",
            unit: "tokens/s",
            measure: "speedup",
            bar: { atLeast: BARS[precision][preset] },
          },
        ],
        ours: () => trainOurs(preset, options),
        peer: { name: "pytorch", command: () => trainTheirs(preset, options) },
      }
    }),
  )
}

/** Flags that both programs take. */
export interface TrainingOptions {
  readonly precision: Precision
  readonly steps: number
  readonly warmUp?: number
  readonly threads: number
}

export function trainOurs(preset: Preset, options: TrainingOptions) {
  return command("glossa", "bench", "train", ...flags({ preset, ...options, json: true }))
}

export function trainTheirs(preset: Preset, options: TrainingOptions) {
  return command("python", "bench/peers/torch_train.py", ...flags({ ...PRESETS[preset], ...options }))
}
