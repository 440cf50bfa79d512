/** Natural order of names: runs of digits compare as numbers (`chapter_2` before `chapter_10`), all else by code unit. */

/** Compares two names for sorting; the same on every machine and in every locale. */
export function compareNatural(left: string, right: string): number {
  const leftParts = left.match(/\d+|\D+/g) ?? []
  const rightParts = right.match(/\d+|\D+/g) ?? []
  for (let index = 0; index < Math.min(leftParts.length, rightParts.length); index++) {
    const a = leftParts[index]
    const b = rightParts[index]
    if (a === b) continue
    if (/^\d/.test(a) && /^\d/.test(b)) {
      const difference = BigInt(a) - BigInt(b)
      if (difference !== 0n) return difference < 0n ? -1 : 1
    }
    return a < b ? -1 : 1
  }
  return leftParts.length - rightParts.length
}
