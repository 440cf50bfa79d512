/** Memory: the most that training holds, and how attention's grows with the context. */
import type { Comparison, Settings } from "../comparison.ts"
import { command, flags } from "../program.ts"
import { trainOurs, trainTheirs } from "./train.ts"

/** The longest context is this many times the shortest one. */
const GROWTH = 8

export function memory({ isQuick, threads }: Settings): Comparison[] {
  const preset = isQuick ? "tiny" : "base"
  const options = { precision: "bf16", steps: 2, warmUp: 1, threads } as const
  const longest = isQuick ? 1024 : 4096
  return [
    {
      group: "memory",
      figures: [
        {
          name: `train ${preset}, bf16: most memory`,
          key: "peak_resident_bytes",
          unit: "bytes",
          measure: "share",
          bar: { atMost: 0.75 },
        },
      ],
      ours: () => trainOurs(preset, options),
      peer: { name: "pytorch", command: () => trainTheirs(preset, options) },
    },
    {
      group: "memory",
      figures: [
        {
          name: `attention and its gradient, context ${longest / GROWTH} → ${longest}: memory`,
          key: "growth",
          unit: "times",
          measure: "value",
          bar: { atMost: GROWTH },
          isSameEverywhere: true,
        },
      ],
      ours: () =>
        command(
          "typescript",
          "bench/comparison/attention-memory.ts",
          ...flags({ shortest: longest / GROWTH, longest }),
        ),
    },
  ]
}
