/**
 * The general-purpose compressor a language model is held against: brotli at its best, which has also read the training
 * text. A compressor that says a text in n bits is a model that gives it probability 2⁻ⁿ, so the two compare directly.
 */
import { constants, createBrotliCompress } from "node:zlib"
import { GlossaError } from "../../errors.ts"
import { type DocumentBytes, documentList, joinDocuments, sampleDocuments } from "./documents.ts"

/** Brotli's bits per byte on held-out text, with and without the training text read before. */
export interface BrotliMeasurement {
  /** The figure to compare with: held-out text compressed after the training text. The lower of the two. */
  readonly bitsPerByte: number
  /** Held-out text compressed by itself. */
  readonly aloneBitsPerByte: number
  /** Held-out text compressed after `contextBytes` of training text. */
  readonly conditionalBitsPerByte: number
  /** Training text that brotli had read when it came to the held-out text, in bytes. */
  readonly contextBytes: number
}

export interface BrotliOptions {
  /** Most training text to read first, in bytes. Each 1 MB takes about 2.2 s on one core. Default 4,000,000. */
  readonly contextBytes?: number
}

const QUALITY = 11
const SMALLEST_WINDOW_BITS = 24
const LARGEST_WINDOW_BITS = 30

/**
 * Measures how many bits brotli needs for each byte of held-out text.
 *
 *   bits per byte = 8 · (bytes out for training + held-out − bytes out for training) / held-out bytes
 *
 * Quality 11, a window that holds everything (24 bits, more when needed), all sizes told beforehand. Both terms come
 * from one stream, flushed between the training and the held-out text. The training text is spread evenly over the
 * documents; the held-out documents follow one another, so brotli may learn from those it has already said, which the
 * model may not. That, the window and the quality make it the strongest brotli there is for so much reading; on the
 * prose of the default corpora (11.4 MB, 0.57 MB held out) it needs 2.21 bits per byte alone, 1.93 after 4 MB of
 * training text (9 s) and 1.83 after all of it (25 s).
 *
 * Compression runs on Node's worker pool: the calling thread stays free.
 *
 * @throws CORPUS_EMPTY when there is no held-out text
 * @paper  Alakuijala et al. 2018, "Brotli: A General-Purpose Data Compressor", doi:10.1145/3231935
 */
export async function brotliBitsPerByte(
  training: DocumentBytes,
  heldOut: DocumentBytes,
  options: BrotliOptions = {},
): Promise<BrotliMeasurement> {
  const heldOutText = joinDocuments(documentList(heldOut))
  if (heldOutText.length === 0) {
    throw new GlossaError("CORPUS_EMPTY", { where: "brotliBitsPerByte", wanted: "held-out text", came: "no bytes" })
  }
  const context = joinDocuments(sampleDocuments(documentList(training), options.contextBytes ?? 4_000_000))
  const nothing = new Uint8Array(0)
  const bitsOver = async (before: Uint8Array) => (8 * (await compressedBytes(before, heldOutText))) / heldOutText.length
  const aloneBitsPerByte = await bitsOver(nothing)
  const conditionalBitsPerByte = context.length === 0 ? aloneBitsPerByte : await bitsOver(context)
  return {
    bitsPerByte: Math.min(aloneBitsPerByte, conditionalBitsPerByte),
    aloneBitsPerByte,
    conditionalBitsPerByte,
    contextBytes: context.length,
  }
}

/** Bytes that brotli adds for `text` after it has said `context`. */
function compressedBytes(context: Uint8Array, text: Uint8Array): Promise<number> {
  const totalBytes = context.length + text.length
  const windowBits = Math.min(
    LARGEST_WINDOW_BITS,
    Math.max(SMALLEST_WINDOW_BITS, Math.ceil(Math.log2(totalBytes + 16))),
  )
  const stream = createBrotliCompress({
    params: {
      [constants.BROTLI_PARAM_QUALITY]: QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: windowBits,
      [constants.BROTLI_PARAM_LARGE_WINDOW]: windowBits > SMALLEST_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: Math.min(totalBytes, 2 ** 30),
    },
  })
  return new Promise((resolve, reject) => {
    let written = 0
    let writtenForContext = 0
    stream.on("data", (part: Buffer) => {
      written += part.length
    })
    stream.on("error", reject)
    stream.on("end", () => resolve(written - writtenForContext))
    if (context.length === 0) {
      stream.end(text)
      return
    }
    stream.write(context)
    stream.flush(() => {
      // The flushed bytes are pushed before this callback, but a reader gets them one turn later.
      setImmediate(() => {
        writtenForContext = written
        stream.end(text)
      })
    })
  })
}
