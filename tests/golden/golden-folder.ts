/** Reads a golden folder: a model as Hugging Face keeps it, and what PyTorch computed with it (golden_folder.py). */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { SafetensorsFile } from "../../src/models/index.ts"
import type { TrainingBatch } from "../../src/training/index.ts"

/** What the makers write now; files of another version are made anew, not converted. */
const MAGIC = "glossa-golden"
const VERSION = 1

/** expected.json, with PyTorch's keys. */
export interface Expected {
  readonly magic: string
  readonly version: number
  /** Lengths of the sequences that lie one after another in a batch. */
  readonly sequences: readonly number[]
  readonly optimizer: {
    readonly betas: readonly [number, number]
    readonly epsilon: number
    readonly weightDecay: number
    readonly maximumGradientNorm: number
  }
  /** Of the first batch. */
  readonly loss: number
  readonly steps: readonly { readonly loss: number; readonly gradientNorm: number; readonly learningRate: number }[]
  /** PyTorch's own bfloat16, and how far it is from its float32, as a share of the length of the float32 numbers. */
  readonly bf16: {
    readonly loss: number
    readonly logitsError: number
    readonly gradientErrors: Readonly<Record<string, number>>
    readonly steps: readonly { readonly loss: number; readonly gradientNorm: number }[]
  }
}

export interface Golden {
  readonly folder: string
  readonly expected: Expected
  /** The batches that the steps take turns with. */
  readonly batches: readonly TrainingBatch[]
  /** A tensor of expected.safetensors. */
  tensor(name: string): Float32Array
}

/** @throws Error saying how to make the files anew when they are missing, damaged or of another version */
export async function readGolden(parent: string, name: string): Promise<Golden> {
  const folder = join(parent, name)
  const remake = `make it anew: /usr/bin/python3 tests/golden/make_${name}.py`
  const text = await readFile(join(folder, "expected.json"), "utf8").catch((cause: unknown) => {
    throw new Error(`tests/golden/${name}/expected.json: cannot be read; ${remake}`, { cause })
  })
  const expected = parse(text, `tests/golden/${name}/expected.json: is not JSON; ${remake}`) as Expected
  const file = await SafetensorsFile.open(join(folder, "expected.safetensors"))
  try {
    const { magic, version } = file.metadata
    for (const [part, came] of [
      ["expected.json", `${expected.magic} ${expected.version}`],
      ["expected.safetensors", `${magic} ${version}`],
    ])
      if (came !== `${MAGIC} ${VERSION}`)
        throw new Error(`tests/golden/${name}/${part}: wanted ${MAGIC} ${VERSION}; came ${came}; ${remake}`)
    const tensors = new Map<string, Float32Array>()
    for (const tensor of file.tensors.keys()) tensors.set(tensor, await file.read(tensor))
    const read = (tensor: string): Float32Array => {
      const numbers = tensors.get(tensor)
      if (!numbers) throw new Error(`tests/golden/${name}/expected.safetensors: has no ${tensor}; ${remake}`)
      return numbers
    }
    return { folder, expected, batches: batchesOf(expected.sequences, read("tokens"), read("targets")), tensor: read }
  } finally {
    await file.close()
  }
}

function parse(text: string, fault: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Error(fault, { cause })
  }
}

function batchesOf(sequences: readonly number[], tokens: Float32Array, targets: Float32Array): TrainingBatch[] {
  const positions = sequences.flatMap((length) => Array.from({ length }, (_, place) => place))
  const rows = positions.length
  const sequenceStart = positions.map((position, row) => row - position)
  return Array.from({ length: tokens.length / rows }, (_, index) => ({
    tokens: Int32Array.from(tokens.subarray(index * rows, (index + 1) * rows)),
    targets: Int32Array.from(targets.subarray(index * rows, (index + 1) * rows)),
    positions: Int32Array.from(positions),
    sequenceStart: Int32Array.from(sequenceStart),
  }))
}

/** The largest difference of two lists of numbers; NaN counts as infinitely far. */
export function worstDifference(came: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (came.length !== wanted.length) return Number.POSITIVE_INFINITY
  let worst = 0
  for (let place = 0; place < came.length; place++) {
    const difference = Math.abs(came[place] - wanted[place])
    worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(worst, difference)
  }
  return worst
}

/** The length of the difference as a share of the length of what was wanted. */
export function relativeError(came: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let squares = 0
  let wantedSquares = 0
  for (let place = 0; place < wanted.length; place++) {
    squares += (came[place] - wanted[place]) ** 2
    wantedSquares += wanted[place] ** 2
  }
  return came.length === wanted.length ? Math.sqrt(squares / wantedSquares) : Number.POSITIVE_INFINITY
}
