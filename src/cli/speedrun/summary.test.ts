import { expect, it } from "vitest"
import { countingNote } from "./summary.ts"

it("says when counting bytes predicts a text better than the model does", () => {
  const about = (bitsPerByte: number) =>
    countingNote({
      bitsPerByte,
      baselines: { ngramOrder: 6, ngramBitsPerByte: 2.5 } as never,
      text: { trainingBytes: 5900 } as never,
    })
  expect(about(3).join()).toMatch(/counting 6 bytes at a time predicts this text better.*5\.90 KB.*more text/)
  expect(about(2.4)).toEqual([])
})
