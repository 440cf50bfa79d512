/** Programs: what goes in is checked, what comes out is whole, and the end of one is clear. */
import { describe, expect, test } from "vitest"
import {
  add,
  broadcast,
  compile,
  constant,
  createExecutor,
  embedding,
  evaluate,
  exp,
  f32,
  i32,
  linearCrossEntropy,
  matmul,
  multiply,
  reshape,
  rmsNorm,
  round,
  rows,
  Store,
  scope,
  silu,
  subtract,
  sum,
} from "../../src/engine/index.ts"
import { EXECUTORS } from "./executors.ts"

describe.each(EXECUTORS)("%s", (name, executor) => {
  test("outputs may be inputs, constants, views, or one another", async () => {
    using program = compile(
      { x: f32(rows(4), 2) },
      ({ x }) => {
        const y = add(x, 1)
        return {
          outputs: {
            x,
            again: x,
            viewed: reshape(x, [rows(4), 2, 1]),
            c: constant(Int32Array.of(7), [1]),
            y,
            alsoY: y,
            flat: reshape(y, [rows(4), 1, 2]),
          },
        }
      },
      { executor },
    )
    const outputs = await program.run({ x: [1, 2, 3, 4] })
    const plain = Object.fromEntries(Object.entries(outputs).map(([key, array]) => [key, [...array]]))
    const [x, y] = [
      [1, 2, 3, 4],
      [2, 3, 4, 5],
    ]
    expect(plain).toEqual({ x, again: x, viewed: x, c: [7], y, alsoY: y, flat: y })
  })

  test("bfloat16 outputs come widened", async () => {
    const value = await evaluate(() => round(constant(Float32Array.of(1.001, 3), [2])), { executor })
    expect([...value]).toEqual([1, 3])
  })

  test("runs with any count of rows, none and all included, in any order", async () => {
    using program = compile(
      { x: f32(rows(70), 3) },
      ({ x }) => ({ outputs: { y: multiply(x, 2), total: sum(x, 0) } }),
      { executor },
    )
    for (const count of [70, 0, 33, 1, 70]) {
      const x = Float32Array.from({ length: 3 * count }, (_, place) => place)
      const { y, total } = await program.run({ x })
      expect([...y]).toEqual([...x].map((value) => 2 * value))
      const column = (first: number) =>
        Array.from({ length: count }, (_, row) => 3 * row + first).reduce((a, b) => a + b, 0)
      expect([...total]).toEqual([column(0), column(1), column(2)])
    }
  })

  test("bounded rows do not become a fixed size", () => {
    const reshaped = () =>
      compile({ x: f32(rows(4), 2) }, ({ x }) => ({ outputs: { y: reshape(x, [8]) } }), { executor })
    expect(reshaped).toThrow(/reshape.*rows≤4.*SHAPE_MISMATCH/)
  })

  test("inputs are copied before run returns", async () => {
    using program = compile({ x: f32(3) }, ({ x }) => ({ outputs: { y: add(x, 0.5) } }), { executor })
    const x = Float32Array.of(1, 2, 3)
    const run = program.run({ x })
    x.fill(100)
    expect([...(await run).y]).toEqual([1.5, 2.5, 3.5])
  })

  test("says which input is wrong and how", async () => {
    using store = new Store(executor)
    const table = store.create("table", [5, 2])
    using program = compile(
      { ids: i32(rows(4)), x: f32(rows(4), 2), scale: f32() },
      ({ ids, x, scale }) => {
        return { outputs: { y: multiply(add(embedding(table, ids), x), scale) } }
      },
      { name: "look up" },
    )
    const good = { ids: [0, 4], x: [1, 2, 3, 4], scale: 2 }
    expect([...(await program.run(good)).y]).toEqual([2, 4, 6, 8])
    const { scale, ...without } = good
    await expect(program.run(without)).rejects.toThrow(
      "look up, input scale: wanted a value; came none. [INPUT_INVALID]",
    )
    await expect(program.run({ ...good, scales: 1 })).rejects.toThrow(
      /input scales: .*unknown one; did you mean scale\?/,
    )
    await expect(program.run({ ...good, ids: [0, 5] })).rejects.toThrow(
      /input ids: wanted numbers from 0 to 4; came 5 at place 1/,
    )
    await expect(program.run({ ...good, ids: [-1, 0] })).rejects.toThrow(/came -1 at place 0/)
    await expect(program.run({ ...good, x: [1, 2, 3] })).rejects.toThrow(
      /input x: wanted numbers for \[rows≤4, 2\]; came 3 numbers/,
    )
    await expect(program.run({ ...good, x: [1, 2] })).rejects.toThrow(
      /wanted 2 rows, as the inputs before it; came 1 rows/,
    )
    await expect(program.run({ ...good, scale: [1, 2] })).rejects.toThrow(
      /input scale: wanted numbers for \[\]; came 2 numbers/,
    )
    const five = { ids: [0, 0, 0, 0, 0], x: new Float32Array(10), scale }
    await expect(program.run(five)).rejects.toThrow(/input ids: wanted numbers for \[rows≤4\]; came 5 numbers/)
  })

  test("targets beyond the vocabulary are errors, not crashes", async () => {
    using program = compile(
      { hidden: f32(2, 3), weight: f32(4, 3), targets: i32(2) },
      ({ hidden, weight, targets }) => ({
        outputs: { loss: linearCrossEntropy(hidden, weight, targets) },
      }),
      { executor },
    )
    const run = (targets: number[]) =>
      program.run({ hidden: new Float32Array(6), weight: new Float32Array(12), targets })
    expect((await run([3, -1])).loss[1]).toBe(0)
    await expect(run([4, 0])).rejects.toThrow(/targets: wanted numbers from -1 to 3; came 4 at place 0/)
    await expect(run([0, -2])).rejects.toThrow(/came -2/)
  })

  test("a disposed program or store says so", async () => {
    const program = compile({}, () => ({ outputs: { y: add(1, 2) } }), { executor, name: "three" })
    const last = program.run({})
    program.dispose()
    program.dispose()
    expect([...(await last).y]).toEqual([3])
    await expect(program.run({})).rejects.toThrow("three: wanted an open program; came a disposed one. [DISPOSED]")
    const store = new Store(executor)
    store.dispose()
    expect(() => store.create("late", [1])).toThrow(/late: .*DISPOSED/)
  })

  test("a cancelled run has changed nothing", async () => {
    using store = new Store(executor)
    const total = store.create("total", [1])
    using program = compile(
      { x: f32(300, 300) },
      ({ x }) => {
        let y = x
        for (let step = 0; step < 40; step++) y = multiply(matmul(y, x), 0.1)
        return { outputs: {}, updates: [{ state: total, value: add(total, reshape(sum(sum(y, 0), 1), [1])) }] }
      },
      { executor },
    )
    const x = new Float32Array(90_000).fill(0.01)
    await expect(program.run({ x }, { signal: AbortSignal.abort() })).rejects.toThrow(/CANCELLED/)
    if (name === "native") {
      const abort = new AbortController()
      const [first, second] = [
        program.run({ x }, { signal: abort.signal }),
        program.run({ x }, { signal: abort.signal }),
      ]
      setTimeout(() => abort.abort(), 2)
      const ends = await Promise.allSettled([first, second])
      expect(ends[1]).toMatchObject({ status: "rejected", reason: { code: "CANCELLED" } })
      const done = ends.filter(({ status }) => status === "fulfilled").length
      expect(total.version).toBe(done)
    }
    expect((await total.read())[0] === 0).toBe(total.version === 0)
  })

  test("programs and executors do not disturb one another", async () => {
    const other = name === "native" ? createExecutor({ kind: "native", threads: 1 }) : executor
    const made = [executor, other].map((chosen, index) =>
      compile(
        { x: f32(rows(200), 64) },
        ({ x }) => {
          const wide = silu(multiply(x, index + 1))
          return { outputs: { y: subtract(rmsNorm(wide, broadcast(1, [64]), { epsilon: 1e-5 }), x), total: sum(x, 0) } }
        },
        { executor: chosen },
      ),
    )
    const x = Float32Array.from({ length: 200 * 64 }, (_, place) => Math.sin(place))
    const alone = await Promise.all(made.map(async (program) => program.run({ x })))
    const runs = Array.from({ length: 12 }, (_, index) => made[index % 2].run({ x }))
    for (const [index, run] of (await Promise.all(runs)).entries()) {
      expect(Buffer.from(run.y.buffer).equals(Buffer.from(alone[index % 2].y.buffer))).toBe(true)
      expect(run.total).toEqual(alone[index % 2].total)
    }
    for (const program of made) program.dispose()
  })

  test("states of two executors do not meet in one program", () => {
    using store = new Store(executor)
    using other = new Store(createExecutor({ kind: "reference" }))
    const [a, b] = [store.create("a", [1]), other.create("b", [1])]
    expect(() => compile({}, () => ({ outputs: { y: add(a, b) } }))).toThrow(/b: .*TRACE_MISUSE/)
  })
})

describe("errors while tracing", () => {
  test("name the operation, both shapes and the module path", () => {
    const traced = () =>
      compile({ x: f32(rows(8), 64), w: f32(32, 128) }, ({ x, w }) => {
        return { outputs: { y: scope("layers.3", () => scope("mlp.down_proj", () => matmul(x, w))) } }
      })
    expect(traced).toThrow(
      "matmul: wanted inner sizes that agree (left has 64, right 32); came left f32 [rows≤8, 64], right f32 [32, 128]",
    )
    expect(traced).toThrow(/At layers\.3\.mlp\.down_proj\. \[SHAPE_MISMATCH\]$/)
  })

  test("an operation outside of any trace, or a trace within one, says so", () => {
    expect(() => add(1, 2)).toThrow(/constant: .*inside the function given to compile or evaluate.*TRACE_MISUSE/)
    const nested = () => {
      compile({}, () => {
        compile({}, () => ({ outputs: {} }))
        return { outputs: {} }
      })
    }
    expect(nested).toThrow(/compile: wanted no trace to be open.*TRACE_MISUSE/)
    // The failed trace is closed again.
    expect(() => compile({}, () => ({ outputs: { y: exp(1) } }))).not.toThrow()
  })
})
