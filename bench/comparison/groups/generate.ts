/** Reading prompts and writing on with weights in blocks, one sequence and eight. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import type { Comparison, Figure, Settings } from "../comparison.ts"
import { command, flags, runProgram } from "../program.ts"

type BlockType = "q8_0" | "q4_0"

/** How many times llama.cpp's tokens per second; 8 sequences read their prompts as one does, so nothing is promised there. */
const BARS: Readonly<Record<string, number>> = {
  "q8_0, 1 sequence: prefill": 2,
  "q4_0, 1 sequence: prefill": 2,
  "q8_0, 1 sequence: decode": 2,
  "q4_0, 1 sequence: decode": 2,
  "q8_0, 8 sequences: decode": 3,
}

export function generate({ isQuick, threads, workFolder }: Settings): Comparison[] {
  const size = isQuick ? "15m" : "110m"
  const fileOf = (type: BlockType) => join(workFolder, `random-llama-${size}-${type}.gguf`)
  const work = isQuick ? { promptTokens: 32, newTokens: 8 } : { promptTokens: 512, newTokens: 128 }
  const prepare = async () => {
    const types = (["q8_0", "q4_0"] as const).filter((type) => !existsSync(fileOf(type)))
    if (types.length === 0) return
    const options = { size, types: types.join(), out: workFolder }
    await runProgram(command("typescript", "bench/comparison/make-random-llama.ts", ...flags(options)))
  }
  const of = (type: BlockType, sequences: number): Comparison => {
    const options = { model: fileOf(type), ...work, sequences, threads }
    const title = `${type}, ${sequences} sequence${sequences > 1 ? "s" : ""}`
    return {
      group: "generate",
      prepare,
      figures: (["prefill", "decode"] as const).map((kind): Figure => {
        const bar = BARS[`${title}: ${kind}`]
        return {
          name: `llama ${size}, ${title}: ${kind}`,
          key: `${kind}_tokens_per_s`,
          unit: "tokens/s",
          measure: "speedup",
          ...(bar === undefined ? {} : { bar: { atLeast: bar } }),
        }
      }),
      ours: () => command("glossa", "bench", "generate", ...flags({ ...options, json: true })),
      peer: {
        name: "llama.cpp",
        command: () => command("node", "bench/peers/llama-cpp-generate.mjs", ...flags(options)),
      },
    }
  }
  return [of("q8_0", 1), of("q4_0", 1), of("q8_0", 8), of("q4_0", 8)]
}
