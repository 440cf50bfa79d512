/**
 * Bits per byte: how many bits a model needs, on average, to say each byte of a text it has not seen. Unlike a loss
 * per token it can be compared between tokenizers, and with a compressor, because bytes are the same for all of them.
 */
import { GlossaError } from "../../errors.ts"

/** Nats in a bit: ln 2. */
const NATS_PER_BIT = Math.LN2

/**
 * Bits per byte of a text.
 *
 *   bits per byte = nats / ln 2 / bytes
 *
 * @param totalNats  the text's whole negative log-likelihood (a sum over tokens, not a mean); nats, ≥ 0
 * @param bytes      length of the same text in UTF-8; > 0
 * @throws INPUT_INVALID when there are no bytes or a number is not finite
 * @example bitsPerByte(Math.LN2 * 8, 1) // 8
 */
export function bitsPerByte(totalNats: number, bytes: number): number {
  if (!(bytes > 0 && Number.isFinite(bytes))) {
    throw new GlossaError("INPUT_INVALID", { where: "bitsPerByte bytes", wanted: "more than 0", came: String(bytes) })
  }
  if (!(totalNats >= 0 && Number.isFinite(totalNats))) {
    throw new GlossaError("INPUT_INVALID", {
      where: "bitsPerByte totalNats",
      wanted: "a finite sum of nats, 0 or more",
      came: String(totalNats),
    })
  }
  return totalNats / NATS_PER_BIT / bytes
}

/**
 * Bits per byte from a mean loss.
 *
 *   bits per byte = loss / ln 2 · tokens / bytes
 *
 * @param lossNats  mean loss, nats per counted token
 * @param tokens    tokens that the mean was taken over
 * @param bytes     bytes of text that those tokens spell; > 0
 * @throws INPUT_INVALID as `bitsPerByte`
 */
export function bitsPerByteOfLoss(lossNats: number, tokens: number, bytes: number): number {
  return bitsPerByte(lossNats * tokens, bytes)
}

/** Bits in so many nats. */
export function natsToBits(nats: number): number {
  return nats / NATS_PER_BIT
}

/** Nats in so many bits. */
export function bitsToNats(bits: number): number {
  return bits * NATS_PER_BIT
}

/** Perplexity per token of a mean loss in nats per token: the number of equally likely tokens it is as unsure as. */
export function perplexity(lossNats: number): number {
  return Math.exp(lossNats)
}
