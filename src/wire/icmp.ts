/*
 * ICMP (RFC 792; RFC 1191 for the MTU)
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +---------------+---------------+-------------------------------+
 *   |     type      |     code      |           checksum            |
 *   +---------------+---------------+-------------------------------+
 *   |          identifier           |           sequence            |    echo, timestamp
 *   |                            gateway                            |    redirect
 *   |            unused             |              MTU              |    fragmentation needed
 *   |    pointer    |                    unused                     |    parameter problem
 *   +---------------+-----------------------------------------------+
 *   |  errors: header and first bytes of the datagram at fault …    |
 *   +---------------------------------------------------------------+
 */
import { ipv4At, setIpv4At } from './address.js'
import * as checksums from './checksum.js'
import * as ipv4 from './ipv4.js'
import { OK, TRUNCATED } from './reason.js'

/** The protocol number in IPv4's protocol field. */
export const PROTOCOL = 1
/** Bytes of the header; every type has them. */
export const HEADER_LENGTH = 8

export const ECHO_REPLY = 0
export const DESTINATION_UNREACHABLE = 3
export const SOURCE_QUENCH = 4
export const REDIRECT = 5
export const ECHO_REQUEST = 8
export const TIME_EXCEEDED = 11
export const PARAMETER_PROBLEM = 12
export const TIMESTAMP_REQUEST = 13
export const TIMESTAMP_REPLY = 14

/** Codes of DESTINATION_UNREACHABLE. */
export const NETWORK_UNREACHABLE = 0
export const HOST_UNREACHABLE = 1
export const PROTOCOL_UNREACHABLE = 2
export const PORT_UNREACHABLE = 3
export const FRAGMENTATION_NEEDED = 4
export const NETWORK_PROHIBITED = 9
export const HOST_PROHIBITED = 10
export const COMMUNICATION_PROHIBITED = 13
/** Codes of TIME_EXCEEDED. */
export const TTL_EXCEEDED = 0
export const REASSEMBLY_EXCEEDED = 1

const TYPE = 0
const CODE = 1
const CHECKSUM = 2
const IDENTIFIER = 4
const SEQUENCE = 6
const GATEWAY = 4
const MTU = 6
const POINTER = 4

export function type(b: Uint8Array, at: number): number {
  return b[at + TYPE]
}

export function code(b: Uint8Array, at: number): number {
  return b[at + CODE]
}

/** Over the whole message; no pseudo header. */
export function checksum(b: Uint8Array, at: number): number {
  return (b[at + CHECKSUM] << 8) | b[at + CHECKSUM + 1]
}

/** Of echo, timestamp and their kin. */
export function identifier(b: Uint8Array, at: number): number {
  return (b[at + IDENTIFIER] << 8) | b[at + IDENTIFIER + 1]
}

/** The sequence number that goes with the identifier. */
export function sequence(b: Uint8Array, at: number): number {
  return (b[at + SEQUENCE] << 8) | b[at + SEQUENCE + 1]
}

/** Where a redirect sends the traffic: an IPv4 address, unsigned. */
export function gateway(b: Uint8Array, at: number): number {
  return ipv4At(b, at + GATEWAY)
}

/** Of the next hop, with FRAGMENTATION_NEEDED; 0 from routers older than RFC 1191. */
export function mtu(b: Uint8Array, at: number): number {
  return (b[at + MTU] << 8) | b[at + MTU + 1]
}

/** Which byte of the datagram a parameter problem is about. */
export function pointer(b: Uint8Array, at: number): number {
  return b[at + POINTER]
}

export function payload(at: number): number {
  return at + HEADER_LENGTH
}

/**
 * Where the datagram at fault stands in an error, from its IPv4 header on, which `ipv4.checkHeader` checks.
 * Behind that RFC 792 asks for eight bytes: ports, or an identifier, and no more.
 */
export function embedded(at: number): number {
  return at + HEADER_LENGTH
}

export function setType(b: Uint8Array, at: number, value: number): void {
  b[at + TYPE] = value
}

export function setCode(b: Uint8Array, at: number, value: number): void {
  b[at + CODE] = value
}

export function setChecksum(b: Uint8Array, at: number, value: number): void {
  b[at + CHECKSUM] = value >> 8
  b[at + CHECKSUM + 1] = value
}

export function setIdentifier(b: Uint8Array, at: number, value: number): void {
  b[at + IDENTIFIER] = value >> 8
  b[at + IDENTIFIER + 1] = value
}

export function setSequence(b: Uint8Array, at: number, value: number): void {
  b[at + SEQUENCE] = value >> 8
  b[at + SEQUENCE + 1] = value
}

export function setGateway(b: Uint8Array, at: number, address: number): void {
  setIpv4At(b, at + GATEWAY, address)
}

/** Writes the MTU and 0 into the unused bytes before it. */
export function setMtu(b: Uint8Array, at: number, bytes: number): void {
  setIpv4At(b, at + GATEWAY, bytes)
}

/** Writes the pointer and 0 into the unused bytes after it. */
export function setPointer(b: Uint8Array, at: number, value: number): void {
  setIpv4At(b, at + GATEWAY, value << 24)
}

/**
 * OK, or TRUNCATED for less than a header, or an error without an IPv4 header in it; `end` is where the IP
 * payload ends, and with it the message.
 *
 * Not checked: the checksum (`checksumIsRight`; a fragment has only a part of what it covers), type and
 * code (what is unknown is not answered, RFC 1122 §3.2.2), and what the embedded header says.
 */
export function check(b: Uint8Array, at: number, end: number): number {
  if (at + HEADER_LENGTH > end) return TRUNCATED
  if (isError(type(b, at)) && embedded(at) + ipv4.HEADER_LENGTH > end) return TRUNCATED
  return OK
}

/** Whether the checksum agrees with the message. */
export function checksumIsRight(b: Uint8Array, at: number, end: number): boolean {
  return checksums.compute(b, at, end - at) === 0
}

/** Computes and writes the checksum over the message. */
export function fillChecksum(b: Uint8Array, at: number, end: number): void {
  setChecksum(b, at, 0)
  setChecksum(b, at, checksums.compute(b, at, end - at))
}

/** Whether a message of this type carries a datagram at fault; no error is ever sent about one (RFC 1122 §3.2.2). */
export function isError(type: number): boolean {
  return (
    type === DESTINATION_UNREACHABLE ||
    type === SOURCE_QUENCH ||
    type === REDIRECT ||
    type === TIME_EXCEEDED ||
    type === PARAMETER_PROBLEM
  )
}
