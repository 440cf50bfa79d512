/** The cache of pieces gives what was kept, whatever was thrown out meanwhile, and never the ids of another piece. */
import { expect, test } from "vitest"
import { IdBuffer } from "./id-buffer.ts"
import { type NewPiece, PieceCache } from "./piece-cache.ts"
import { textOfUnits, unitsOf } from "./text-units.ts"

/** Cuts after every space. */
const scan = (units: Uint16Array, from: number, end: number) => {
  const space = units.indexOf(0x20, from)
  return space < 0 || space >= end ? end : space + 1
}

/** Of a number: as many ids as its last digit says, all the number. */
const idsOf = (piece: string) => new Array<number>(Number(piece.trim()) % 10).fill(Number(piece))

test("more pieces than it holds", () => {
  const cache = new PieceCache()
  let asked = 0
  const encodeNew: NewPiece = (units, from, to, ids) => {
    asked += 1
    ids.pushAll(idsOf(textOfUnits(units, from, to)))
    return true
  }
  const encode = (pieces: readonly string[]) => {
    const ids = new IdBuffer()
    const units = unitsOf(pieces.join(""))
    cache.append(units, 0, units.length, scan, encodeNew, ids)
    expect(ids.toList()).toEqual(pieces.flatMap(idsOf))
  }
  const numbers = Array.from({ length: 200_000 }, (_, number) => `${number} `)
  encode(numbers)
  expect(asked).toBe(200_000)
  // The last ones are still there; the first are not.
  encode(numbers.slice(-60_000))
  expect(asked).toBe(200_000)
  encode(numbers.slice(0, 10))
  expect(asked).toBe(200_010)
})

test("long pieces of many ids, of which it holds fewer", () => {
  const cache = new PieceCache()
  const piece = (number: number) => `${number}`.padStart(60, "x")
  let asked = 0
  const encodeNew: NewPiece = (units, _, to, ids) => {
    asked += 1
    const number = Number(textOfUnits(units, to - 6, to).replace(/x+/, ""))
    for (let id = 0; id < 45; id++) ids.push(45 * number + id)
    return true
  }
  const encode = (from: number, to: number) => {
    const units = unitsOf(Array.from({ length: to - from }, (_, index) => `${piece(from + index)} `).join(""))
    const ids = new IdBuffer()
    cache.append(units, 0, units.length, scan, encodeNew, ids)
    expect(ids.length).toBe(45 * (to - from))
    expect(ids.view().findIndex((id, index) => id !== 45 * from + index)).toBe(-1)
  }
  encode(0, 60_000)
  expect(asked).toBe(60_000)
  encode(50_000, 60_000)
  expect(asked).toBe(60_000)
  encode(0, 100)
  expect(asked).toBe(60_100)
})

test("what may not be kept, and what is too long, is asked for again", () => {
  const cache = new PieceCache()
  const asked: string[] = []
  const encodeNew: NewPiece = (units, from, to, ids) => {
    const piece = textOfUnits(units, from, to)
    asked.push(piece)
    ids.push(piece.length)
    return piece !== "never "
  }
  const pieces = ["once ", "never ", `${"long".repeat(17)} `, "once ", "never ", `${"long".repeat(17)} `]
  const ids = new IdBuffer()
  cache.append(unitsOf(pieces.join("")), 0, pieces.join("").length, scan, encodeNew, ids)
  expect(asked).toEqual([...pieces.slice(0, 3), ...pieces.slice(4)])
  expect(ids.toList()).toEqual(pieces.map(({ length }) => length))
})
