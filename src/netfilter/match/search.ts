/** The search for a pattern of bytes in a packet. */

/** Bytes as they are, and with small letters made great as the kernel does it, which takes bytes for Latin-1. */
const AS_IT_IS = Uint8Array.from({ length: 256 }, (_, byte) => byte)
const TO_UPPER = AS_IT_IS.map((byte) => (isLower(byte) ? byte - 32 : byte))

function isLower(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0xdf && byte !== 0xf7)
}

/** Whether the pattern is in the bytes from `at` up to `end`, excluded. */
export type Search = (b: Uint8Array, at: number, end: number) => boolean

/** Prepares the search for a pattern of 1 to 255 bytes (Horspool: what is under its end says how far it can move). */
export function searchFor(pattern: Uint8Array, ignoreCase: boolean): Search {
  const fold = ignoreCase ? TO_UPPER : AS_IT_IS
  const wanted = pattern.map((byte) => fold[byte])
  const last = wanted.length - 1
  const shift = new Uint8Array(256).fill(wanted.length)
  for (let i = 0; i < last; i++) shift[wanted[i]] = last - i
  return (b, at, end) => {
    for (let under = at + last; under < end; under += shift[fold[b[under]]]) {
      let i = last
      while (i >= 0 && fold[b[under - last + i]] === wanted[i]) i--
      if (i < 0) return true
    }
    return false
  }
}
