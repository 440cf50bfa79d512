/** The numbers of a model in memory, as files want them. */
import { isBlockDType } from "../../engine/index.ts"
import type { Family, ModelConfig } from "../families/index.ts"
import type { Parameters } from "../layers/index.ts"
import { ggufArchitectureFor } from "./gguf-architectures.ts"
import { transposed } from "./gguf-numbers.ts"
import type { ParameterSource } from "./model-folder.ts"

/** Parameters as float32 in the shapes of their specs, where a matrix in blocks may lie the other way round. */
export function numbersToSave(family: Family, config: ModelConfig, parameters: Parameters): ParameterSource {
  const { specs, count } = parameters
  // Only models out of GGUF files have matrices in blocks, so only their families need to be known there.
  const places = specs.some(({ path }) => isBlockDType(parameters.get(path).dtype))
    ? ggufArchitectureFor(family).places(config)
    : undefined
  const read = async (path: string) => {
    const state = parameters.get(path)
    const numbers = await state.read()
    const [rows, columns] = state.shape
    const isTurned = isBlockDType(state.dtype) && places?.(path).order === "transposed"
    return isTurned ? transposed(numbers as Float32Array, rows, columns) : (numbers as Float32Array)
  }
  return { specs, count, get: (path) => ({ read: () => read(path) }) }
}
