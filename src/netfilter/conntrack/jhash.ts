/**
 * The hash by which the kernel picks an address from a range (jhash2; Bob Jenkins, lookup3.c, 2006): a client has
 * the same one each time, and so a replay has what the kernel gave.
 */

const rotated = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits))

/** As the words of a little-endian machine, which is what the kernel hashes. */
const swapped = (word: number): number =>
  (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)

/** The hash of an IPv4 address in the place of any (16 bytes), unsigned; `seed` in the order of the net too. */
export function hashAddress(address: number, seed: number): number {
  const begin = (0xdeadbeef + 16 + swapped(seed)) | 0
  let [a, b, c] = [(begin + swapped(address)) | 0, begin, begin]
  a = (a - c) ^ rotated(c, 4)
  c = (c + b) | 0
  b = (b - a) ^ rotated(a, 6)
  a = (a + c) | 0
  c = (c - b) ^ rotated(b, 8)
  b = (b + a) | 0
  a = (a - c) ^ rotated(c, 16)
  c = (c + b) | 0
  b = (b - a) ^ rotated(a, 19)
  a = (a + c) | 0
  c = (c - b) ^ rotated(b, 4)
  b = (b + a) | 0
  c = ((c ^ b) - rotated(b, 14)) | 0
  a = ((a ^ c) - rotated(c, 11)) | 0
  b = ((b ^ a) - rotated(a, 25)) | 0
  c = ((c ^ b) - rotated(b, 16)) | 0
  a = ((a ^ c) - rotated(c, 4)) | 0
  b = ((b ^ a) - rotated(a, 14)) | 0
  return ((c ^ b) - rotated(b, 24)) >>> 0
}
