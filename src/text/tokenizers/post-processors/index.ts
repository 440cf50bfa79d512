/** Post-processors: the special tokens put around a text's ids. */
import type { Part, PartDefinition } from "../parts.ts"
import { byteLevelPostProcessor } from "./byte-level.ts"
import { sequencePostProcessor } from "./sequence.ts"
import { templatePostProcessor } from "./template.ts"

/** Adds special tokens around the ids of one text. */
export interface PostProcessor extends Part {
  process(ids: number[]): number[]
}

/** Every post-processor that tokenizer.json may name, by type. */
export const POST_PROCESSORS: readonly PartDefinition<PostProcessor>[] = [
  byteLevelPostProcessor,
  sequencePostProcessor,
  templatePostProcessor,
]
