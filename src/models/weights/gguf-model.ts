/** A model out of a GGUF file. */
import { GgufFile } from "../../gguf/index.ts"
import { type ModelConfig, parseConfig } from "../families/index.ts"
import { countParameters, type ParameterSpec } from "../layers/index.ts"
import type { GgufArchitecture, GgufPlace, RowOrder } from "./gguf-architecture.ts"
import { ggufArchitectureOf } from "./gguf-architectures.ts"
import { blockDTypeOf, checkReadable, fromGgufOrder, inHalves, readGgufNumbers } from "./gguf-numbers.ts"
import { checkFit } from "./load-parameters.ts"
import type { StoredBlocks, StoredModel } from "./stored-model.ts"

/**
 * Opens a GGUF file of an architecture that is known here. Its tensors may be F32, F16, BF16, Q8_0 or Q4_0.
 *
 * @throws FILE_UNREADABLE, CHECKPOINT_DAMAGED, FAMILY_UNKNOWN, CONFIG_INVALID, CHECKPOINT_MISMATCH
 */
export async function openGgufModel(path: string): Promise<StoredModel> {
  const file = await GgufFile.open(path)
  try {
    return await modelOf(file)
  } catch (error) {
    await file.close()
    throw error
  }
}

async function modelOf(file: GgufFile): Promise<StoredModel> {
  const architecture = ggufArchitectureOf(file)
  const { family } = architecture
  const config = await configOf(file, architecture)
  const specs = family.parameterSpecs(config)
  const find = architecture.places(config)
  const places = new Map(specs.map(({ path }) => [path, find(path)]))
  checkTensors(file, specs, places, architecture, config)
  const shapes = new Map(specs.map(({ path, shape }) => [path, shape]))
  const placeOf = (path: string) => places.get(path) as GgufPlace
  return {
    family,
    config,
    generation: {},
    notices: [],
    parameters: {
      specs,
      count: countParameters(specs),
      get: (path) => ({
        read: async () => {
          const { name, order } = placeOf(path)
          return fromGgufOrder(await readGgufNumbers(file, name), shapes.get(path) as readonly number[], order)
        },
      }),
    },
    blocks: new Map(
      specs.flatMap(({ path }) => {
        const blocks = blocksOf(file, placeOf(path))
        return blocks ? [[path, blocks]] : []
      }),
    ),
    close: () => file.close(),
  }
}

async function configOf(file: GgufFile, architecture: GgufArchitecture): Promise<ModelConfig> {
  const json = await architecture.configJson(file)
  const tie_word_embeddings = await isTied(file)
  return parseConfig(architecture.family, { ...json, tie_word_embeddings }, { where: file.path, unknownKeys: "keep" })
}

/** A file whose output matrix is the token table has it once, or, by older programs, twice. */
async function isTied(file: GgufFile): Promise<boolean> {
  const [table, output] = ["token_embd.weight", "output.weight"].map((name) => file.tensors.get(name))
  if (!output) return true
  if (!table || table.type !== output.type || table.shape.join() !== output.shape.join()) return false
  return Buffer.compare(await file.read(table.name), await file.read(output.name)) === 0
}

function checkTensors(
  file: GgufFile,
  specs: readonly ParameterSpec[],
  places: ReadonlyMap<string, GgufPlace>,
  { ignored }: GgufArchitecture,
  { tie_word_embeddings }: ModelConfig,
): void {
  const known = new Map([...places].map(([path, { name }]) => [name, path]))
  const isTiedCopy = (name: string) => name === "output.weight" && tie_word_embeddings === true
  const isNoParameter = (name: string) => ignored.some((pattern) => pattern.test(name)) || isTiedCopy(name)
  const unexpected = [...file.tensors.keys()].filter((name) => !known.has(name) && !isNoParameter(name))
  checkFit(specs, unexpected, file.path, "the metadata", (path, shape) => {
    const { name, order } = places.get(path) as GgufPlace
    const tensor = file.tensors.get(name)
    if (!tensor) return undefined
    const wanted = order === "transposed" && shape.length === 2 ? [...shape].reverse() : shape
    return { name, shape: tensor.shape, wanted }
  })
  for (const { name } of places.values()) checkReadable(file, name)
}

/** The blocks of a tensor as its state holds them, where it is a matrix in blocks. */
function blocksOf(file: GgufFile, { name, order }: GgufPlace): StoredBlocks | undefined {
  const { shape } = file.tensor(name)
  const dtype = blockDTypeOf(file.tensor(name))
  if (!dtype) return undefined
  return { dtype, shape, read: async () => inStateOrder(await file.read(name), shape[0], order) }
}

/** A state in blocks is always [outputs, inputs], as the file is, so that only the rows of heads are put in order. */
function inStateOrder(bytes: Uint8Array, rows: number, order: RowOrder): Uint8Array {
  return typeof order === "string" ? bytes : inHalves(bytes, rows, order.pairedHeadSize)
}
