/** A planted fault: scratch that is told to be one byte long. GLOSSA_CHECK=memory names the kernel that writes beyond. */
import { afterEach, describe, expect, test, vi } from "vitest"
import {
  compile,
  type Executor,
  f32,
  grad,
  i32,
  linearCrossEntropy,
  reshape,
  scope,
  sum,
} from "../../src/engine/index.ts"
import type { Instruction, Plan } from "../../src/engine/plan/index.ts"
import { nativeExecutor } from "../ops/native-executor.ts"

/** The scratch as one byte; its place stays as large as it was. */
function shorten(instruction: Instruction): Instruction {
  const outputs = instruction.outputs.map(({ value, shape }) => ({
    value,
    shape: value.dtype === "bytes" ? [1] : shape,
  }))
  return { ...instruction, outputs }
}

vi.mock("../../src/engine/plan/index.ts", async (original) => {
  const real = await original<typeof import("../../src/engine/plan/index.ts")>()
  const planGraph = (graph: Parameters<typeof real.planGraph>[0]): Plan => {
    const plan = real.planGraph(graph)
    return { ...plan, instructions: plan.instructions.map(shorten) }
  }
  return { ...real, planGraph }
})
afterEach(() => vi.unstubAllEnvs())

const executor = nativeExecutor() as Executor
const inputs = { x: new Float32Array(12).fill(1), weight: new Float32Array(20).fill(0.5), targets: [0, 1, 2] }

function gradient() {
  return compile(
    { x: f32(3, 4), weight: f32(5, 4), targets: i32(3) },
    ({ x, weight, targets }) => {
      const loss = scope("lm_head", () => reshape(sum(linearCrossEntropy(x, weight, targets), 0), []))
      return { outputs: { dx: grad(loss, [x])[0] } }
    },
    { executor },
  )
}

describe.skipIf(!executor)("a kernel that writes beyond its output", () => {
  test("goes unseen without the check", async () => {
    using program = gradient()
    expect((await program.run(inputs)).dx).toHaveLength(12)
  })

  test("is named with it", async () => {
    vi.stubEnv("GLOSSA_CHECK", "memory")
    using program = gradient()
    await expect(program.run(inputs)).rejects.toThrow(
      /linearCrossEntropyGradient.*lm_head.*the kernel wrote outside its output \d/,
    )
  })
})
