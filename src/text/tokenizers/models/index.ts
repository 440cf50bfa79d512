/** Models: how one piece becomes ids. */
import type { Part, PartDefinition } from "../parts.ts"
import { bpeModel } from "./bpe.ts"

/** Turns a piece, already spelled in the vocabulary's alphabet, into ids. */
export interface TokenizerModel extends Part {
  /** Every token and its id. */
  readonly vocabulary: ReadonlyMap<string, number>
  /** The ids of one piece. */
  tokenize(piece: string): number[]
}

/** Every model that tokenizer.json may name, by type. */
export const MODELS: readonly PartDefinition<TokenizerModel>[] = [bpeModel]
