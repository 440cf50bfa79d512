/** A model on the disk, in whichever form: what it is, and its numbers when they are asked for. */
import type { BlockDType } from "../../engine/index.ts"
import { isGgufPath } from "../../gguf/index.ts"
import { countParameters } from "../layers/index.ts"
import { Checkpoint } from "./checkpoint.ts"
import { openGgufModel } from "./gguf-model.ts"
import { matchCheckpoint } from "./load-parameters.ts"
import { type ModelToSave, readModelConfig } from "./model-folder.ts"

/** A matrix that is kept in blocks. */
export interface StoredBlocks {
  readonly dtype: BlockDType
  /** [outputs, inputs], even where the parameter is [inputs, outputs]. */
  readonly shape: readonly number[]
  /** Its rows, block after block. */
  read(): Promise<Uint8Array>
}

/** A model whose files are open. */
export interface StoredModel extends ModelToSave {
  /** What a person should know, one sentence each. */
  readonly notices: readonly string[]
  /** Parameters that are kept in blocks, by path. `parameters` gives their numbers as float32, too. */
  readonly blocks: ReadonlyMap<string, StoredBlocks>
  close(): Promise<void>
}

/**
 * Opens a Hugging Face folder or a GGUF file.
 *
 * @throws MODEL_NOT_FOUND, FILE_UNREADABLE when there is none
 * @throws FAMILY_UNKNOWN, CONFIG_INVALID when it is not of a family here
 * @throws CHECKPOINT_DAMAGED when a file is truncated or altered
 * @throws CHECKPOINT_MISMATCH when the weights are not those that the config describes
 */
export async function openStoredModel(path: string): Promise<StoredModel> {
  return (await isGgufPath(path)) ? openGgufModel(path) : openModelFolder(path)
}

async function openModelFolder(folder: string): Promise<StoredModel> {
  const read = await readModelConfig(folder)
  const checkpoint = await Checkpoint.open(folder)
  try {
    const match = await matchCheckpoint(read.family, read.config, checkpoint, folder)
    const specs = read.family.parameterSpecs(match.config)
    return {
      ...read,
      config: match.config,
      notices: [...read.notices, ...match.notices],
      blocks: new Map(),
      parameters: {
        specs,
        count: countParameters(specs),
        get: (parameter) => ({ read: () => checkpoint.read(match.sources.get(parameter) as string) }),
      },
      close: () => checkpoint.close(),
    }
  } catch (error) {
    await checkpoint.close()
    throw error
  }
}
