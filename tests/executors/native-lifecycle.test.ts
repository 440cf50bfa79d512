/**
 * The addon through rough handling: threads of JavaScript that end while their programs run, programs disposed while they
 * run, callbacks that throw. What is left must go on and give right numbers.
 */
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import { Worker } from "node:worker_threads"
import { describe, expect, it } from "vitest"
import type { NativeAddon, NativeProgram, NativeResult } from "../../src/engine/execute/native-contract.ts"
import { compile, createExecutor, f32, relu } from "../../src/engine/index.ts"
import { GlossaError } from "../../src/errors.ts"

const native = createExecutor({ kind: "auto", threads: 2 }).name === "native"
const addonPath = fileURLToPath(new URL("../../build/native/glossa.node", import.meta.url))
const addon = (native ? createRequire(import.meta.url)(addonPath) : undefined) as NativeAddon

const ELEMENTS = 1 << 18

/** A tape that adds state 0 to itself-plus-one `times` times: each instruction works for some hundred microseconds. */
function addingTape(times: number): Int32Array {
  const elementwise = 0
  const add = 1
  const state = 4
  const floatOne = [...new Int32Array(Float64Array.of(1).buffer)]
  const place = [state, 0, 0, 0, 1, ELEMENTS, 1, 1, 1, 0]
  // One step: register 2 = register 0 (the input) + register 1 (the constant 1); output 0 is register 2.
  const ints = [1, add, 2, 0, 1, 0, 2]
  const instruction = [elementwise, 1, 2, ints.length, 1, 0, 0, 0, ...place, ...place, ...ints, ...floatOne]
  return Int32Array.from([0x41534c47, 1, times, ...Array.from({ length: times }, () => instruction).flat()])
}

function settings(times: number) {
  return {
    tape: addingTape(times),
    constants: new Uint8Array(0),
    updatedStates: Int32Array.of(0),
    predicate: null,
    arenaBytes: 0,
    inputBytes: 0,
    outputBytes: 0,
    commitInstruction: 0,
  }
}

function run(program: NativeProgram): Promise<NativeResult> {
  return new Promise((resolve) => addon.run(program, new Uint8Array(0), 0, 2, 0, resolve))
}

/** Runs `times` additions on this thread and says what number they made of zeros. */
async function addHere(times: number): Promise<Float32Array> {
  const state = addon.createState(ELEMENTS * 4)
  const program = addon.createProgram({ ...settings(times), states: [state] })
  expect(await run(program)).toMatchObject({ status: "done", applied: true })
  const bytes = new Uint8Array(ELEMENTS * 4)
  addon.readState(state, 0, bytes)
  addon.disposeProgram(program)
  addon.disposeState(state)
  return new Float32Array(bytes.buffer)
}

/** What a worker thread does: `body` sees the addon, `program`, `state`, `settings` and `post`. */
function startWorker(times: number, body: string): Worker {
  const source = `
    const { parentPort, workerData } = require("node:worker_threads")
    const addon = require(workerData.addonPath)
    const post = (message) => parentPort.postMessage(message)
    const state = addon.createState(${ELEMENTS * 4})
    const program = addon.createProgram({ ...workerData.settings, states: [state] })
    const none = new Uint8Array(0)
    ${body}`
  return new Worker(source, { eval: true, workerData: { addonPath, settings: settings(times) }, stderr: true })
}

const nextMessage = (worker: Worker) =>
  new Promise<unknown>((resolve, reject) => {
    worker.once("message", resolve)
    worker.once("error", reject)
  })

describe.skipIf(!native)("the addon survives", () => {
  it("a worker thread terminated while its program runs", async () => {
    const before = addon.memory().stateBytes
    for (const waitMs of [0, 1, 5, 20, 50]) {
      // Three runs wait in line behind each other; the first alone takes a good part of a second.
      const worker = startWorker(
        2000,
        "for (let i = 0; i < 3; i++) addon.run(program, none, 0, 2, 0, () => post('finished')); post('running')",
      )
      expect(await nextMessage(worker)).toBe("running")
      await new Promise((resolve) => setTimeout(resolve, waitMs))
      await worker.terminate()
      const sums = await addHere(3)
      expect(sums.every((sum) => sum === 3)).toBe(true)
    }
    // What the workers held is given back once their runs have seen that they are cancelled.
    expect(addon.memory().stateBytes).toBe(before)
  })

  it("a worker thread that leaves by process.exit while its program runs", async () => {
    const worker = startWorker(2000, "addon.run(program, none, 0, 2, 0, () => {}); process.exit(7)")
    expect(await new Promise((resolve) => worker.once("exit", resolve))).toBe(7)
    expect((await addHere(2))[0]).toBe(2)
  })

  it("programs of several threads at once", async () => {
    const body = `addon.run(program, none, 0, 2, 0, ({ status }) => {
      const bytes = new Uint8Array(${ELEMENTS * 4})
      addon.readState(state, 0, bytes)
      post([status, new Float32Array(bytes.buffer).every((sum) => sum === workerData.settings.tape[2])])
    })`
    const workers = [40, 60, 80].map((times) => startWorker(times, body))
    const messages = workers.map(nextMessage)
    const here = [addHere(50), addHere(70)]
    for (const message of messages) expect(await message).toEqual(["done", true])
    const [fifty, seventy] = await Promise.all(here)
    expect(fifty.every((sum) => sum === 50) && seventy.every((sum) => sum === 70)).toBe(true)
    await Promise.all(workers.map((worker) => worker.terminate()))
  })

  it("a program and a state disposed while they are in use", async () => {
    const state = addon.createState(ELEMENTS * 4)
    const program = addon.createProgram({ ...settings(300), states: [state] })
    const running = run(program)
    addon.disposeProgram(program)
    await expect(run(program)).rejects.toThrow("the program is disposed")
    // The state goes when the run that uses it has ended.
    addon.disposeState(state)
    expect(() => addon.readState(state, 0, new Uint8Array(4))).toThrow("the state is disposed")
    expect(() => addon.writeState(state, 0, new Uint8Array(4))).toThrow("the state is disposed")
    expect(await running).toMatchObject({ status: "done" })
    const other = addon.createProgram({ ...settings(1), states: [state] })
    await expect(run(other)).rejects.toThrow("the state is disposed")
    addon.disposeProgram(other)
    addon.disposeProgram(program)
    addon.disposeState(state)
  })

  it("a callback that throws", async () => {
    const worker = startWorker(
      5,
      `process.once("uncaughtException", ({ message }) => {
        addon.run(program, none, 0, 2, 0, ({ status }) => post([message, status]))
      })
      addon.run(program, none, 0, 2, 0, () => { throw new Error("thrown on purpose") })`,
    )
    expect(await nextMessage(worker)).toEqual(["thrown on purpose", "done"])
    await worker.terminate()
    const unheard = startWorker(5, `addon.run(program, none, 0, 2, 0, () => { throw new Error("unheard") })`)
    await expect(nextMessage(unheard)).rejects.toThrow("unheard")
    expect((await addHere(4))[0]).toBe(4)
  })

  it("objects that are not what they should be", () => {
    const state = addon.createState(64)
    const program = addon.createProgram({ ...settings(1), states: [state] })
    const wrong: (() => unknown)[] = [
      () => addon.stateVersion(program as never),
      () => addon.stateVersion({} as never),
      () => addon.disposeProgram(state as never),
      () => addon.readState(state, 60, new Uint8Array(8)),
      () => addon.writeState(state, -1, new Uint8Array(8)),
      () => addon.writeState(state, 0, new Float32Array(2) as never),
      () => addon.run(program, new Uint8Array(1), 0, 1, 0, () => {}),
      () => addon.run(program, new Uint8Array(0), 0, 65, 0, () => {}),
      () => addon.run(program, new Uint8Array(0), 0, 1, 0, undefined as never),
      () => addon.createState(Number.NaN),
      () => addon.createState(2 ** 52),
      () => addon.createProgram(undefined as never),
      () => addon.openLevel("sse"),
    ]
    for (const use of wrong) expect(use).toThrow()
    addon.disposeProgram(program)
    addon.disposeState(state)
  })

  it("tapes with any words", () => {
    const state = addon.createState(ELEMENTS * 4)
    const whole = addingTape(2)
    let seed = 1
    const random = (limit: number) => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
      return seed % limit
    }
    let refused = 0
    for (let trial = 0; trial < 3000; trial++) {
      const tape = whole.slice(0, trial % 3 === 0 ? random(whole.length + 1) : whole.length)
      for (let change = 0; change <= random(4); change++)
        tape[random(tape.length || 1)] = random(2) ? random(64) - 8 : (random(2 ** 31) * 2) | 0
      try {
        addon.disposeProgram(addon.createProgram({ ...settings(1), tape, states: [state] }))
      } catch (error) {
        refused++
        expect((error as Error).message).toMatch(/tape|state/)
      }
    }
    expect(refused).toBeGreaterThan(1000)
    addon.disposeState(state)
  })
})

describe.skipIf(!native)("programs of the engine", () => {
  it("say so when they are used after they were disposed, and finish what they had begun", async () => {
    const executor = createExecutor({ kind: "native", threads: 2 })
    const program = compile({ x: f32(1024) }, ({ x }) => ({ outputs: { y: relu(x) } }), { executor })
    const x = Float32Array.from({ length: 1024 }, (_, i) => i - 512)
    const running = program.run({ x })
    program.dispose()
    expect((await running).y).toEqual(x.map((value) => Math.max(value, 0)))
    const fault = await program.run({ x }).catch((error: unknown) => error)
    expect(fault).toBeInstanceOf(GlossaError)
    expect((fault as GlossaError).code).toBe("DISPOSED")
  })
})
