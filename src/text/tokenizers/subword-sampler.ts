/**
 * Subword regularisation: during training, a text is cut now one way and now another, so that a model learns from all
 * of them. Dropout for BPE: Provilkov, Emelianenko & Voita 2020, arXiv:1910.13267. Sampling for Unigram: Kudo 2018,
 * arXiv:1804.10959.
 */
import { GlossaError } from "../../errors.ts"

export interface SubwordSampling {
  /** The same seed and text give the same ids. A whole number. */
  readonly seed: number
  /** BPE: chance that a merge is passed over, 0 to 1. Default: the model's own, else 0.1. */
  readonly dropout?: number
  /** Unigram: exponent of the probabilities; the nearer to 0, the more varied. Above 0. Default 0.1. */
  readonly alpha?: number
}

/** The random numbers of one encoding. */
export class SubwordSampler {
  readonly dropout: number | undefined
  readonly alpha: number
  #state: number

  /** @throws TOKENIZER_OPTION_INVALID when a setting is outside its range */
  constructor({ seed, dropout, alpha = 0.1 }: SubwordSampling) {
    if (!Number.isSafeInteger(seed)) throw invalid("seed", "a whole number", seed)
    if (dropout !== undefined && !(dropout >= 0 && dropout <= 1))
      throw invalid("dropout", "a number from 0 to 1", dropout)
    if (!(alpha > 0 && Number.isFinite(alpha))) throw invalid("alpha", "a number above 0", alpha)
    this.dropout = dropout
    this.alpha = alpha
    this.#state = (Math.imul(seed | 0, 0x9e3779b1) ^ Math.floor(seed / 2 ** 32)) | 0
  }

  /** The next number from 0 (included) to 1 (not): 32 bits of the splitmix32 sequence. */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0
    let bits = this.#state
    bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad)
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97)
    return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32
  }
}

function invalid(option: string, wanted: string, came: unknown): GlossaError {
  return new GlossaError("TOKENIZER_OPTION_INVALID", { where: `sampling.${option}`, wanted, came: `${came}` })
}
