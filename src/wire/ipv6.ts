/*
 * IPv6 (RFC 8200): read for the line that is printed of it; a bridge carries it and looks no further, but for a length
 * where it cuts segments
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-------+---------------+---------------------------------------+
 *   |version| traffic class |              flow label               |
 *   +-------+---------------+-------+---------------+---------------+
 *   |        payload length         |  next header  |   hop limit   |
 *   +-------------------------------+---------------+---------------+
 *   |                       source, 16 bytes …                      |
 *   +---------------------------------------------------------------+
 *   |                    destination, 16 bytes …                    |
 *   +---------------------------------------------------------------+
 */
import { formatIpv4, ipv4At } from './address.js'
import { BAD_VERSION, OK, TRUNCATED } from './reason.js'

/** Bytes of the header, without extension headers. */
export const HEADER_LENGTH = 40

const PAYLOAD_LENGTH = 4
const NEXT_HEADER = 6
const HOP_LIMIT = 7
const SOURCE = 8
const DESTINATION = 24

const GROUPS = 8

/** The upper four bits of the first byte; 6 in what `check` has passed. */
export function version(b: Uint8Array, at: number): number {
  return b[at] >> 4
}

/** DSCP and ECN in one byte. */
export function trafficClass(b: Uint8Array, at: number): number {
  return ((b[at] & 0x0f) << 4) | (b[at + 1] >> 4)
}

/** 20 bits. */
export function flowLabel(b: Uint8Array, at: number): number {
  return ((b[at + 1] & 0x0f) << 16) | (b[at + 2] << 8) | b[at + 3]
}

/** Bytes after this header, extension headers included. */
export function payloadLength(b: Uint8Array, at: number): number {
  return (b[at + PAYLOAD_LENGTH] << 8) | b[at + PAYLOAD_LENGTH + 1]
}

/** Takes bytes after this header, extension headers included, 0 to 65535. */
export function setPayloadLength(b: Uint8Array, at: number, bytes: number): void {
  b[at + PAYLOAD_LENGTH] = bytes >> 8
  b[at + PAYLOAD_LENGTH + 1] = bytes
}

/** A protocol number, or that of an extension header. */
export function nextHeader(b: Uint8Array, at: number): number {
  return b[at + NEXT_HEADER]
}

/** Hops left, 0 to 255. */
export function hopLimit(b: Uint8Array, at: number): number {
  return b[at + HOP_LIMIT]
}

/** Where the source address stands. */
export function source(at: number): number {
  return at + SOURCE
}

/** Where the destination address stands. */
export function destination(at: number): number {
  return at + DESTINATION
}

/** Where the payload, or the first extension header, starts. */
export function payload(at: number): number {
  return at + HEADER_LENGTH
}

/**
 * OK, or why the datagram at `at` cannot be read; `end` is where the frame ends.
 *
 * Not checked: extension headers. So a jumbogram (RFC 2675) passes as one without payload.
 */
export function check(b: Uint8Array, at: number, end: number): number {
  if (at + HEADER_LENGTH > end) return TRUNCATED
  if (version(b, at) !== 6) return BAD_VERSION
  if (at + HEADER_LENGTH + payloadLength(b, at) > end) return TRUNCATED
  return OK
}

/**
 * The address at `at` in the one form of RFC 5952: lower case, no leading zeros, `::` for the longest run of
 * two or more zero groups, the first of equals. IPv4-mapped addresses end in a dotted quad (§5).
 */
export function formatAddress(b: Uint8Array, at: number): string {
  const groups = Array.from({ length: GROUPS }, (_, i) => (b[at + 2 * i] << 8) | b[at + 2 * i + 1])
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return `::ffff:${formatIpv4(ipv4At(b, at + 12))}`
  const { start, length } = longestZeroRun(groups)
  if (length < 2) return colons(groups)
  return `${colons(groups.slice(0, start))}::${colons(groups.slice(start + length))}`
}

function longestZeroRun(groups: number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 }
  let length = 0
  for (const [i, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0
    if (length > longest.length) longest = { start: i + 1 - length, length }
  }
  return longest
}

function colons(groups: number[]): string {
  return groups.map((group) => group.toString(16)).join(':')
}
