/**
 * The Internet checksum (RFC 1071) and its incremental update (RFC 1624).
 *
 * A partial sum is a non-negative integer; `add` accumulates and leaves 16 bits, `finish` complements them. A
 * message with a right checksum in place sums to 0xffff, so `finish` gives 0.
 *
 * Numbers are exact up to 2^53, so no length that fits in memory loses a carry. Up to 64 KiB, one
 * datagram, the sum also stays a 32-bit integer, which is what makes the loop fast.
 */

/** Adds `length` bytes at `at` to the partial sum; an odd last byte counts as the high half (RFC 1071 §4.1). */
export function add(sum: number, b: Uint8Array, at: number, length: number): number {
  let from = at
  if ((at & 3) === 0 && length >= LEAST_BY_WORDS && length <= MOST_BY_WORDS && hasWords(b)) {
    from = at + (length & ~3)
    sum += sumOfWords(at >> 2, from >> 2)
  }
  const evenEnd = at + (length & ~1)
  for (let i = from; i < evenEnd; i += 2) sum += (b[i] << 8) | b[i + 1]
  if (length & 1) sum += b[evenEnd] << 8
  return fold(sum)
}

/** Below that single bytes are as fast; above, the sum of halves would not fit 32 bits. */
const [LEAST_BY_WORDS, MOST_BY_WORDS] = [8, 0x10000]
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** The memory that was asked about last, which is nearly always the same one, and its words. */
let known: Uint8Array = new Uint8Array(0)
let words: Uint32Array = new Uint32Array(0)

/** Whether the memory can be read by words, which are in `words` then. */
function hasWords(b: Uint8Array): boolean {
  return b === known || learn(b)
}

function learn(b: Uint8Array): boolean {
  if (!IS_LITTLE_ENDIAN || (b.byteOffset & 3) !== 0) return false
  words = new Uint32Array(b.buffer, b.byteOffset, b.length >> 2)
  known = b
  return true
}

function halves(word: number): number {
  return (word & 0xffff) + (word >>> 16)
}

/**
 * The sum of these words by halves. Its bytes are exchanged at the end, those of each half are not before: it is the
 * same (RFC 1071 §2 B).
 */
function sumOfWords(from: number, end: number): number {
  const view = words
  let sum = 0
  let i = from
  for (; i + 3 < end; i += 4) {
    sum = (sum + halves(view[i]) + halves(view[i + 1])) | 0
    sum = (sum + halves(view[i + 2]) + halves(view[i + 3])) | 0
  }
  for (; i < end; i++) sum = (sum + halves(view[i])) | 0
  sum = (sum & 0xffff) + (sum >>> 16)
  sum = (sum & 0xffff) + (sum >>> 16)
  return ((sum & 0xff) << 8) | (sum >>> 8)
}

/** Adds one 16-bit word to the partial sum. */
export function addWord(sum: number, word: number): number {
  return fold(sum + word)
}

/** End-around carry: the 16-bit one's complement sum (RFC 1071 §1). */
function fold(sum: number): number {
  while (sum > 0x7fffffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000)
  const once = (sum & 0xffff) + (sum >> 16)
  return (once & 0xffff) + (once >> 16)
}

/** The value that goes into the checksum field: the partial sum's complement, 16 bits. */
export function finish(sum: number): number {
  return ~fold(sum) & 0xffff
}

/** The checksum of `length` bytes, its own field included as it stands: 0 means it was right. */
export function compute(b: Uint8Array, at: number, length: number): number {
  return finish(add(0, b, at, length))
}

/**
 * The sum of TCP's and UDP's pseudo header (RFC 9293 §3.1, RFC 768): the two addresses as they stand at
 * `addressesAt` (source, then destination, 8 bytes), the protocol and the segment's length.
 */
export function pseudoHeader(b: Uint8Array, addressesAt: number, protocol: number, length: number): number {
  const source = ((b[addressesAt] + b[addressesAt + 2]) << 8) + b[addressesAt + 1] + b[addressesAt + 3]
  const destination =
    ((b[addressesAt + 4] + b[addressesAt + 6]) << 8) + b[addressesAt + 5] + b[addressesAt + 7]
  return fold(source + destination + protocol + length)
}

/**
 * The checksum after one 16-bit word changed from `was` to `becomes`: HC' = ~(~HC + ~m + m') (RFC 1624 eqn 3).
 * The older form of RFC 1141 (eqn 2) can give 0xffff where 0 is right.
 */
export function update(checksum: number, was: number, becomes: number): number {
  return finish((~checksum & 0xffff) + (~was & 0xffff) + becomes)
}

/** The same for a 32-bit field, an address for instance; both values as unsigned or signed 32-bit integers. */
export function update32(checksum: number, was: number, becomes: number): number {
  const half = update(checksum, was >>> 16, becomes >>> 16)
  return update(half, was & 0xffff, becomes & 0xffff)
}
