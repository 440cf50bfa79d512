/** `glossa bench kernels`: every operation at the sizes of a model, against what the machine can do at best. */
import { defaultExecutor, measureBlockCeilings, measureCeilings } from "../../engine/index.ts"
import { nearestName } from "../../errors.ts"
import { badFlag, type Call, choiceFlag, defineCommand, JSON_FLAG, MODEL_FLAGS, textsFlag } from "../command.ts"
import { notice, printJson, printLine } from "../terminal.ts"
import { byteSize, largeCount } from "../wording.ts"
import { PRESET_NAMES, PRESETS } from "./bench-train.ts"

const flags = {
  preset: choiceFlag("--preset <name>", "model whose sizes are taken (small)", PRESET_NAMES),
  op: textsFlag("--op <name>", "only this operation; may be given several times"),
  ...MODEL_FLAGS,
  ...JSON_FLAG,
}

export const benchKernels = defineCommand({
  flags,
  example: "glossa bench kernels --preset small --op matmul --op attention",
  async run({ flags: given, terminal }: Call<typeof flags>) {
    const { timedOps, timeOps } = await import("../../engine/timing/index.ts")
    const known = timedOps()
    for (const name of given.op)
      if (!known.includes(name)) throw badFlag("--op", "an operation", name, hint(name, known))
    const { batch, context, width, heads, vocabulary } = PRESETS[given.preset ?? "small"]
    const sizes = {
      rows: batch * context,
      sequences: batch,
      width,
      heads,
      kvHeads: heads,
      headSize: width / heads,
      inner: 4 * width,
      vocabulary,
    }
    const executor = defaultExecutor()
    const precision = executor.resolvePrecision(given.precision ?? "auto")
    const ops = given.op.length ? given.op : known
    const floats = await measureCeilings(executor)
    const withBlocks = ops.some((op) => op.startsWith("quantized"))
    const ceilings = withBlocks ? { ...floats, blockProductOperations: await measureBlockCeilings(executor) } : floats
    if (!given.json) printLine(terminal, "     time       GFLOP/s      GB/s  of roof")
    let cached = false
    for await (const time of timeOps(executor, ceilings, sizes, { precision, ops })) {
      const { op, title, nanoseconds, operations, bytes, ofRoof, bound, kernels } = time
      cached ||= bound === "memory" && ofRoof > 1
      if (given.json) {
        const shares = kernels.map(([kernel, share]) => ({ kernel, share }))
        const rates = { operations, bytes, of_roof: ofRoof, bound }
        printJson(terminal, { op, case: title, precision, seconds: nanoseconds / 1e9, ...rates, kernels: shares })
      } else
        printLine(
          terminal,
          `${(nanoseconds / 1e6).toFixed(3).padStart(9)} ms ${(operations / nanoseconds).toFixed(1).padStart(9)} ` +
            `${(bytes / nanoseconds).toFixed(1).padStart(9)} ${`${(100 * ofRoof).toFixed(0)} %`.padStart(8)}  ` +
            `${op}, ${title} (${byteSize(bytes)}, ${largeCount(operations)} operations, ${bound})${others(kernels)}`,
        )
    }
    if (cached && !given.json)
      notice(
        terminal,
        "above 100 %: the operands stay in a cache from run to run, which is faster than memory, the roof",
      )
  },
})

function hint(name: string, known: readonly string[]): string | undefined {
  const nearest = nearestName(name, known)
  return nearest && `did you mean ${nearest}?`
}

/** What else ran beside the operation's own kernel, when it took a tenth of the time. */
function others(kernels: readonly (readonly [kernel: string, share: number])[]): string {
  const others = kernels.slice(1).filter(([, share]) => share >= 0.1)
  return others.map(([kernel, share]) => `, ${kernel} ${(100 * share).toFixed(0)} %`).join("")
}
