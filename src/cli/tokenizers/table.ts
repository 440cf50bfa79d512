/** Cells in columns, for terminals. */

/** Lines of cells, as wide as each column needs; the last cell of a line may be of any length. */
export function table(
  rows: readonly (readonly string[])[],
  { isRightAligned = () => false }: { readonly isRightAligned?: (column: number) => boolean } = {},
): string[] {
  const widths: number[] = []
  for (const row of rows)
    for (const [column, cell] of row.entries())
      if (column < row.length - 1 || isRightAligned(column))
        widths[column] = Math.max(widths[column] ?? 0, columnsOf(cell))
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const space = " ".repeat(Math.max(0, (widths[column] ?? 0) - columnsOf(cell)))
        return isRightAligned(column) ? space + cell : column < row.length - 1 ? cell + space : cell
      })
      .join("  ")
      .trimEnd(),
  )
}

/** Columns of a terminal that a text takes: two for East Asian characters and pictures, none for combining marks. */
function columnsOf(text: string): number {
  let columns = 0
  for (const character of text)
    columns += /\p{M}/u.test(character)
      ? 0
      : /\p{Script=Han}|\p{Script=Hangul}|[\u3040-\u30ff\uff01-\uff60]|\p{Emoji_Presentation}/u.test(character)
        ? 2
        : 1
  return columns
}
