/** What a run must remember to go on as if unbroken: `trainer_state.json` and `training_state.safetensors`. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { formatShape, type State } from "../../engine/index.ts"
import { GlossaError } from "../../errors.ts"
import { replaceFiles, SafetensorsFile, type TensorToWrite, writeSafetensors } from "../../models/index.ts"
import type { SourcePosition } from "./batch.ts"

export const PROGRESS_FILE = "trainer_state.json"
export const OPTIMIZER_FILE = "training_state.safetensors"
const PROGRESS_VERSION = 1

/** Where a run stands. */
export interface Progress {
  /** Steps done. */
  step: number
  /** Updates made: steps less those that were left out. */
  updates: number
  /** Tokens read. */
  tokens: number
  /** Wall time of the run, over all its parts. */
  seconds: number
  /** Of which in steps. */
  trainingSeconds: number
  /** Step of the last evaluation. */
  evaluatedStep: number | null
}

/** `trainer_state.json`. */
export interface SavedProgress extends Progress {
  readonly formatVersion: number
  /** Place of the batch source. Its shuffling is a function of its seed and place. */
  readonly sourcePosition: SourcePosition
  readonly precision: "f32" | "bf16"
  /** Length of metrics.jsonl. */
  readonly metricsBytes: number
  /** The settings of the run as its method gave them. */
  readonly settings: unknown
}

/** Writes progress and the optimizer's states into a checkpoint's folder. @throws FILE_UNWRITABLE */
export async function writeProgress(
  folder: string,
  progress: Omit<SavedProgress, "formatVersion">,
  states: readonly State[],
): Promise<void> {
  const saved: SavedProgress = { formatVersion: PROGRESS_VERSION, ...progress }
  const tensors = states.map(
    (state): TensorToWrite => ({ name: state.path, type: "F32", shape: state.shape, read: () => state.read() }),
  )
  await replaceFiles(folder, [
    { name: OPTIMIZER_FILE, content: (sink) => writeSafetensors(sink, tensors) },
    { name: PROGRESS_FILE, content: `${JSON.stringify(saved, undefined, 2)}\n` },
  ])
}

/**
 * The progress saved in a checkpoint.
 *
 * @throws CHECKPOINT_DAMAGED when the folder has none, or one that is not of this form
 */
export async function readProgress(folder: string): Promise<SavedProgress> {
  const path = join(folder, PROGRESS_FILE)
  const fault = (came: string): GlossaError =>
    new GlossaError("CHECKPOINT_DAMAGED", {
      where: path,
      wanted: `training progress of format ${PROGRESS_VERSION}`,
      came,
    })
  let saved: SavedProgress
  try {
    saved = JSON.parse(await readFile(path, "utf8"))
  } catch {
    throw fault("no readable file")
  }
  if (saved?.formatVersion !== PROGRESS_VERSION) throw fault(`format ${saved?.formatVersion}`)
  if (!Number.isInteger(saved.step) || !Number.isInteger(saved.updates)) throw fault("no step count")
  return saved
}

/**
 * Puts the optimizer's states back.
 *
 * @throws CHECKPOINT_DAMAGED when the file is not whole; CHECKPOINT_MISMATCH when it is another optimizer's or model's
 */
export async function restoreOptimizer(folder: string, states: readonly State[]): Promise<void> {
  const path = join(folder, OPTIMIZER_FILE)
  const file = await SafetensorsFile.open(path)
  try {
    for (const state of states) {
      const saved = file.tensors.get(state.path)
      const wanted = formatShape(state.shape)
      const came = saved ? formatShape(saved.shape) : "no such tensor"
      if (came !== wanted)
        throw new GlossaError("CHECKPOINT_MISMATCH", {
          where: `${path}: ${state.path}`,
          wanted,
          came,
          fix: "resume with the model and optimizer that the run began with",
        })
      await state.write(await file.read(state.path))
    }
  } finally {
    await file.close()
  }
}
