/** Texts to ids alone: the pipeline and the post-processor in one. */
import { textFromBytes } from "./byte-text.ts"
import { IdBuffer } from "./id-buffer.ts"
import type { PieceScanner } from "./piece-scanners.ts"
import type { PostProcessor } from "./post-processors/index.ts"
import { SubwordSampler } from "./subword-sampler.ts"
import type { TextPipeline } from "./text-pipeline.ts"
import type { EncodeOptions } from "./tokenizer.ts"

export class IdEncoder {
  readonly #pipeline: TextPipeline
  readonly #postProcessor: PostProcessor | undefined
  /** The ids of the text at hand. */
  readonly #bare = new IdBuffer()

  constructor(pipeline: TextPipeline, postProcessor: PostProcessor | undefined) {
    this.#pipeline = pipeline
    this.#postProcessor = postProcessor
  }

  /** The ids of a text; `number` tells which of a batch it is, for each is sampled by a seed of its own. */
  list(input: string | Uint8Array, options: EncodeOptions, number = 0): number[] {
    const bare = this.#bare
    bare.clear()
    this.appendInput(input, options, number, bare)
    return bare.toList()
  }

  /** Appends the ids of a text to `ids`; `number` as for `list`. */
  appendInput(input: string | Uint8Array, options: EncodeOptions, number: number, ids: IdBuffer): void {
    if (typeof input === "string") this.append(input, false, options, number, ids)
    else this.append(textFromBytes(input), true, options, number, ids)
  }

  /** As `appendInput`, of a text as the pipeline reads it: see `TextReading.holdsBytes`. */
  append(text: string, holdsBytes: boolean, options: EncodeOptions, number: number, ids: IdBuffer): void {
    const first = ids.length
    const parsesSpecial = options.parseSpecialTokens ?? false
    this.#pipeline.appendIds(text, { parsesSpecial, holdsBytes, sampler: samplerOf(options, number) }, ids)
    const processor = this.#processorFor(options)
    if (!processor) return
    const bare = ids.toList(first)
    const parts = processor.processIds([bare])
    if (parts.length === 1 && parts[0] === bare) return
    ids.length = first
    for (const part of parts) ids.pushAll(part)
  }

  /** The scanner for `appendUnits`, where texts can be read as units; undefined where only `append` serves. */
  unitScanner(options: EncodeOptions): PieceScanner | undefined {
    if (options.sampling || this.#processorFor(options)) return undefined
    return this.#pipeline.unitScanner(options.parseSpecialTokens ?? false)
  }

  /** Appends the ids of the text between two places to `ids`; of `holdsBytes` see `TextReading`. */
  appendUnits(
    units: Uint16Array,
    from: number,
    to: number,
    scan: PieceScanner,
    holdsBytes: boolean,
    ids: IdBuffer,
  ): void {
    this.#pipeline.appendUnitIds(units, from, to, scan, holdsBytes, ids)
  }

  #processorFor({ addSpecialTokens = true }: EncodeOptions): PostProcessor | undefined {
    return addSpecialTokens ? this.#postProcessor : undefined
  }
}

/** What cuts text number `number` of a batch by chance, where that is asked for. */
export function samplerOf({ sampling }: EncodeOptions, number = 0): SubwordSampler | undefined {
  return sampling && new SubwordSampler({ ...sampling, seed: sampling.seed + number })
}
