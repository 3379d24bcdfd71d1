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

/** The protocol number in IPv4's protocol field. */
export const PROTOCOL = 17
/** Bytes of the header. */
export const HEADER_LENGTH = 8

const SOURCE_PORT = 0
const DESTINATION_PORT = 2
const LENGTH = 4
const CHECKSUM = 6

export function sourcePort(b: Uint8Array, at: number): number {
  return (b[at + SOURCE_PORT] << 8) | b[at + SOURCE_PORT + 1]
}

export function destinationPort(b: Uint8Array, at: number): number {
  return (b[at + DESTINATION_PORT] << 8) | b[at + DESTINATION_PORT + 1]
}

/** Bytes of header and payload together. */
export function length(b: Uint8Array, at: number): number {
  return (b[at + LENGTH] << 8) | b[at + LENGTH + 1]
}

/** 0 means the sender made none. */
export function checksum(b: Uint8Array, at: number): number {
  return (b[at + CHECKSUM] << 8) | b[at + CHECKSUM + 1]
}

export function payload(at: number): number {
  return at + HEADER_LENGTH
}

export function payloadLength(b: Uint8Array, at: number): number {
  return length(b, at) - HEADER_LENGTH
}

export function setSourcePort(b: Uint8Array, at: number, port: number): void {
  b[at + SOURCE_PORT] = port >> 8
  b[at + SOURCE_PORT + 1] = port
}

export function setDestinationPort(b: Uint8Array, at: number, port: number): void {
  b[at + DESTINATION_PORT] = port >> 8
  b[at + DESTINATION_PORT + 1] = port
}

export function setLength(b: Uint8Array, at: number, bytes: number): void {
  b[at + LENGTH] = bytes >> 8
  b[at + LENGTH + 1] = bytes
}

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
