/**
 * The programs of a step: batches in, changed parameters out. How a step is cut into micro-batches changes no bits: sums
 * over rows go on where the micro-batch before left them, and the denominator is the whole step's.
 */
import {
  accumulate,
  add,
  broadcast,
  compile,
  f32,
  finite,
  grad,
  gradientTerms,
  type InputSpec,
  i32,
  multiply,
  type PrecisionPolicy,
  type Program,
  type ProgramMemory,
  reshape,
  rows,
  type State,
  type StateUpdate,
  Store,
  sum,
  type Tensor,
} from "../../engine/index.ts"
import { GlossaError } from "../../errors.ts"
import type { CausalLanguageModel } from "../../models/index.ts"
import type { Objective, PackedInputs } from "../objectives/index.ts"
import { clipScale, globalNorm, type Optimizer } from "../optim/index.ts"
import { countTargets, splitBatch, type TrainingBatch } from "./batch.ts"

/** Sums of rows are continued in blocks of this many; micro-batches of a multiple of it give the bits of one batch. */
export const ROW_BLOCK = 32

export interface TrainerOptions {
  readonly model: CausalLanguageModel
  readonly objective: Objective
  readonly optimizer: Optimizer
  /** Most rows (tokens) of one run of a program: what memory is planned for. */
  readonly microBatchRows: number
  /** Most micro-batches of a step. With 1, gradients live only inside the one program of a step. */
  readonly microBatches?: number
  /** The norm that all gradients together are clipped to; `Infinity` for none. */
  readonly maximumGradientNorm?: number
  readonly precision?: PrecisionPolicy
}

export interface StepResult {
  /** Mean loss, nats per counted target, before this step's change. */
  readonly loss: number
  readonly countedTargets: number
  /** Norm of all gradients together, before clipping. */
  readonly gradientNorm: number
  /** False when the norm was not finite: then nothing was changed. */
  readonly applied: boolean
}

export interface HeldOutLoss {
  /** Sum over the counted targets. */
  readonly nats: number
  readonly countedTargets: number
}

/** Row inputs as they are named in every program here. */
const ROW_INPUTS = ["tokens", "targets", "positions", "sequenceStart"] as const

/**
 * Compiles and drives the programs of one training run. Disposing it frees programs, gradients and the
 * optimizer's states, not the model.
 *
 * @throws RECIPE_INVALID when several micro-batches are wanted whose rows are not a multiple of 32
 */
export class Trainer {
  readonly model: CausalLanguageModel
  readonly optimizer: Optimizer
  readonly microBatchRows: number
  readonly microBatches: number
  /** Updates made so far; steps that were left out do not count. Saved with checkpoints. */
  updates = 0
  private readonly objective: Objective
  private readonly maximumGradientNorm: number
  private readonly precision: PrecisionPolicy
  private readonly stepProgram: StepProgram
  private evaluation: Program | undefined

  constructor(options: TrainerOptions) {
    const { microBatches = 1, maximumGradientNorm = 1, precision = "auto" } = options
    this.model = options.model
    this.optimizer = options.optimizer
    this.objective = options.objective
    this.microBatchRows = options.microBatchRows
    this.microBatches = microBatches
    this.maximumGradientNorm = maximumGradientNorm
    this.precision = precision
    checkOptions(this.microBatchRows, microBatches, maximumGradientNorm)
    this.stepProgram = microBatches === 1 ? this.compileWhole() : this.compileParts()
  }

  /** What the programs of a step need, known before the first one. */
  get memory(): ProgramMemory[] {
    return this.stepProgram.programs.map(({ memory }) => memory)
  }

  /** Precision that the programs run in. */
  get resolvedPrecision(): "f32" | "bf16" {
    return this.model.store.executor.resolvePrecision(this.precision)
  }

  /**
   * One step: all rows of `batch`, one change of the parameters.
   *
   * @throws INPUT_INVALID when the batch has more rows than the micro-batches hold, or no target that counts
   */
  async step(batch: TrainingBatch, learningRate: number): Promise<StepResult> {
    const countedTargets = countTargets(batch)
    const parts = splitBatch(batch, this.microBatchRows)
    this.checkBatch(batch, parts.length, countedTargets)
    const scalars = this.optimizer.scalars(this.updates + 1, learningRate)
    const outputs = await this.stepProgram.run(parts, 1 / countedTargets, scalars)
    const applied = Number.isFinite(outputs.gradientNorm)
    if (applied) this.updates++
    return { loss: outputs.lossSum / countedTargets, countedTargets, gradientNorm: outputs.gradientNorm, applied }
  }

  /** The loss over batches without changing anything: the very forward pass of training. */
  async evaluate(batches: Iterable<TrainingBatch> | AsyncIterable<TrainingBatch>): Promise<HeldOutLoss> {
    this.evaluation ??= compile(
      rowSpecs(this.microBatchRows),
      (inputs) => ({ outputs: { lossSum: this.lossSum(inputs) } }),
      this.compileOptions("evaluation"),
    )
    let nats = 0
    let countedTargets = 0
    for await (const batch of batches)
      for (const part of splitBatch(batch, this.microBatchRows)) {
        const { lossSum } = await this.evaluation.run(rowInputs(part))
        nats += lossSum[0]
        countedTargets += countTargets(part)
      }
    return { nats, countedTargets }
  }

  dispose(): void {
    this.stepProgram.dispose()
    this.evaluation?.dispose()
    this.optimizer.dispose()
  }
  [Symbol.dispose](): void {
    this.dispose()
  }

  /** [1]: what all rows of a run cost together, nats. */
  private lossSum(inputs: PackedInputs): Tensor {
    return sum(this.objective.rowLosses(this.model, inputs), 0)
  }

  private get states(): State[] {
    return this.optimizer.parameters.map(({ state }) => state)
  }

  /** One program: loss, gradients, clipping, update. */
  private compileWhole(): StepProgram {
    const program = compile(
      { ...this.scalarSpecs(), ...rowSpecs(this.microBatchRows), inverseDenominator: f32() },
      (inputs) => {
        const lossSum = this.lossSum(inputs)
        const gradients = grad(multiply(reshape(lossSum, []), inputs.inverseDenominator), this.states)
        return this.describeUpdate(lossSum, gradients, inputs, [])
      },
      this.compileOptions("training step"),
    )
    return {
      programs: [program],
      async run([part], inverseDenominator, scalars) {
        const { lossSum, gradientNorm } = await program.run({ ...rowInputs(part), inverseDenominator, ...scalars })
        return { lossSum: lossSum[0], gradientNorm: gradientNorm[0] }
      },
      dispose: () => program.dispose(),
    }
  }

  /** Two programs: one adds a micro-batch to the gradients, one clips them, updates, and zeroes them. */
  private compileParts(): StepProgram {
    const sums = new Store(this.model.store.executor)
    const lossState = sums.create("gradient.loss", [1])
    // One state a term, not a parameter: terms are added up last, as in the one program of a whole step.
    const termStates: State[][] = []
    const accumulation = compile(
      { ...rowSpecs(this.microBatchRows), inverseDenominator: f32() },
      (inputs) => {
        const lossSum = this.lossSum(inputs)
        const terms = gradientTerms(multiply(reshape(lossSum, []), inputs.inverseDenominator), this.states)
        const running = terms.map((list, parameter) =>
          list.map((term, index) => {
            const { path, shape } = this.states[parameter]
            return { term, state: sums.create(`gradient.${index}.${path}`, shape) }
          }),
        )
        termStates.push(...running.map((list) => list.map(({ state }) => state)))
        return { outputs: {}, updates: accumulate([...running.flat(), { term: lossSum, state: lossState }]) }
      },
      this.compileOptions("training step, accumulation"),
    )
    const update = compile(
      this.scalarSpecs(),
      (inputs) => {
        const gradients = termStates.map((list, index) => addStates(list, this.states[index].shape))
        const zeroed = sums.states().map((state) => ({ state, value: broadcast(0, state.shape) }))
        return this.describeUpdate(lossState, gradients, inputs, zeroed)
      },
      this.compileOptions("training step, update"),
    )
    return {
      programs: [accumulation, update],
      async run(parts, inverseDenominator, scalars) {
        for (const part of parts) await accumulation.run({ ...rowInputs(part), inverseDenominator })
        const { lossSum, gradientNorm } = await update.run(scalars)
        // A step that is left out leaves its sums behind, too.
        if (!Number.isFinite(gradientNorm[0]))
          for (const state of sums.states()) await state.write(new Float32Array(state.length))
        return { lossSum: lossSum[0], gradientNorm: gradientNorm[0] }
      },
      dispose: () => {
        accumulation.dispose()
        update.dispose()
        sums.dispose()
      },
    }
  }

  private describeUpdate(
    lossSum: Tensor | State,
    gradients: readonly Tensor[],
    scalars: Readonly<Record<string, Tensor>>,
    further: readonly StateUpdate[],
  ): { outputs: Record<string, Tensor>; updates: StateUpdate[]; when: Tensor } {
    const gradientNorm = globalNorm(gradients)
    const scale = clipScale(gradientNorm, this.maximumGradientNorm)
    return {
      outputs: { lossSum: reshape(lossSum, []), gradientNorm },
      updates: [...this.optimizer.updates(gradients, scalars, scale), ...further],
      when: finite(gradientNorm),
    }
  }

  private scalarSpecs(): Record<string, InputSpec> {
    return Object.fromEntries(this.optimizer.scalarNames.map((name) => [name, f32()]))
  }

  private compileOptions(name: string) {
    return { executor: this.model.store.executor, precision: this.precision, name }
  }

  private checkBatch({ tokens }: TrainingBatch, parts: number, countedTargets: number): void {
    const room = this.microBatchRows * this.microBatches
    const fault = (wanted: string, came: string): GlossaError =>
      new GlossaError("INPUT_INVALID", { where: "training step", wanted, came })
    if (parts > this.microBatches) throw fault(`at most ${room} rows`, `${tokens.length} rows`)
    if (countedTargets === 0) throw fault("at least one target that counts", "none")
  }
}

interface StepProgram {
  readonly programs: readonly Program[]
  run(
    parts: readonly TrainingBatch[],
    inverseDenominator: number,
    scalars: Record<string, number>,
  ): Promise<{ lossSum: number; gradientNorm: number }>
  dispose(): void
}

function rowSpecs(maximum: number): Record<(typeof ROW_INPUTS)[number], InputSpec> {
  const spec = i32(rows(maximum))
  return { tokens: spec, targets: spec, positions: spec, sequenceStart: spec }
}

function rowInputs(batch: TrainingBatch): Record<string, Int32Array> {
  return Object.fromEntries(ROW_INPUTS.map((name) => [name, batch[name]]))
}

/** The states' sum, from the first on, as `grad` adds terms; zeros for none. */
function addStates(states: readonly State[], shape: readonly number[]): Tensor {
  if (states.length === 0) return broadcast(0, shape)
  return states.slice(1).reduce<Tensor>((total, state) => add(total, state), reshape(states[0], shape))
}

function checkOptions(microBatchRows: number, microBatches: number, maximumGradientNorm: number): void {
  const fault = (where: string, wanted: string, came: number): GlossaError =>
    new GlossaError("RECIPE_INVALID", { where, wanted, came: String(came) })
  if (!(Number.isInteger(microBatchRows) && microBatchRows > 0))
    throw fault("microBatchRows", "a whole number above 0", microBatchRows)
  if (microBatches > 1 && microBatchRows % ROW_BLOCK !== 0)
    throw fault("microBatchRows", `a multiple of ${ROW_BLOCK} where a step has several micro-batches`, microBatchRows)
  if (!(maximumGradientNorm > 0)) throw fault("maximumGradientNorm", "a number above 0", maximumGradientNorm)
}
