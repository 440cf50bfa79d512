/** The named values of a GGUF file, asked for by kind: a value of another kind is one clear error. */
import { damaged } from "../stored-file.ts"
import type { GgufArray, GgufValue } from "./values.ts"

export class GgufMetadata {
  /** Names the file in errors. */
  readonly where: string
  readonly values: ReadonlyMap<string, GgufValue>

  constructor(values: ReadonlyMap<string, GgufValue>, where: string) {
    this.values = values
    this.where = where
  }

  has(key: string): boolean {
    return this.values.has(key)
  }

  /** A text. @throws CHECKPOINT_DAMAGED when the value is of another kind */
  text(key: string): string | undefined {
    const value = this.values.get(key)
    if (value === undefined || value.type === "string") return value?.value
    throw this.wrong(key, "a text", value)
  }
  /** A truth value. @throws CHECKPOINT_DAMAGED when the value is of another kind */
  flag(key: string): boolean | undefined {
    const value = this.values.get(key)
    if (value === undefined || value.type === "bool") return value?.value
    throw this.wrong(key, "true or false", value)
  }
  /** A number of any kind. @throws CHECKPOINT_DAMAGED when the value is of another kind */
  number(key: string): number | undefined {
    const value = this.values.get(key)
    if (value === undefined) return undefined
    if (typeof value.value === "number" || typeof value.value === "bigint") return Number(value.value)
    throw this.wrong(key, "a number", value)
  }
  /** A whole number from 0 to 2⁵³ − 1. @throws CHECKPOINT_DAMAGED when the value is none */
  whole(key: string): number | undefined {
    const value = this.number(key)
    if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value
    throw damaged(`${this.where}: ${key}`, "a whole number", String(value))
  }
  /** A list of texts. @throws CHECKPOINT_DAMAGED when the value is of another kind */
  texts(key: string): readonly string[] | undefined {
    return this.array(key, "a list of texts", (value) =>
      value.items === "string" ? (value.value as readonly string[]) : undefined,
    )
  }
  /** A list of numbers that are no 64-bit ones. @throws CHECKPOINT_DAMAGED when the value is of another kind */
  numbers(key: string): ArrayLike<number> | undefined {
    return this.array(key, "a list of numbers", ({ value }) =>
      ArrayBuffer.isView(value) && !(value instanceof BigInt64Array || value instanceof BigUint64Array)
        ? value
        : undefined,
    )
  }

  private array<Items>(key: string, wanted: string, items: (value: GgufArray) => Items | undefined): Items | undefined {
    const value = this.values.get(key)
    if (value === undefined) return undefined
    const found = value.type === "array" ? items(value) : undefined
    if (found !== undefined) return found
    throw this.wrong(key, wanted, value)
  }
  private wrong(key: string, wanted: string, value: GgufValue) {
    const came = value.type === "array" ? `a list of ${value.items}` : value.type
    return damaged(`${this.where}: ${key}`, wanted, came)
  }
}
