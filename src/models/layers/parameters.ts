/** What a model learns: named arrays in a store. A family lists them as data; this file makes, fills and finds them. */

import {
  type BlockDType,
  compile,
  constant,
  type DType,
  formatShape,
  hashText,
  randomNormal,
  type State,
  type Store,
} from "../../engine/index.ts"
import { GlossaError, nearestName } from "../../errors.ts"

/** Numbers a parameter begins with: zeros, ones, or a normal distribution of mean 0 and this deviation. */
export type InitialNumbers = "zeros" | "ones" | { readonly normal: number }

export interface ParameterSpec {
  /** Path in the public checkpoint, such as `model.layers.3.self_attn.q_proj.weight`. */
  readonly path: string
  readonly shape: readonly number[]
  readonly initial: InitialNumbers
  /** Whether weight decay applies: matrices yes, biases and norms no. */
  readonly decays: boolean
}

/** A matrix, or a table of rows: starts normal, decays. */
export function matrixSpec(path: string, shape: readonly [number, number], deviation: number): ParameterSpec {
  return { path, shape, initial: { normal: deviation }, decays: true }
}
/** A bias, or another row that starts at zero and does not decay. */
export function biasSpec(path: string, size: number): ParameterSpec {
  return { path, shape: [size], initial: "zeros", decays: false }
}
/** The scale of a norm: starts at one, does not decay. */
export function scaleSpec(path: string, size: number): ParameterSpec {
  return { path, shape: [size], initial: "ones", decays: false }
}

/** Numbers that the specs hold together. */
export function countParameters(specs: readonly ParameterSpec[]): number {
  return specs.reduce((total, { shape }) => total + shape.reduce((product, size) => product * size, 1), 0)
}

/** Seeds are half of a 64-bit Philox key. */
const SEED_LIMIT = 2 ** 32

/** How a parameter in blocks is kept: [outputs, inputs], even where its spec is [inputs, outputs]. */
export interface BlockParameter {
  readonly dtype: BlockDType
  readonly shape: readonly number[]
}

/** The parameters of one model, as states of a store, in the order of their specs: float32, or matrices in blocks. */
export class Parameters {
  readonly specs: readonly ParameterSpec[]
  private readonly byPath = new Map<string, State>()

  /**
   * Makes a state of zeros for each spec.
   *
   * @param blocks  the parameters that are kept in blocks, by path; the others are float32
   * @throws OUT_OF_MEMORY when the machine cannot hold one of them
   */
  constructor(store: Store, specs: readonly ParameterSpec[], blocks?: ReadonlyMap<string, BlockParameter>) {
    this.specs = specs
    for (const { path, shape } of specs) {
      const kept: StoredForm = blocks?.get(path) ?? { dtype: "f32", shape }
      this.byPath.set(path, createState(store, path, kept))
    }
  }

  /** @throws CHECKPOINT_MISMATCH when there is no such parameter */
  get(path: string): State {
    const state = this.byPath.get(path)
    if (state) return state
    const nearest = nearestName(path, this.byPath.keys())
    throw new GlossaError("CHECKPOINT_MISMATCH", {
      where: path,
      wanted: "a parameter of this model",
      came: "a path it does not have",
      ...(nearest ? { fix: `did you mean ${nearest}?` } : {}),
    })
  }
  has(path: string): boolean {
    return this.byPath.has(path)
  }
  states(): State[] {
    return [...this.byPath.values()]
  }
  /** Numbers that all parameters hold together. */
  get count(): number {
    return countParameters(this.specs)
  }

  /**
   * Fills every parameter as its spec says. The numbers of a parameter depend on the seed and its path alone, so
   * adding a layer leaves the others as they were.
   *
   * @param seed  a whole number from 0 to 2³² − 1
   * @throws ATTRIBUTE_INVALID when the seed is outside that range
   */
  async initialize(seed: number): Promise<void> {
    if (!Number.isInteger(seed) || seed < 0 || seed >= SEED_LIMIT)
      throw new GlossaError("ATTRIBUTE_INVALID", {
        where: "seed",
        wanted: `a whole number from 0 to ${SEED_LIMIT - 1}`,
        came: String(seed),
      })
    const drawn: DrawnParameter[] = []
    for (const { path, initial } of this.specs) {
      const state = this.get(path)
      if (typeof initial === "object") drawn.push({ state, deviation: initial.normal })
      else await state.write(new Float32Array(state.length).fill(initial === "ones" ? 1 : 0))
    }
    if (drawn.length > 0) await drawNormal(drawn, seed)
  }
}

interface DrawnParameter {
  readonly state: State
  readonly deviation: number
}

/** One program draws all parameters, each where it lies. */
async function drawNormal(drawn: readonly DrawnParameter[], seed: number): Promise<void> {
  const [{ state: first }] = drawn
  using program = compile(
    {},
    () => ({
      outputs: {},
      updates: drawn.map(({ state, deviation }) => {
        const key = constant(Int32Array.of(seed, hashText(state.path)), [2])
        return { state, value: randomNormal(key, state.shape, { deviation }) }
      }),
    }),
    { executor: first.executor, precision: "f32", name: "initial parameters" },
  )
  await program.run({})
}

interface StoredForm {
  readonly dtype: DType
  readonly shape: readonly number[]
}

function createState(store: Store, path: string, { dtype, shape }: StoredForm): State {
  try {
    return store.create(path, shape, { dtype })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new GlossaError("OUT_OF_MEMORY", {
      where: path,
      wanted: `room for ${dtype} ${formatShape(shape)}`,
      came: error.message,
      fix: "use a smaller model",
      cause: error,
    })
  }
}
