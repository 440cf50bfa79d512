/** Draws documents at random: by seed and number alone, so that the same ones are drawn however they are read. */

/** Whether the document of a number is drawn; `fraction` of all are, on average. */
export function sampler(fraction: number, seed: number): (index: number) => boolean {
  if (fraction >= 1) return () => true
  const key = mix(mix(seed >>> 0) ^ Math.floor(seed / 2 ** 32))
  return (index) => mix(mix(key ^ (index >>> 0)) ^ Math.floor(index / 2 ** 32)) / 2 ** 32 < fraction
}

/** Spreads the bits of a 32-bit number: the finalizer of MurmurHash3. */
function mix(bits: number): number {
  let hash = bits ^ (bits >>> 16)
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
