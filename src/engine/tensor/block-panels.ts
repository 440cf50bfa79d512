/**
 * How a matrix in blocks lies in the native executor's memory: the bytes of its rows, re-laid for kernels that compute
 * 16 outputs at once. All weights come first, `[panels][blocks]`, then all scales, `[panels][blocks][16]` float16. A
 * panel is 16 outputs; the weights of one of its blocks are
 *
 *   q8_0   8 groups of 16 outputs × 4 inputs: 512 bytes
 *   q4_0   4 groups of 16 outputs × 4 bytes, group g with inputs 4 g … low and 16 + 4 g … high, as in the rows: 256 bytes
 *
 * Only bytes move. Outputs beyond the last are zero. `native/kernels/block-panels.h` reads this.
 */
import { BLOCK_INPUTS, type BlockDType, blockBytes, PANEL_COLUMNS, storageBytes } from "./dtype.ts"

/** Re-lays the rows of a matrix `[outputs, inputs]`. */
export function toBlockPanels(rows: Uint8Array, [outputs, inputs]: readonly number[], dtype: BlockDType): Uint8Array {
  const panels = new Uint8Array(storageBytes(dtype, [outputs, inputs]))
  const target = new Uint16Array(panels.buffer)
  const source = halfWords(rows)
  forBlocks([outputs, inputs], dtype, (row, weights, scale, words) => {
    target[scale] = source[row]
    // A group's 4 inputs are two half words; the same ones of the next output follow.
    for (let word = 0; word < words; word++)
      target[weights + (word >> 1) * (2 * PANEL_COLUMNS) + (word & 1)] = source[row + 1 + word]
  })
  return panels
}

/** The rows that `toBlockPanels` re-laid. */
export function fromBlockPanels(
  panels: Uint8Array,
  [outputs, inputs]: readonly number[],
  dtype: BlockDType,
): Uint8Array {
  const rows = new Uint8Array(outputs * (inputs / BLOCK_INPUTS) * blockBytes(dtype))
  const target = new Uint16Array(rows.buffer)
  const source = halfWords(panels)
  forBlocks([outputs, inputs], dtype, (row, weights, scale, words) => {
    target[row] = source[scale]
    for (let word = 0; word < words; word++)
      target[row + 1 + word] = source[weights + (word >> 1) * (2 * PANEL_COLUMNS) + (word & 1)]
  })
  return rows
}

/** Visits each block with the half words at which its row form, its weights and its scale begin, and its count of them. */
function forBlocks(
  [outputs, inputs]: readonly number[],
  dtype: BlockDType,
  visit: (row: number, weights: number, scale: number, words: number) => void,
): void {
  const blocks = inputs / BLOCK_INPUTS
  const words = blockBytes(dtype) / 2 - 1
  const panelCount = Math.ceil(outputs / PANEL_COLUMNS)
  const scales = panelCount * blocks * words * PANEL_COLUMNS
  for (let output = 0; output < outputs; output++) {
    const lane = output % PANEL_COLUMNS
    const firstBlock = ((output - lane) / PANEL_COLUMNS) * blocks
    for (let block = 0; block < blocks; block++) {
      const row = (output * blocks + block) * (words + 1)
      const at = firstBlock + block
      visit(row, at * words * PANEL_COLUMNS + 2 * lane, scales + at * PANEL_COLUMNS + lane, words)
    }
  }
}

function halfWords(bytes: Uint8Array): Uint16Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice()
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2)
}
