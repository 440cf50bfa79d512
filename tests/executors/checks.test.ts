/** GLOSSA_CHECK and GLOSSA_DEBUG: each finds a fault that was planted for it, or prints what a person can read. */
import { afterEach, describe, expect, test, vi } from "vitest"
import { poisonDeadPlaces } from "../../src/engine/execute/poison.ts"
import { input, trace } from "../../src/engine/graph/index.ts"
import {
  add,
  compile,
  divide,
  type Executor,
  exp,
  f32,
  finite,
  grad,
  log,
  matmul,
  multiply,
  reshape,
  rows,
  Store,
  scope,
  silu,
  softmax,
  sum,
  type Tensor,
} from "../../src/engine/index.ts"
import { planGraph } from "../../src/engine/plan/index.ts"
import { differing, type TinySettings, trainedBits } from "../invariants/tiny-programs.ts"
import { nativeExecutor } from "../ops/native-executor.ts"

const executor = nativeExecutor() as Executor

afterEach(() => vi.unstubAllEnvs())

/** What `body` writes to the standard error. */
async function printed(body: () => Promise<void>): Promise<string> {
  let text = ""
  const write = vi.spyOn(process.stderr, "write").mockImplementation((chunk) => {
    text += chunk
    return true
  })
  try {
    await body()
  } finally {
    write.mockRestore()
  }
  return text
}

describe.skipIf(!executor)("GLOSSA_CHECK=finite", () => {
  const model = ({ x }: { x: Tensor }) => {
    const hidden = scope("layers.0", () => silu(x))
    const logits = scope("layers.1", () => scope("norm", () => divide(hidden, sum(hidden, -1))))
    return { outputs: { y: scope("head", () => softmax(logits)) } }
  }

  test("names the first instruction and module path that made a NaN", async () => {
    vi.stubEnv("GLOSSA_CHECK", "finite")
    using program = compile({ x: f32(2, 4) }, model, { executor, name: "tiny" })
    await expect(program.run({ x: new Float32Array(8) })).rejects.toThrow(
      /tiny, instruction \d+: .*divide @ layers\.1\.norm.*wanted finite numbers; came a NaN or an infinity.*NOT_FINITE/,
    )
    await expect(program.run({ x: new Float32Array(8).fill(1) })).resolves.toBeDefined()
  })

  test("is silent where it is not asked for", async () => {
    using program = compile({ x: f32(2, 4) }, model, { executor })
    const { y } = await program.run({ x: new Float32Array(8) })
    expect(y.every(Number.isNaN)).toBe(true)
  })

  test("leaves the states of the failed run as they were", async () => {
    vi.stubEnv("GLOSSA_CHECK", "finite")
    using store = new Store(executor)
    const state = store.create("a", [1])
    using program = compile(
      { x: f32(1) },
      ({ x }) => ({ outputs: { y: log(x) }, updates: [{ state, value: add(state, 1) }] }),
      { executor },
    )
    await expect(program.run({ x: -1 })).rejects.toThrow(/NOT_FINITE/)
    expect([[...(await state.read())], state.version]).toEqual([[0], 0])
  })
})

describe.skipIf(!executor)("GLOSSA_CHECK=memory", () => {
  const settings: TinySettings[] = [
    { family: "llama", precision: "f32" },
    { family: "gpt2", precision: "bf16" },
    { family: "gpt2", precision: "f32", microBatches: 4 },
  ]
  test.each(settings)("changes no bit of training $family in $precision", async (tiny) => {
    const wanted = await trainedBits(executor, tiny)
    vi.stubEnv("GLOSSA_CHECK", "memory")
    expect(differing(await trainedBits(executor, tiny), wanted)).toEqual([])
  })

  test("leaves the condition of the updates alone", async () => {
    vi.stubEnv("GLOSSA_CHECK", "memory")
    using store = new Store(executor)
    const state = store.create("a", [1])
    using program = compile(
      { x: f32(1) },
      ({ x }) => {
        return { outputs: {}, updates: [{ state, value: add(state, x) }], when: finite(reshape(exp(x), [])) }
      },
      { executor },
    )
    await program.run({ x: Number.NaN })
    expect([[...(await state.read())], state.version]).toEqual([[0], 0])
    await program.run({ x: 2 })
    expect([[...(await state.read())], state.version]).toEqual([[2], 1])
  })

  test("fills every place of the arena after its last reader", () => {
    const graph = trace(() => {
      const x = input("x", [40, 40], "f32")
      const [a, b] = [matmul(x, x), matmul(x, x, { transposeRight: true })]
      return { inputs: [x], outputs: { y: matmul(a, b) }, updates: [] }
    })
    const plan = planGraph(graph)
    const fills = poisonDeadPlaces(plan).filter(({ kernel }) => kernel === "fill")
    const places = new Set(
      [...plan.places.offsets.keys()].filter(({ home }) => home.kind === "arena").map(({ origin }) => origin),
    )
    expect(fills.length).toBeGreaterThanOrEqual(4)
    for (const { origin } of fills) expect(places).toContain(origin.replace("poison of ", ""))
  })
})

describe.skipIf(!executor)("GLOSSA_DEBUG", () => {
  const loss = ({ x, w }: { x: Tensor; w: Tensor }) => {
    const y = scope("mlp", () => silu(matmul(x, w)))
    const total = reshape(sum(sum(multiply(y, y), 0), 1), [])
    return { outputs: { total, dw: grad(total, [w])[0] } }
  }
  const specs = { x: f32(rows(8), 4), w: f32(4, 5) }

  test("graph and plan print what compile made, times what a program's kernels took", async () => {
    vi.stubEnv("GLOSSA_DEBUG", "graph,plan,times")
    const text = await printed(async () => {
      using program = compile(specs, loss, { executor, precision: "f32", name: "a loss" })
      await program.run({ x: new Float32Array(8), w: new Float32Array(20) })
    })
    expect(text).toMatch(/^graph of a loss\n%0 = input\(\) \{x\} : f32 \[rows≤8, 4\]\n/)
    expect(text).toMatch(/%\d+ = matmul\(%0, %1\) .* : f32 \[rows≤8, 5\] {2}@ mlp/)
    expect(text).toMatch(/plan of a loss\n {3}0 .*\n/)
    expect(text).toMatch(/arena \d+ bytes/)
    expect(text).toMatch(/times of a loss: 1 runs, .* ms each\n.*GFLOP\/s/)
  })

  test("an unknown word is refused with the nearest one", () => {
    vi.stubEnv("GLOSSA_DEBUG", "grpah")
    expect(() => compile(specs, loss, { executor })).toThrow(
      /GLOSSA_DEBUG: .*graph, plan, times; came grpah; did you mean graph\?/,
    )
    vi.stubEnv("GLOSSA_DEBUG", "")
    vi.stubEnv("GLOSSA_CHECK", "finit")
    expect(() => compile(specs, loss, { executor })).toThrow(/GLOSSA_CHECK: .*did you mean finite\?/)
  })

  test("nothing is printed where nothing is asked for", async () => {
    const text = await printed(async () => {
      using program = compile(specs, loss, { executor })
      await program.run({ x: new Float32Array(8), w: new Float32Array(20) })
      expect(program.print()).toBe(program.print())
    })
    expect(text).toBe("")
  })
})
