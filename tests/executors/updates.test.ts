/** States: every read of a run sees the numbers from before it, and a run changes all of its states or none. */
import { describe, expect, test } from "vitest"
import {
  add,
  compile,
  constant,
  f32,
  finite,
  matmul,
  multiply,
  reshape,
  rows,
  type State,
  Store,
  sum,
  tanh,
  transpose,
} from "../../src/engine/index.ts"
import { EXECUTORS } from "./executors.ts"

describe.each(EXECUTORS)("%s", (_, executor) => {
  async function stateOf(
    store: Store,
    path: string,
    shape: readonly number[],
    numbers: readonly number[],
  ): Promise<State> {
    const state = store.create(path, shape)
    await state.write(Float32Array.from(numbers))
    return state
  }
  const read = async (...states: State[]): Promise<number[][]> =>
    Promise.all(states.map(async (state) => [...(await state.read())]))

  test("two states change places", async () => {
    using store = new Store(executor)
    const [a, b] = [await stateOf(store, "a", [3], [1, 2, 3]), await stateOf(store, "b", [3], [4, 5, 6])]
    using program = compile({}, () => {
      const [oldA, oldB] = [reshape(a, [3]), reshape(b, [3])]
      return {
        outputs: {},
        updates: [
          { state: a, value: oldB },
          { state: b, value: oldA },
        ],
      }
    })
    await program.run({})
    expect(await read(a, b)).toEqual([
      [4, 5, 6],
      [1, 2, 3],
    ])
    await program.run({})
    expect(await read(a, b)).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ])
  })

  test("two states are each made of both", async () => {
    using store = new Store(executor)
    const [a, b] = [await stateOf(store, "a", [2], [1, 2]), await stateOf(store, "b", [2], [10, 20])]
    using program = compile({}, () => {
      const updates = [
        { state: a, value: add(a, b) },
        { state: b, value: multiply(a, b) },
      ]
      return { outputs: { sumOfOld: sum(add(a, b), 0) }, updates }
    })
    const { sumOfOld } = await program.run({})
    expect([...sumOfOld]).toEqual([33])
    expect(await read(a, b)).toEqual([
      [11, 22],
      [10, 40],
    ])
  })

  test("three states turn in a circle", async () => {
    using store = new Store(executor)
    const [a, b, c] = await Promise.all(["a", "b", "c"].map((path, index) => stateOf(store, path, [1], [index])))
    using program = compile({}, () => ({
      outputs: {},
      updates: [
        { state: a, value: add(b, 10) },
        { state: b, value: add(c, 10) },
        { state: c, value: add(a, 10) },
      ],
    }))
    await program.run({})
    expect(await read(a, b, c)).toEqual([[11], [12], [10]])
  })

  test("one value becomes two states, and an output besides", async () => {
    using store = new Store(executor)
    const [a, b] = [await stateOf(store, "a", [2], [1, 2]), await stateOf(store, "b", [2], [3, 4])]
    using program = compile(
      { x: f32(2) },
      ({ x }) => {
        const value = add(x, 1)
        return {
          outputs: { value },
          updates: [
            { state: a, value },
            { state: b, value },
          ],
        }
      },
      { executor },
    )
    const { value } = await program.run({ x: [7, 8] })
    expect([...value]).toEqual([8, 9])
    expect(await read(a, b)).toEqual([
      [8, 9],
      [8, 9],
    ])
  })

  test("one value becomes two states where nothing else wants it", async () => {
    using store = new Store(executor)
    const [a, b] = [await stateOf(store, "a", [2], [1, 2]), await stateOf(store, "b", [2], [3, 4])]
    using program = compile(
      { x: f32(2) },
      ({ x }) => {
        const value = add(x, 1)
        return {
          outputs: {},
          updates: [
            { state: a, value },
            { state: b, value },
          ],
        }
      },
      { executor },
    )
    await program.run({ x: [7, 8] })
    expect(await read(a, b)).toEqual([
      [8, 9],
      [8, 9],
    ])
  })

  test("a state that is written in place is read before by everything else", async () => {
    using store = new Store(executor)
    const weight = await stateOf(store, "weight", [2, 2], [1, 2, 3, 4])
    using program = compile({ x: f32(1, 2) }, ({ x }) => {
      const step = add(weight, 1)
      const product = matmul(x, weight)
      const doubled = multiply(weight, 2)
      return { outputs: { product, doubled, turned: transpose(weight) }, updates: [{ state: weight, value: step }] }
    })
    const { product, doubled, turned } = await program.run({ x: [1, 10] })
    expect([...product]).toEqual([31, 42])
    expect([...doubled]).toEqual([2, 4, 6, 8])
    expect([...turned]).toEqual([1, 3, 2, 4])
    expect(await read(weight)).toEqual([[2, 3, 4, 5]])
    // The packed form of the weight is made anew.
    expect([...(await program.run({ x: [1, 10] })).product]).toEqual([42, 53])
  })

  test("a state is given out as it was, and as it becomes", async () => {
    using store = new Store(executor)
    const a = await stateOf(store, "a", [2], [1, 2])
    using program = compile({}, () => {
      const value = add(a, 1)
      return {
        outputs: { old: reshape(a, [2]), new: value, alsoOld: reshape(a, [2, 1]) },
        updates: [{ state: a, value }],
      }
    })
    const run = await program.run({})
    expect([run["old"], run["new"], run["alsoOld"]].map((array) => [...array])).toEqual([
      [1, 2],
      [2, 3],
      [1, 2],
    ])
  })

  test("an update may be an input, a constant, another state or a view", async () => {
    using store = new Store(executor)
    const [a, b, c, d] = await Promise.all(["a", "b", "c", "d"].map((path) => stateOf(store, path, [2], [5, 6])))
    using program = compile({ x: f32(2) }, ({ x }) => ({
      outputs: {},
      updates: [
        { state: a, value: x },
        { state: b, value: constant(Float32Array.of(8, 9), [2]) },
        { state: c, value: reshape(d, [2]) },
        { state: d, value: reshape(add(reshape(c, [2, 1]), 1), [2]) },
      ],
    }))
    await program.run({ x: [3, 4] })
    expect(await read(a, b, c, d)).toEqual([
      [3, 4],
      [8, 9],
      [5, 6],
      [6, 7],
    ])
  })

  test.each(["a value of its own", "in place", "copied"])(
    "nothing is changed where `when` is zero: %s",
    async (kind) => {
      using store = new Store(executor)
      const [a, b] = [await stateOf(store, "a", [2], [1, 2]), await stateOf(store, "b", [2], [3, 4])]
      using program = compile({ x: f32(2), go: f32() }, ({ x, go }) => {
        const grown = kind === "in place" ? add(a, x) : tanh(x)
        const outputs = { grown: kind === "copied" ? grown : multiply(grown, 2) }
        return {
          outputs,
          updates: [
            { state: a, value: grown },
            { state: b, value: multiply(b, 10) },
          ],
          when: finite(go),
        }
      })
      const versions = [a.version, b.version]
      await program.run({ x: [5, 6], go: Number.NaN })
      expect(await read(a, b)).toEqual([
        [1, 2],
        [3, 4],
      ])
      expect([a.version, b.version]).toEqual(versions)
      await program.run({ x: [5, 6], go: 1 })
      const [, second] = await read(a, b)
      expect(second).toEqual([30, 40])
      expect(a.version).toBeGreaterThan(versions[0])
      expect((await read(a))[0]).not.toEqual([1, 2])
    },
  )

  test("one state packed under two shapes", async () => {
    using store = new Store(executor)
    const weight = await stateOf(store, "weight", [2, 3], [1, 2, 3, 4, 5, 6])
    using program = compile({ x: f32(1, 2), z: f32(1, 3) }, ({ x, z }) => ({
      outputs: {
        wide: matmul(x, weight),
        tall: matmul(z, reshape(weight, [3, 2])),
        right: matmul(z, weight, { transposeRight: true }),
      },
    }))
    for (let run = 0; run < 2; run++) {
      const { wide, tall, right } = await program.run({ x: [1, 10], z: [1, 10, 100] })
      expect([...wide]).toEqual([41, 52, 63])
      expect([...tall]).toEqual([531, 642])
      expect([...right]).toEqual([321, 654])
      await weight.write(Float32Array.of(1, 2, 3, 4, 5, 6))
    }
  })

  test("a program sees what others and `write` have put there since", async () => {
    using store = new Store(executor)
    const weight = await stateOf(store, "weight", [2, 2], [1, 0, 0, 1])
    using product = compile({ x: f32(rows(4), 2) }, ({ x }) => ({ outputs: { y: matmul(x, weight) } }))
    using double = compile({}, () => ({ outputs: {}, updates: [{ state: weight, value: multiply(weight, 2) }] }))
    expect([...(await product.run({ x: [1, 2] })).y]).toEqual([1, 2])
    await double.run({})
    expect([...(await product.run({ x: [1, 2, 3, 4] })).y]).toEqual([2, 4, 6, 8])
    await weight.write(Float32Array.of(0, 1, 1, 0))
    expect([...(await product.run({ x: [1, 2] })).y]).toEqual([2, 1])
  })

  test("runs asked for at once happen in the order of asking", async () => {
    using store = new Store(executor)
    const a = await stateOf(store, "a", [1], [1])
    using plus = compile({ x: f32(1) }, ({ x }) => ({
      outputs: { old: reshape(a, [1]) },
      updates: [{ state: a, value: add(a, x) }],
    }))
    using times = compile({}, () => ({
      outputs: { old: reshape(a, [1]) },
      updates: [{ state: a, value: multiply(a, 3) }],
    }))
    const runs = [plus.run({ x: 1 }), times.run({}), plus.run({ x: 4 }), times.run({}), times.run({})]
    expect((await Promise.all(runs)).map(({ old }) => old[0])).toEqual([1, 2, 6, 10, 30])
    expect(await read(a)).toEqual([[90]])
  })

  test("a second update of a state, or one of another shape, is refused", async () => {
    using store = new Store(executor)
    const a = await stateOf(store, "layers.0.a", [2], [1, 2])
    const compiled = (values: readonly number[][]) =>
      compile({}, () => ({
        outputs: {},
        updates: values.map((value) => ({ state: a, value: constant(Float32Array.from(value), [value.length]) })),
      }))
    expect(() =>
      compiled([
        [1, 2],
        [3, 4],
      ]),
    ).toThrow(/layers.0.a: .*one update a state.*TRACE_MISUSE/)
    expect(() => compiled([[1, 2, 3]])).toThrow(
      /update of layers.0.a: wanted f32 \[2\]; came f32 \[3\].*SHAPE_MISMATCH/,
    )
  })
})
