/** Times the cases of operations at a model's sizes, and holds each against the roof of the machine. */
import { type Ceilings, compile, type Executor, type InstructionTime, type Precision, Store } from "../execute/index.ts"
import { type Attributes, applyAll, type OpDefinition } from "../graph/index.ts"
import { CaseData, type ModelSizes, OP_CASES, type OpCase, type OpCases, repeatNumbers } from "../ops/index.cases.ts"
import { type BlockDType, isBlockDType, storageBytes } from "../tensor/index.ts"

export interface OpTime {
  readonly op: string
  /** What model asks it: `feed-forward up: 2048×384×1536`. */
  readonly title: string
  readonly precision: Precision
  /** Median over the runs of the whole operation, roundings and packs of its operands included. */
  readonly nanoseconds: number
  readonly operations: number
  /** Of operands and results, each counted once. */
  readonly bytes: number
  /**
   * Share of the larger of the two times that the machine needs at best, for operations and for bytes. Operations are held
   * against the rate of a float product, or where weights are in blocks, of a product with such weights; bytes against memory, which operands that stay in a cache can
   * outrun.
   */
  readonly ofRoof: number
  readonly bound: "operations" | "memory"
  /** Kernels that ran and the share of the time that each took, the longest first. */
  readonly kernels: readonly (readonly [kernel: string, share: number])[]
}

export interface TimeOpsOptions {
  readonly precision: Precision
  /** Names of operations; all that have timing cases when left out. */
  readonly ops?: readonly string[]
  /** Each case is repeated for about so long. Default 0.3. */
  readonly seconds?: number
}

/** Numbers of an input that differ; beyond, it repeats itself. */
const DISTINCT = 65_537
const FEWEST_RUNS = 3

const ALL_CASES: Readonly<Record<string, OpCases>> = OP_CASES

/** Names of the operations that can be timed: all but views, which do nothing. */
export function timedOps(): string[] {
  return Object.keys(ALL_CASES).filter((name) => !ALL_CASES[name].op.traits?.view && !ALL_CASES[name].op.traits?.window)
}

/**
 * @param ceilings  of the same executor, by `measureCeilings`
 * @returns one result a case, as they are measured
 * @throws EXECUTOR_UNAVAILABLE unless the executor is the native one
 */
export async function* timeOps(
  executor: Executor,
  ceilings: Ceilings,
  sizes: ModelSizes,
  { precision, ops = timedOps(), seconds = 0.3 }: TimeOpsOptions,
): AsyncGenerator<OpTime> {
  for (const name of ops) {
    const opCases = ALL_CASES[name]
    const data = new CaseData(`timing ${name}`, DISTINCT)
    for (const opCase of opCases.atModelSizes?.(sizes, data) ?? [elementwiseCase(opCases, sizes)]) {
      const times = await timeCase(executor, opCases.op, opCase, precision, seconds)
      yield {
        op: name,
        title: opCase.title,
        precision,
        ...times,
        ...againstRoof(times, rateOf(opCase, ceilings, precision), ceilings),
      }
    }
  }
}

/** The inputs of the largest case, repeated to the size of a step's feed-forward. */
function elementwiseCase({ cases }: OpCases, { rows, inner }: ModelSizes): OpCase {
  const elements = ({ inputs }: OpCase) => Math.min(...inputs.map(({ data }) => data.length))
  const largest = cases.reduce((best, candidate) => (elements(candidate) > elements(best) ? candidate : best))
  const inputs = largest.inputs.map(({ dtype, data }) => {
    return { shape: [rows, inner], dtype, data: repeatNumbers(data, rows * inner) }
  })
  return { ...largest, title: "a step's feed-forward", inputs }
}

/** Runs a case on states, so that nothing passes between JavaScript and the executor while the clock runs. */
async function timeCase(
  executor: Executor,
  op: OpDefinition<never>,
  { title, inputs, attributes = {}, operations }: OpCase,
  precision: Precision,
  seconds: number,
) {
  using store = new Store(executor)
  const states = inputs.map(({ shape, dtype }, index) => {
    return store.create(`input${index}`, shape as number[], { dtype: dtype === "bf16" ? "f32" : dtype })
  })
  const outputTypes = op.outputs(inputs, attributes as never, (wanted) => {
    throw new Error(`${op.name}, ${title}: a case that is none, wanted ${wanted}`)
  })
  const results = outputTypes.map(({ shape, dtype }, index) => {
    return store.create(`output${index}`, shape as number[], { dtype })
  })
  for (const [index, { data }] of inputs.entries()) await states[index].write(data)
  using program = compile(
    {},
    () => {
      const values = applyAll(op as unknown as OpDefinition<Attributes>, states, attributes)
      return { outputs: {}, updates: values.map((value, index) => ({ state: results[index], value })) }
    },
    { executor, precision, name: op.name },
  )
  const runs: (readonly InstructionTime[])[] = []
  const start = performance.now()
  await program.time({}) // The first run fills caches and packs.
  while (runs.length < FEWEST_RUNS || performance.now() - start < seconds * 1000) runs.push(await program.time({}))
  return {
    nanoseconds: median(runs.map(totalTime)),
    operations: operations ?? op.operations(inputs, outputTypes, attributes as never),
    bytes: [...inputs, ...outputTypes].reduce((sum, { shape, dtype }) => {
      return sum + storageBytes(dtype, shape as number[])
    }, 0),
    kernels: sharesOf(runs),
  }
}

/** Operations a second that a case could reach. */
function rateOf({ inputs }: OpCase, { matmulFlops, blockProductOperations }: Ceilings, precision: Precision): number {
  const inBlocks = inputs.find(({ dtype }) => isBlockDType(dtype))?.dtype as BlockDType | undefined
  return (inBlocks && blockProductOperations?.[inBlocks]) ?? matmulFlops[precision]
}

function againstRoof(
  { nanoseconds, operations, bytes }: Pick<OpTime, "nanoseconds" | "operations" | "bytes">,
  operationsPerSecond: number,
  { memoryBytesPerSecond }: Ceilings,
): Pick<OpTime, "ofRoof" | "bound"> {
  const forOperations = operations / operationsPerSecond
  const forMemory = memoryBytesPerSecond ? bytes / memoryBytesPerSecond : 0
  return {
    ofRoof: (Math.max(forOperations, forMemory) * 1e9) / nanoseconds,
    bound: forOperations > forMemory ? "operations" : "memory",
  }
}

function totalTime(run: readonly InstructionTime[]): number {
  return run.reduce((sum, { nanoseconds }) => sum + nanoseconds, 0)
}

function sharesOf(runs: readonly (readonly InstructionTime[])[]): [string, number][] {
  const byKernel = new Map<string, number>()
  for (const { kernel, nanoseconds } of runs.flat()) byKernel.set(kernel, (byKernel.get(kernel) ?? 0) + nanoseconds)
  const total = [...byKernel.values()].reduce((sum, value) => sum + value, 0)
  return [...byKernel]
    .map(([kernel, nanoseconds]): [string, number] => [kernel, nanoseconds / total])
    .sort(([, left], [, right]) => right - left)
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[values.length >> 1]
}
