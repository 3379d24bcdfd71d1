/*
 * UDP (RFC 768)
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-------------------------------+-------------------------------+
 *   |          source port          |       destination port        |
 *   +-------------------------------+-------------------------------+
 *   |            length             |           checksum            |
 *   +-------------------------------+-------------------------------+
 */
import * as checksums from './checksum.js'
import { BAD_LENGTH, OK, TRUNCATED } from './reason.js'

/** UDP's number in IPv4's protocol field (RFC 768). */
export const PROTOCOL = 17
/** Bytes of the header. */
export const HEADER_LENGTH = 8

const SOURCE_PORT = 0
const DESTINATION_PORT = 2
const LENGTH = 4
const CHECKSUM = 6

/** Port of the sender; 0 where no answer is wanted (RFC 768). */
export function sourcePort(b: Uint8Array, at: number): number {
  return (b[at + SOURCE_PORT] << 8) | b[at + SOURCE_PORT + 1]
}

/** Port of the receiver, 0 to 65535 (RFC 768). */
export function destinationPort(b: Uint8Array, at: number): number {
  return (b[at + DESTINATION_PORT] << 8) | b[at + DESTINATION_PORT + 1]
}

/** Bytes of header and payload together, 8 at least (RFC 768). */
export function length(b: Uint8Array, at: number): number {
  return (b[at + LENGTH] << 8) | b[at + LENGTH + 1]
}

/** Over the datagram and the pseudo header; 0 means the sender made none (RFC 768). */
export function checksum(b: Uint8Array, at: number): number {
  return (b[at + CHECKSUM] << 8) | b[at + CHECKSUM + 1]
}

/** Where the data start, behind the header. */
export function payload(at: number): number {
  return at + HEADER_LENGTH
}

/** Bytes of data, padding behind them not counted. */
export function payloadLength(b: Uint8Array, at: number): number {
  return length(b, at) - HEADER_LENGTH
}

/** Takes 0 to 65535. The checksum covers it: `updateChecksum`, or `fillChecksum` at the end. */
export function setSourcePort(b: Uint8Array, at: number, port: number): void {
  b[at + SOURCE_PORT] = port >> 8
  b[at + SOURCE_PORT + 1] = port
}

/** Takes 0 to 65535; the checksum is the caller's, as with the source port. */
export function setDestinationPort(b: Uint8Array, at: number, port: number): void {
  b[at + DESTINATION_PORT] = port >> 8
  b[at + DESTINATION_PORT + 1] = port
}

/** Takes bytes of header and payload together, 8 to 65535; the checksum covers them twice (RFC 768). */
export function setLength(b: Uint8Array, at: number, bytes: number): void {
  b[at + LENGTH] = bytes >> 8
  b[at + LENGTH + 1] = bytes
}

/** Takes 16 bits as `fillChecksum` makes them; 0 says that there is none. */
export function setChecksum(b: Uint8Array, at: number, value: number): void {
  b[at + CHECKSUM] = value >> 8
  b[at + CHECKSUM + 1] = value
}

/**
 * OK, or why the datagram at `at` cannot be read; `end` is where the IP payload ends. After OK every reader
 * stays below `end`. A payload shorter than the IP payload is legal: the rest is padding.
 *
 * Not checked: the checksum (it needs the IP header: `checksumIsRight`), and port 0, which RFC 768 allows
 * for a sender that wants no answer.
 */
export function check(b: Uint8Array, at: number, end: number): number {
  if (at + HEADER_LENGTH > end) return TRUNCATED
  if (length(b, at) < HEADER_LENGTH) return BAD_LENGTH
  if (at + length(b, at) > end) return TRUNCATED
  return OK
}

/** Whether the checksum agrees with the datagram; `addressesAt` is where IPv4's source address stands. */
export function checksumIsRight(b: Uint8Array, at: number, addressesAt: number): boolean {
  if (checksum(b, at) === 0) return true
  const bytes = length(b, at)
  const pseudo = checksums.pseudoHeader(b, addressesAt, PROTOCOL, bytes)
  return checksums.finish(checksums.add(pseudo, b, at, bytes)) === 0
}

/** Computes and writes the checksum over header and payload; a sum of 0 is sent as 0xffff (RFC 768). */
export function fillChecksum(b: Uint8Array, at: number, addressesAt: number): void {
  setChecksum(b, at, 0)
  const bytes = length(b, at)
  const pseudo = checksums.pseudoHeader(b, addressesAt, PROTOCOL, bytes)
  setChecksum(b, at, checksums.finish(checksums.add(pseudo, b, at, bytes)) || 0xffff)
}

/**
 * Keeps the checksum right after one word that it covers changed, a port for instance (RFC 1624). None stays
 * none, and 0 becomes 0xffff.
 */
export function updateChecksum(b: Uint8Array, at: number, was: number, becomes: number): void {
  const value = checksum(b, at)
  if (value !== 0) setChecksum(b, at, checksums.update(value, was, becomes) || 0xffff)
}

/** The same after 32 bits changed: an address of the pseudo header. */
export function updateChecksum32(b: Uint8Array, at: number, was: number, becomes: number): void {
  const value = checksum(b, at)
  if (value !== 0) setChecksum(b, at, checksums.update32(value, was, becomes) || 0xffff)
}
