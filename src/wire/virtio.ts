/*
 * The header that goes with a frame whose sender has left work to its receiver (virtio 1.2 §5.1.6; Linux
 * include/uapi/linux/virtio_net.h): a TAP or a packet socket has it before each frame. Numbers are little-endian.
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +---------------+---------------+-------------------------------+
 *   |     flags     |    GSO type   |   length of all the headers   |
 *   +---------------+---------------+-------------------------------+
 *   |     bytes of data a segment   |   where the checksum starts   |
 *   +-------------------------------+-------------------------------+
 *   |  where its field is, behind   |
 *   +-------------------------------+
 */

/** Bytes of the header. */
export const HEADER_LENGTH = 10

/** Flag: the field of the checksum has the sum of the pseudo header alone. */
export const NEEDS_CHECKSUM = 1
/** Flag: somebody has found the checksum right. */
export const DATA_VALID = 2

/** GSO types: a whole frame; TCP over IPv4, TCP over IPv6, UDP, to be cut into segments. */
export const [WHOLE, TCP_IPV4, TCP_IPV6, UDP] = [0, 1, 4, 5]
/** With a GSO type: TCP with ECN (RFC 3168). */
const WITH_ECN = 0x80

const [FLAGS, GSO_TYPE, HEADERS, SEGMENT_SIZE, CHECKSUM_START, CHECKSUM_OFFSET] = [0, 1, 2, 4, 6, 8]

/** NEEDS_CHECKSUM, DATA_VALID. */
export function flags(b: Uint8Array, at: number): number {
  return b[at + FLAGS]
}

/** WHOLE, TCP_IPV4, TCP_IPV6, UDP; others are reserved. */
export function gsoType(b: Uint8Array, at: number): number {
  return b[at + GSO_TYPE] & ~WITH_ECN
}

/** Bytes of data that a segment has at most. */
export function segmentSize(b: Uint8Array, at: number): number {
  return half(b, at + SEGMENT_SIZE)
}

/** Bytes of the frame before the first one that the checksum covers. */
export function checksumStart(b: Uint8Array, at: number): number {
  return half(b, at + CHECKSUM_START)
}

/** Bytes from there to the checksum's field. */
export function checksumOffset(b: Uint8Array, at: number): number {
  return half(b, at + CHECKSUM_OFFSET)
}

/** Takes NEEDS_CHECKSUM, DATA_VALID, both or none. */
export function setFlags(b: Uint8Array, at: number, value: number): void {
  b[at + FLAGS] = value
}

/** The frame is whole, and its checksum is what it is. */
export function clear(b: Uint8Array, at: number): void {
  b.fill(0, at, at + HEADER_LENGTH)
}

/** The same header for a frame in which `bytes` more stand before what is at its checksum's start, a VLAN tag. */
export function moveChecksum(b: Uint8Array, at: number, bytes: number): void {
  if (half(b, at + HEADERS) !== 0) setHalf(b, at + HEADERS, half(b, at + HEADERS) + bytes)
  if ((flags(b, at) & NEEDS_CHECKSUM) !== 0) setHalf(b, at + CHECKSUM_START, checksumStart(b, at) + bytes)
}

function half(b: Uint8Array, at: number): number {
  return b[at] | (b[at + 1] << 8)
}

function setHalf(b: Uint8Array, at: number, value: number): void {
  b[at] = value
  b[at + 1] = value >> 8
}
