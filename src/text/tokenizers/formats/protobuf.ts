/**
 * As much of Protocol Buffers' wire format as SentencePiece's files need: fields by number, as whole numbers, floats and
 * stretches of bytes.
 */
import { tokenizerInvalid } from "../parts.ts"

const textEncoder = new TextEncoder()

/** One field of a message. */
export type ProtobufField =
  | { readonly field: number; readonly kind: "varint"; readonly value: bigint }
  | { readonly field: number; readonly kind: "fixed32"; readonly value: number }
  | { readonly field: number; readonly kind: "fixed64"; readonly value: bigint }
  | { readonly field: number; readonly kind: "bytes"; readonly value: Uint8Array }

/**
 * The fields of a message, in the order of the bytes.
 *
 * @throws TOKENIZER_INVALID where the bytes are no message
 */
export function* readProtobuf(bytes: Uint8Array, where: string): Generator<ProtobufField> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const need = (count: number, what: string): number => {
    const start = at
    if (count > bytes.length - at)
      throw tokenizerInvalid(`${where}: byte ${at}`, `${what} of ${count} bytes`, `${bytes.length - at} bytes`)
    at += count
    return start
  }
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[need(1, "a number")]
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw tokenizerInvalid(`${where}: byte ${at}`, "a number of at most ten bytes", "a longer one")
  }
  while (at < bytes.length) {
    const place = at
    const tag = varint()
    const field = Number(tag >> 3n)
    const wire = Number(tag & 7n)
    if (field === 0 || field >= 2 ** 29)
      throw tokenizerInvalid(`${where}: byte ${place}`, "the number of a field", `${field}`)
    if (wire === 0) yield { field, kind: "varint", value: varint() }
    else if (wire === 1) yield { field, kind: "fixed64", value: view.getBigUint64(need(8, "a number"), true) }
    else if (wire === 5) yield { field, kind: "fixed32", value: view.getFloat32(need(4, "a number"), true) }
    else if (wire === 2) {
      const length = varint()
      if (length > BigInt(bytes.length))
        throw tokenizerInvalid(`${where}: byte ${place}`, `at most ${bytes.length - at} bytes`, `${length}`)
      const start = need(Number(length), "a field")
      yield { field, kind: "bytes", value: bytes.subarray(start, at) }
    } else throw tokenizerInvalid(`${where}: byte ${place}`, "a kind of field that is in use", `kind ${wire}`)
  }
}

/** Builds a message. */
export class ProtobufWriter {
  readonly #bytes: number[] = []
  readonly #parts: Uint8Array[] = []

  number(field: number, value: number | bigint): this {
    this.#varint(BigInt(field) << 3n)
    this.#varint(BigInt.asUintN(64, BigInt(value)))
    return this
  }

  float(field: number, value: number): this {
    this.#varint((BigInt(field) << 3n) | 5n)
    this.#bytes.push(...new Uint8Array(Float32Array.of(value).buffer))
    return this
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint((BigInt(field) << 3n) | 2n)
    this.#varint(BigInt(value.length))
    this.#flush()
    this.#parts.push(value)
    return this
  }

  text(field: number, value: string): this {
    return this.bytes(field, textEncoder.encode(value))
  }

  finish(): Uint8Array {
    this.#flush()
    return new Uint8Array(Buffer.concat(this.#parts))
  }

  #flush(): void {
    if (this.#bytes.length > 0) this.#parts.push(Uint8Array.from(this.#bytes.splice(0)))
  }

  #varint(value: bigint): void {
    let left = value
    for (; left >= 0x80n; left >>= 7n) this.#bytes.push(Number(left & 0x7fn) | 0x80)
    this.#bytes.push(Number(left))
  }
}
