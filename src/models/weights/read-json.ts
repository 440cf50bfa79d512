/** Small JSON files of a model folder, in. */
import { readFile, stat } from "node:fs/promises"
import { GlossaError } from "../../errors.ts"
import { damaged } from "../../stored-file.ts"

/** No JSON file of a model folder that is read here comes near this. */
const LARGEST_JSON = 64 << 20

/**
 * @throws FILE_UNREADABLE when the file is missing or may not be read
 * @throws CHECKPOINT_DAMAGED when it is not JSON
 */
export async function readJson(path: string): Promise<unknown> {
  const text = await readText(path)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw damaged(path, "JSON", cause instanceof Error ? cause.message : String(cause))
  }
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > LARGEST_JSON) throw damaged(path, `at most ${LARGEST_JSON} bytes`, `${size}`)
    return await readFile(path, "utf8")
  } catch (cause) {
    if (cause instanceof GlossaError) throw cause
    throw new GlossaError("FILE_UNREADABLE", {
      where: path,
      wanted: "to read it",
      came: (cause as Error).message,
      cause,
    })
  }
}
