/** From the command to the end of the first training step: starting, importing, making the model, one step. */
import type { Comparison, Settings } from "../comparison.ts"
import { trainOurs, trainTheirs } from "./train.ts"

export function start({ threads }: Settings): Comparison[] {
  const options = { precision: "bf16", steps: 1, warmUp: 0, threads } as const
  return [
    {
      group: "start",
      figures: [
        {
          name: "command to first training step, tiny",
          // Each prints its line when the step is done.
          key: "first_line_seconds",
          unit: "s",
          measure: "share",
          bar: { atMost: 0.5 },
        },
      ],
      ours: () => trainOurs("tiny", options),
      peer: { name: "pytorch", command: () => trainTheirs("tiny", options) },
    },
  ]
}
