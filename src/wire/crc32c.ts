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
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 0 ? 0 : POLYNOMIAL)
  return crc
})

/** Goes on with `length` bytes at `at`. */
export function add(crc: number, b: Uint8Array, at: number, length: number): number {
  const table = TABLE
  const end = at + length
  let sum = crc | 0
  for (let i = at; i < end; i++) sum = table[(sum ^ b[i]) & 0xff] ^ (sum >>> 8)
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
