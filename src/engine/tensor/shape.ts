/** Shapes: sizes known when a program is traced, of which one may be a bounded number of rows. */

/** A size that is fixed only when the program runs: any count from 0 to `maximum`. A program has at most one. */
export class Rows {
  readonly maximum: number
  constructor(maximum: number) {
    this.maximum = maximum
  }
  toString(): string {
    return `rows≤${this.maximum}`
  }
}

export type Dimension = number | Rows
export type Shape = readonly Dimension[]

/** A bounded dimension: planned for `maximum`, run with any count up to it. */
export function rows(maximum: number): Rows {
  return new Rows(maximum)
}

/** The size a dimension is planned for. */
export function maximumSize(dimension: Dimension): number {
  return typeof dimension === "number" ? dimension : dimension.maximum
}

export function sameDimension(left: Dimension, right: Dimension): boolean {
  return typeof left === "number" || typeof right === "number" ? left === right : left.maximum === right.maximum
}

export function sameShape(left: Shape, right: Shape): boolean {
  return left.length === right.length && left.every((dimension, axis) => sameDimension(dimension, right[axis]))
}

/** The sizes of `shape` when the program runs with `rowCount` rows. */
export function resolveShape(shape: Shape, rowCount: number): number[] {
  return shape.map((dimension) => (typeof dimension === "number" ? dimension : rowCount))
}

/** The sizes a program is planned for. */
export function maximumShape(shape: Shape): number[] {
  return shape.map(maximumSize)
}

/** Elements of a resolved shape. */
export function countElements(sizes: readonly number[]): number {
  return sizes.reduce((product, size) => product * size, 1)
}

/** Most elements that a tensor of this shape can have. */
export function maximumElements(shape: Shape): number {
  return countElements(maximumShape(shape))
}

/** The bounded dimension of a shape, if it has one. */
export function boundedDimension(shape: Shape): Rows | undefined {
  return shape.find((dimension) => dimension instanceof Rows) as Rows | undefined
}

/** `[rows≤512, 384]`, as error texts and prints show it. */
export function formatShape(shape: Shape): string {
  return `[${shape.map(String).join(", ")}]`
}

/**
 * The shape two shapes broadcast to, aligned at their last axes; undefined when they do not fit.
 * A size of 1 stretches to the other's.
 */
export function broadcastShapes(left: Shape, right: Shape): Shape | undefined {
  const rank = Math.max(left.length, right.length)
  const result: Dimension[] = []
  for (let axis = 0; axis < rank; axis++) {
    const a = left[left.length - rank + axis] ?? 1
    const b = right[right.length - rank + axis] ?? 1
    if (sameDimension(a, b)) result.push(a)
    else if (a === 1) result.push(b)
    else if (b === 1) result.push(a)
    else return undefined
  }
  return result
}
