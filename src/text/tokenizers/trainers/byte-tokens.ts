/** The tokens `<0x00>` to `<0xFF>` that spell, byte by byte, characters which have no token. */
export const BYTE_TOKENS: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
)
