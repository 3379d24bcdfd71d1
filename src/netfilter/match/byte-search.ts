/** Finding bytes in bytes (Knuth, Morris, Pratt): in a time that no pattern and no packet can make long. */

/** Every byte is itself. */
export const UNFOLDED: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => byte)
/**
 * What the kernel's toupper makes of each byte: letters of Latin-1 too. Its table has ß and ÿ among the small
 * letters, which become what stands 32 before them.
 */
export const FOLDED: Uint8Array = UNFOLDED.map((byte) => (isSmall(byte) ? byte - 32 : byte))

function isSmall(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0xdf && byte !== 0xf7)
}

/** The search for a pattern, at least a byte long; bytes that fold to the same are the same. */
export function createSearch(
  pattern: Uint8Array,
  fold: Uint8Array,
): (b: Uint8Array, at: number, end: number) => boolean {
  const wanted = pattern.map((byte) => fold[byte])
  const fallback = fallbackOf(wanted)
  const { length } = wanted
  return (b, at, end) => {
    let matched = 0
    for (let i = at; i < end; i++) {
      const byte = fold[b[i]]
      while (matched > 0 && byte !== wanted[matched]) matched = fallback[matched - 1]
      if (byte === wanted[matched]) matched++
      if (matched === length) return true
    }
    return false
  }
}

/** For each end of the pattern: how long the longest beginning of it is that ends there too. */
function fallbackOf(pattern: Uint8Array): Uint8Array {
  const fallback = new Uint8Array(pattern.length)
  for (let i = 1, matched = 0; i < pattern.length; i++) {
    while (matched > 0 && pattern[i] !== pattern[matched]) matched = fallback[matched - 1]
    if (pattern[i] === pattern[matched]) matched++
    fallback[i] = matched
  }
  return fallback
}
