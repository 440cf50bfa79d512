/** A planted fault: a plan that believes a value dead while it is still to be read. GLOSSA_CHECK=memory shows it. */
import { afterEach, describe, expect, test, vi } from "vitest"
import { compile, type Executor, f32, matmul } from "../../src/engine/index.ts"
import type { Plan } from "../../src/engine/plan/index.ts"
import { nativeExecutor } from "../ops/native-executor.ts"

/** Declares what the first instruction with a result in the arena made dead on the spot. */
function forgetFirst(plan: Plan): Plan {
  const index = plan.instructions.findIndex(
    ({ kernel, outputs }) => kernel === "matmul" && outputs[0].value.home.kind === "arena",
  )
  const { value } = plan.instructions[index].outputs[0]
  const deaths = plan.places.deaths.map((dead, place) => (place === index ? [...dead, value] : dead))
  return { ...plan, places: { ...plan.places, deaths } }
}

vi.mock("../../src/engine/plan/index.ts", async (original) => {
  const real = await original<typeof import("../../src/engine/plan/index.ts")>()
  return { ...real, planGraph: (graph: Parameters<typeof real.planGraph>[0]) => forgetFirst(real.planGraph(graph)) }
})
afterEach(() => vi.unstubAllEnvs())

const executor = nativeExecutor() as Executor
const twice = ({ x }: { x: Parameters<typeof matmul>[0] }) => {
  const square = matmul(x, x)
  return { outputs: { y: matmul(square, x) } }
}

describe.skipIf(!executor)("a value that is read after its death", () => {
  test("goes unseen without the check", async () => {
    using program = compile({ x: f32(2, 2) }, twice, { executor })
    expect([...(await program.run({ x: [1, 1, 0, 1] })).y]).toEqual([1, 3, 0, 1])
  })

  test("is NaN with it", async () => {
    vi.stubEnv("GLOSSA_CHECK", "memory")
    using program = compile({ x: f32(2, 2) }, twice, { executor })
    expect((await program.run({ x: [1, 1, 0, 1] })).y.some(Number.isNaN)).toBe(true)
  })
})
