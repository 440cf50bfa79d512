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
  const read = async (path: string) => {
    const state = parameters.get(path)
    const numbers = await state.read()
    if (!isBlockDType(state.dtype)) return numbers as Float32Array
    const { order } = ggufArchitectureFor(family).place(config, path)
    const [rows, columns] = state.shape
    return order === "transposed" ? transposed(numbers as Float32Array, rows, columns) : (numbers as Float32Array)
  }
  return { specs, count, get: (path) => ({ read: () => read(path) }) }
}
