/*
 * IPv4 (RFC 791)
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-------+-------+-----------+---+-------------------------------+
 *   |version|  IHL  |   DSCP    |ECN|         total length          |
 *   +-------+-------+-----------+---+-+-+-+-------------------------+
 *   |        identification         |0|D|M|     fragment offset     |
 *   +---------------+---------------+-+-+-+-------------------------+
 *   |      TTL      |   protocol    |        header checksum        |
 *   +---------------+---------------+-------------------------------+
 *   |                            source                             |
 *   +---------------------------------------------------------------+
 *   |                          destination                          |
 *   +---------------------------------------------------------------+
 *   |                  options, 0 to 40 bytes …                     |
 *   +---------------------------------------------------------------+
 *
 * RFC 791's type of service is DSCP (RFC 2474) and ECN (RFC 3168) since.
 */
import { ipv4At, setIpv4At } from './address.js'
import * as checksums from './checksum.js'
import { BAD_CHECKSUM, BAD_HEADER_LENGTH, BAD_LENGTH, BAD_VERSION, OK, TRUNCATED } from './reason.js'

/** Bytes of the header without options. */
export const HEADER_LENGTH = 20

const VERSION = 0
const TOS = 1
const TOTAL_LENGTH = 2
const IDENTIFICATION = 4
const FLAGS = 6
const FRAGMENT_OFFSET = 6
const TTL = 8
const PROTOCOL = 9
const CHECKSUM = 10
const SOURCE = 12
const DESTINATION = 16

/** Bits of `flags`: the datagram must not be cut; */
export const DONT_FRAGMENT = 0b010
/** more fragments follow. */
export const MORE_FRAGMENTS = 0b001

/** The upper four bits of the first byte; 4 in what `check` has passed. */
export function version(b: Uint8Array, at: number): number {
  return b[at + VERSION] >> 4
}

/** Bytes of the header, options included: four times the IHL. */
export function headerLength(b: Uint8Array, at: number): number {
  return (b[at + VERSION] & 0x0f) << 2
}

/** DSCP and ECN in one byte. */
export function tos(b: Uint8Array, at: number): number {
  return b[at + TOS]
}

/** How routers are to queue the datagram: 6 bits, 0 the default (RFC 2474 §3). */
export function dscp(b: Uint8Array, at: number): number {
  return b[at + TOS] >> 2
}

/** Congestion: 0 not capable, 1 and 2 capable, 3 experienced (RFC 3168 §5). */
export function ecn(b: Uint8Array, at: number): number {
  return b[at + TOS] & 0x03
}

/** Bytes of header and payload together. */
export function totalLength(b: Uint8Array, at: number): number {
  return (b[at + TOTAL_LENGTH] << 8) | b[at + TOTAL_LENGTH + 1]
}

/** 16 bits that the fragments of one datagram have in common; means nothing in others (RFC 6864 §4.1). */
export function identification(b: Uint8Array, at: number): number {
  return (b[at + IDENTIFICATION] << 8) | b[at + IDENTIFICATION + 1]
}

/** The three flags: 4 reserved, 2 don't fragment, 1 more fragments. */
export function flags(b: Uint8Array, at: number): number {
  return b[at + FLAGS] >> 5
}

/** Whether a router must drop the datagram, and say so by ICMP, rather than cut it. */
export function dontFragment(b: Uint8Array, at: number): boolean {
  return (flags(b, at) & DONT_FRAGMENT) !== 0
}

/** Whether other fragments belong behind this one; false in the last, and in a whole datagram. */
export function moreFragments(b: Uint8Array, at: number): boolean {
  return (flags(b, at) & MORE_FRAGMENTS) !== 0
}

/** Where this payload belongs in the whole datagram's, in bytes: eight times the field. */
export function fragmentOffset(b: Uint8Array, at: number): number {
  return ((b[at + FRAGMENT_OFFSET] & 0x1f) << 11) | (b[at + FRAGMENT_OFFSET + 1] << 3)
}

/** Hops left, 0 to 255, whatever RFC 791 says of seconds (RFC 1812 §5.3.1). */
export function ttl(b: Uint8Array, at: number): number {
  return b[at + TTL]
}

/** What the payload is, 0 to 255: `PROTOCOL` of icmp, tcp, udp; the others in PROTOCOL_NAMES. */
export function protocol(b: Uint8Array, at: number): number {
  return b[at + PROTOCOL]
}

/** 16 bits over the header alone, options included. */
export function checksum(b: Uint8Array, at: number): number {
  return (b[at + CHECKSUM] << 8) | b[at + CHECKSUM + 1]
}

/** The sender's address, unsigned. */
export function source(b: Uint8Array, at: number): number {
  return ipv4At(b, at + SOURCE)
}

/** The receiver's address, unsigned. */
export function destination(b: Uint8Array, at: number): number {
  return ipv4At(b, at + DESTINATION)
}

/** Where source and destination stand, which the checksums of TCP and UDP cover. */
export function addresses(at: number): number {
  return at + SOURCE
}

/** Where the payload starts, behind all options. */
export function payload(b: Uint8Array, at: number): number {
  return at + headerLength(b, at)
}

/** Bytes of payload, padding of the frame not counted. */
export function payloadLength(b: Uint8Array, at: number): number {
  return totalLength(b, at) - headerLength(b, at)
}

/** Takes 4 bits; the header length beside it stays. */
export function setVersion(b: Uint8Array, at: number, value: number): void {
  b[at + VERSION] = (b[at + VERSION] & 0x0f) | (value << 4)
}

/** Takes bytes, a multiple of 4. */
export function setHeaderLength(b: Uint8Array, at: number, bytes: number): void {
  b[at + VERSION] = (b[at + VERSION] & 0xf0) | (bytes >> 2)
}

/** Takes DSCP and ECN in one byte. */
export function setTos(b: Uint8Array, at: number, value: number): void {
  b[at + TOS] = value
}

/** Takes 6 bits, 0 to 63; ECN stays. */
export function setDscp(b: Uint8Array, at: number, value: number): void {
  b[at + TOS] = (b[at + TOS] & 0x03) | (value << 2)
}

/** Takes 2 bits, 0 to 3; DSCP stays. */
export function setEcn(b: Uint8Array, at: number, value: number): void {
  b[at + TOS] = (b[at + TOS] & 0xfc) | value
}

/** Takes bytes of header and payload together, 20 to 65535. */
export function setTotalLength(b: Uint8Array, at: number, bytes: number): void {
  b[at + TOTAL_LENGTH] = bytes >> 8
  b[at + TOTAL_LENGTH + 1] = bytes
}

/** Takes 16 bits. */
export function setIdentification(b: Uint8Array, at: number, value: number): void {
  b[at + IDENTIFICATION] = value >> 8
  b[at + IDENTIFICATION + 1] = value
}

/** Takes the three bits that `flags` returns. */
export function setFlags(b: Uint8Array, at: number, bits: number): void {
  b[at + FLAGS] = (b[at + FLAGS] & 0x1f) | (bits << 5)
}

/** Takes bytes, a multiple of 8. */
export function setFragmentOffset(b: Uint8Array, at: number, bytes: number): void {
  b[at + FRAGMENT_OFFSET] = (b[at + FRAGMENT_OFFSET] & 0xe0) | (bytes >> 11)
  b[at + FRAGMENT_OFFSET + 1] = bytes >> 3
}

/** Takes hops, 0 to 255; `replaceTtl` keeps the checksum right too. */
export function setTtl(b: Uint8Array, at: number, value: number): void {
  b[at + TTL] = value
}

/** Takes 0 to 255. */
export function setProtocol(b: Uint8Array, at: number, value: number): void {
  b[at + PROTOCOL] = value
}

/** Takes 16 bits as `fillChecksum` makes them. */
export function setChecksum(b: Uint8Array, at: number, value: number): void {
  b[at + CHECKSUM] = value >> 8
  b[at + CHECKSUM + 1] = value
}

/** Takes an address, unsigned or signed; `replaceSource` keeps the checksum right too. */
export function setSource(b: Uint8Array, at: number, address: number): void {
  setIpv4At(b, at + SOURCE, address)
}

/** Takes an address, unsigned or signed; `replaceDestination` keeps the checksum right too. */
export function setDestination(b: Uint8Array, at: number, address: number): void {
  setIpv4At(b, at + DESTINATION, address)
}

/**
 * OK, or why the datagram at `at` cannot be read; `end` is where the frame ends. After OK every reader and
 * the payload stay below `end`; what follows the total length is padding. The order is that of Linux, on a
 * bridge as on a host, because the first reason is the one that is counted.
 *
 * Not checked: options (ipv4-option.ts; a bridge forwards what a host would drop), the reserved flag (RFC
 * 791: "must be zero", and everybody lets it pass), TTL 0, which counts only where the datagram is routed,
 * and the addresses.
 */
export function check(b: Uint8Array, at: number, end: number): number {
  const reason = checkHeader(b, at, end)
  if (reason !== OK) return reason
  if (!checksumIsRight(b, at)) return BAD_CHECKSUM
  if (at + totalLength(b, at) > end) return TRUNCATED
  if (totalLength(b, at) < headerLength(b, at)) return BAD_LENGTH
  return OK
}

/**
 * OK when every reader is in bounds, though perhaps not the payload. For the datagram that an ICMP error
 * quotes: it is cut short on purpose, and its checksum may be older than its TTL.
 */
export function checkHeader(b: Uint8Array, at: number, end: number): number {
  if (at + HEADER_LENGTH > end) return TRUNCATED
  if (version(b, at) !== 4) return BAD_VERSION
  if (headerLength(b, at) < HEADER_LENGTH) return BAD_HEADER_LENGTH
  if (at + headerLength(b, at) > end) return TRUNCATED
  return OK
}

/** Whether the checksum agrees with the header. */
export function checksumIsRight(b: Uint8Array, at: number): boolean {
  return checksums.compute(b, at, headerLength(b, at)) === 0
}

/** Computes and writes the checksum over the header. */
export function fillChecksum(b: Uint8Array, at: number): void {
  setChecksum(b, at, 0)
  setChecksum(b, at, checksums.compute(b, at, headerLength(b, at)))
}

/** Changes the TTL and, by what it changed, the checksum: one that was wrong stays wrong (RFC 1624). */
export function replaceTtl(b: Uint8Array, at: number, value: number): void {
  const low = protocol(b, at) // the checksum counts TTL and protocol as one word
  setChecksum(b, at, checksums.update(checksum(b, at), (ttl(b, at) << 8) | low, (value << 8) | low))
  setTtl(b, at, value)
}

/** One hop less. Not at TTL 0: whoever routes has dropped it. */
export function decrementTtl(b: Uint8Array, at: number): void {
  replaceTtl(b, at, ttl(b, at) - 1)
}

/** Changes the source and the header's checksum. The checksum of TCP or UDP covers it too: the caller's. */
export function replaceSource(b: Uint8Array, at: number, address: number): void {
  setChecksum(b, at, checksums.update32(checksum(b, at), source(b, at), address))
  setSource(b, at, address)
}

/** Changes the destination and the header's checksum, as `replaceSource`. */
export function replaceDestination(b: Uint8Array, at: number, address: number): void {
  setChecksum(b, at, checksums.update32(checksum(b, at), destination(b, at), address))
  setDestination(b, at, address)
}

/** Whether this is a part of a datagram only. */
export function isFragment(b: Uint8Array, at: number): boolean {
  return moreFragments(b, at) || fragmentOffset(b, at) !== 0
}

/** Whether it is the fragment with the header of TCP or UDP; a whole datagram is none. */
export function isFirstFragment(b: Uint8Array, at: number): boolean {
  return moreFragments(b, at) && fragmentOffset(b, at) === 0
}
