/** The weights of a model folder as one set of named tensors, whether they lie in one file or in shards. */
import { stat } from "node:fs/promises"
import { join } from "node:path"
import { z } from "zod"
import { GlossaError } from "../../errors.ts"
import { damaged } from "../../stored-file.ts"
import { readJson } from "./read-json.ts"
import { SafetensorsFile, type StoredTensor } from "./safetensors.ts"

export const WEIGHTS_FILE = "model.safetensors"
export const WEIGHTS_INDEX = "model.safetensors.index.json"
/** Files of other formats that a folder may hold instead, and are named when they are all there is. */
const OTHER_FORMATS = ["pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "flax_model.msgpack"]

const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) })

export class Checkpoint {
  /** The file that each tensor lies in. */
  private readonly places: ReadonlyMap<string, SafetensorsFile>

  private constructor(places: ReadonlyMap<string, SafetensorsFile>) {
    this.places = places
  }

  /**
   * Opens the weights of a folder: `model.safetensors`, or else the shards of `model.safetensors.index.json`.
   *
   * @throws CHECKPOINT_DAMAGED when there are none, a shard is missing, or a file is damaged
   */
  static async open(folder: string): Promise<Checkpoint> {
    if (await exists(join(folder, WEIGHTS_FILE))) {
      const file = await SafetensorsFile.open(join(folder, WEIGHTS_FILE))
      return new Checkpoint(new Map([...file.tensors.keys()].map((name) => [name, file])))
    }
    if (await exists(join(folder, WEIGHTS_INDEX))) return new Checkpoint(await openShards(folder))
    for (const name of OTHER_FORMATS)
      if (await exists(join(folder, name)))
        throw damaged(folder, `${WEIGHTS_FILE} or ${WEIGHTS_INDEX}`, name, "convert it to safetensors first")
    throw damaged(folder, `${WEIGHTS_FILE} or ${WEIGHTS_INDEX}`, "neither")
  }

  get names(): string[] {
    return [...this.places.keys()]
  }
  tensor(name: string): StoredTensor {
    return this.fileOf(name).tensor(name)
  }
  /** The numbers of a tensor as float32. */
  read(name: string): Promise<Float32Array> {
    return this.fileOf(name).read(name)
  }
  /** Whether two tensors are the same kind, shape and bits. */
  same(left: string, right: string): Promise<boolean> {
    return this.fileOf(left).same(left, this.fileOf(right), right)
  }
  async close(): Promise<void> {
    for (const file of new Set(this.places.values())) await file.close()
  }

  private fileOf(name: string): SafetensorsFile {
    const file = this.places.get(name)
    if (file) return file
    throw new GlossaError("CHECKPOINT_MISMATCH", { where: name, wanted: "a tensor of the checkpoint", came: "none" })
  }
}

async function openShards(folder: string): Promise<Map<string, SafetensorsFile>> {
  const indexPath = join(folder, WEIGHTS_INDEX)
  const parsed = indexSchema.safeParse(await readJson(indexPath))
  if (!parsed.success) throw damaged(indexPath, "a weight_map of tensor names to file names", "none")
  const files = new Map<string, SafetensorsFile>()
  const places = new Map<string, SafetensorsFile>()
  try {
    for (const [name, fileName] of Object.entries(parsed.data.weight_map)) {
      let file = files.get(fileName)
      if (!file) files.set(fileName, (file = await openShard(folder, fileName, indexPath)))
      if (!file.tensors.has(name)) throw damaged(file.path, `the tensor ${name}, as ${WEIGHTS_INDEX} says`, "none")
      places.set(name, file)
    }
    return places
  } catch (error) {
    for (const file of files.values()) await file.close()
    throw error
  }
}

/** A shard is a file of the folder itself; an index that leads elsewhere is not followed. */
async function openShard(folder: string, fileName: string, indexPath: string): Promise<SafetensorsFile> {
  if (!/^[^/\\]+\.safetensors$/.test(fileName))
    throw damaged(indexPath, "names of .safetensors files beside it", JSON.stringify(fileName).slice(0, 80))
  if (!(await exists(join(folder, fileName)))) throw damaged(folder, `the shard ${fileName}`, "no such file")
  return SafetensorsFile.open(join(folder, fileName))
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
