/**
 * CRC32c: the checksum of SCTP (RFC 9260 Appendix A, with Castagnoli's polynomial). Unlike the Internet checksum it
 * cannot be brought up to date after a change: it is made anew.
 *
 * A partial CRC is a signed 32-bit integer; `add` goes on from START, `finish` complements it.
 */

/** The CRC of nothing yet. */
export const START = -1

/** The polynomial 0x1edc6f41, its bits in reverse. */
const POLYNOMIAL = 0x82f63b78
/** What a byte makes of a CRC: with nothing behind it, and in the tables that follow with 1, 2, 3 zeroes behind it. */
const TABLES = new Int32Array(4 * 256)
for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 0 ? 0 : POLYNOMIAL)
  TABLES[byte] = crc
}
for (let i = 256; i < TABLES.length; i++) TABLES[i] = (TABLES[i - 256] >>> 8) ^ TABLES[TABLES[i - 256] & 0xff]

/** Goes on with `length` bytes at `at`; four at once, which takes a third of the time of one by one. */
export function add(crc: number, b: Uint8Array, at: number, length: number): number {
  const tables = TABLES
  const end = at + length
  const last = end - 3
  let sum = crc | 0
  let i = at
  for (; i < last; i += 4) {
    sum ^= b[i] | (b[i + 1] << 8) | (b[i + 2] << 16) | (b[i + 3] << 24)
    sum =
      tables[768 + (sum & 0xff)] ^
      tables[512 + ((sum >>> 8) & 0xff)] ^
      tables[256 + ((sum >>> 16) & 0xff)] ^
      tables[sum >>> 24]
  }
  for (; i < end; i++) sum = tables[(sum ^ b[i]) & 0xff] ^ (sum >>> 8)
  return sum
}

/** The value of the checksum, 32 bits unsigned: its lowest byte is sent first. */
export function finish(crc: number): number {
  return ~crc >>> 0
}

/** The CRC of these bytes. */
export function compute(b: Uint8Array, at: number, length: number): number {
  return finish(add(START, b, at, length))
}
