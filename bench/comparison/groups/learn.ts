/** Seconds to learn tiny Shakespeare character by character, and how well it is known then. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import type { Comparison, Settings } from "../comparison.ts"
import { command, flags } from "../program.ts"

const FIRST_SEED = 1337

export function learn({ isQuick, threads, dataFolder }: Settings): Comparison[] {
  const text = join(dataFolder ?? "", "tinyshakespeare/input.txt")
  const steps = isQuick ? 20 : 2000
  const options = (pair: number) => ({ text, steps, seed: FIRST_SEED + pair, threads })
  return [
    {
      group: "learn",
      lacks: dataFolder && existsSync(text) ? undefined : "no tinyshakespeare/input.txt under GLOSSA_DATA",
      figures: [
        {
          name: `learn ${steps.toLocaleString("en")} steps`,
          key: "seconds",
          unit: "s",
          measure: "speedup",
          bar: { atLeast: 2.5 },
        },
        {
          name: `learn ${steps.toLocaleString("en")} steps: mean validation loss`,
          key: "val_loss",
          unit: "nats",
          measure: "value",
          average: "mean",
          ...(isQuick ? {} : { bar: { atMost: 1.9 } }),
          isSameEverywhere: true,
        },
      ],
      ours: (pair) => command("glossa", "bench", "learn", ...flags({ ...options(pair), json: true })),
      peer: {
        name: "pytorch",
        command: (pair) =>
          command("python", "bench/peers/torch_learn.py", ...flags({ ...options(pair), precision: "best" })),
      },
    },
  ]
}
