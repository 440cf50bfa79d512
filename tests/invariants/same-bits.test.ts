/** Settings that must not matter, and do not matter in a single bit. */
import { describe, expect, test } from "vitest"
import { compile, type Executor, i32, linearCrossEntropy, rows } from "../../src/engine/index.ts"
import { compareLogProbabilities } from "../../src/generation/index.ts"
import { someIds } from "../../src/generation/scheduler/tiny-model.cases.ts"
import { packedAttention } from "../../src/models/index.ts"
import { nativeExecutor } from "../ops/native-executor.ts"
import {
  type Bits,
  differing,
  generateTogether,
  type TinyFamily,
  type TinySettings,
  trainedBits,
  wideModel,
} from "./tiny-programs.ts"

const native = nativeExecutor() as Executor
const settings: TinySettings[] = (["llama", "gpt2"] as const).flatMap((family) =>
  (["f32", "bf16"] as const).map((precision) => ({ family, precision })),
)

describe.skipIf(!native).each(settings)("$family in $precision", (tiny) => {
  test("trains to the same bits with 1, 2, 3 and 8 threads", async () => {
    const wanted = await trainedBits(nativeExecutor(1) as Executor, tiny)
    for (const threads of [2, 3, 8])
      expect(differing(await trainedBits(nativeExecutor(threads) as Executor, tiny), wanted)).toEqual([])
  })

  test("generates the same bits with 1, 2, 3 and 8 threads", async () => {
    const wanted = await generateTogether(nativeExecutor(1) as Executor, tiny)
    for (const threads of [2, 3, 8])
      expect(differing(await generateTogether(nativeExecutor(threads) as Executor, tiny), wanted)).toEqual([])
  })

  test("generates the same alone as in company, whatever the prefill chunks", async () => {
    const together = await generateTogether(native, tiny)
    const alone: Bits[] = []
    for (const index of [0, 1, 2, 3]) alone.push(await generateTogether(native, tiny, { which: [index] }))
    expect(differing(Object.assign({}, ...alone), together)).toEqual([])
    for (const prefillRows of [7, 100])
      expect(differing(await generateTogether(native, tiny, { prefillRows }), together)).toEqual([])
  })

  test("a step of 8 sequences is 8, 4 or 2 micro-batches", async () => {
    const whole = await trainedBits(native, tiny)
    for (const microBatches of [8, 4, 2])
      expect(differing(await trainedBits(native, { ...tiny, microBatches }), whole)).toEqual([])
  })

  test("two runs of the same settings are the same", async () => {
    expect(differing(await trainedBits(native, tiny), await trainedBits(native, tiny))).toEqual([])
    expect(differing(await generateTogether(native, tiny), await generateTogether(native, tiny))).toEqual([])
  })

  test("log-probabilities of training are those of prefill in any chunks and of decoding", async () => {
    using model = await wideModel(tiny.family, native)
    const ids = someIds(161).map((id, place) => (37 * id + place) % 1100)
    for (const prefill of [160, 64, 65, 3, 0])
      expect(await compareLogProbabilities(model, ids, { precision: tiny.precision, prefill })).toEqual({
        identical: 160,
        compared: 160,
      })
  })

  test("a sequence in training has the same losses alone as anywhere in a packed batch", async () => {
    using forward = await packedLosses(tiny)
    const wanted = await forward.lossesOf([LENGTHS[2]])
    for (const before of [0, 1, 2]) {
      const lengths = [...LENGTHS.slice(0, before), LENGTHS[2], ...LENGTHS.slice(3)]
      const losses = await forward.lossesOf(lengths)
      const start = LENGTHS.slice(0, before).reduce((total, length) => total + length, 0)
      expect(losses.slice(start, start + LENGTHS[2])).toEqual(wanted)
    }
  })
})

const LENGTHS = [13, 70, 101, 40]

/** The forward pass of training over sequences of these lengths; those of one length have the same ids. */
async function packedLosses({ family, precision }: { family: TinyFamily; precision: "f32" | "bf16" }) {
  const model = await wideModel(family, native)
  const count = rows(240)
  const program = compile(
    { tokens: i32(count), positions: i32(count), sequenceStart: i32(count), targets: i32(count) },
    ({ tokens, positions, sequenceStart, targets }) => {
      const hidden = model.hidden({ tokens, positions, attention: packedAttention(sequenceStart) })
      return { outputs: { losses: linearCrossEntropy(hidden, model.outputWeight, targets) } }
    },
    { executor: native, precision },
  )
  return {
    async lossesOf(lengths: readonly number[]): Promise<number[]> {
      const ids = lengths.map((length) => someIds(length + 1, length))
      const starts = lengths.map((_, index) => lengths.slice(0, index).reduce((total, length) => total + length, 0))
      const { losses } = await program.run({
        tokens: ids.flatMap((sequence) => sequence.slice(0, -1)),
        targets: ids.flatMap((sequence) => sequence.slice(1)),
        positions: lengths.flatMap((length) => Array.from({ length }, (_, position) => position)),
        sequenceStart: lengths.flatMap((length, index) => Array.from({ length }, () => starts[index])),
      })
      return [...losses]
    },
    [Symbol.dispose](): void {
      program.dispose()
      model.dispose()
    },
  }
}
