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

/** ICMP's number in IPv4's protocol field (RFC 792). */
export const PROTOCOL = 1
/** Bytes of the header; every type has them. */
export const HEADER_LENGTH = 8

/** The answer to ECHO_REQUEST, with its identifier, sequence and data. */
export const ECHO_REPLY = 0
/** An error; its code says what of the destination. */
export const DESTINATION_UNREACHABLE = 3
/** An error: "send slower". Nobody is to send it any more (RFC 6633). */
export const SOURCE_QUENCH = 4
/** An error: another gateway on the same network is nearer. */
export const REDIRECT = 5
/** What ping sends. */
export const ECHO_REQUEST = 8
/** An error: the TTL ran out on the way, or the fragments did not all come in time. */
export const TIME_EXCEEDED = 11
/** An error: the header has a value that cannot be processed, at `pointer`. */
export const PARAMETER_PROBLEM = 12
/** Asks for the time: 12 bytes behind the header, milliseconds since midnight UT. */
export const TIMESTAMP_REQUEST = 13
/** The answer to TIMESTAMP_REQUEST. */
export const TIMESTAMP_REPLY = 14

// Codes of DESTINATION_UNREACHABLE (0-4 RFC 792; 9, 10 RFC 1122 §3.2.2.1; 13 RFC 1812 §5.2.7.1).
/** A router has no route. */
export const NETWORK_UNREACHABLE = 0
/** The last router gets no answer to its ARP requests. */
export const HOST_UNREACHABLE = 1
/** The host has nothing for this protocol. */
export const PROTOCOL_UNREACHABLE = 2
/** Nobody listens on the UDP port. */
export const PORT_UNREACHABLE = 3
/** The datagram is longer than the next link takes, `mtu`, and may not be cut. */
export const FRAGMENTATION_NEEDED = 4
/** A filter forbids the network. */
export const NETWORK_PROHIBITED = 9
/** A filter forbids the host. */
export const HOST_PROHIBITED = 10
/** A filter forbids the traffic, and says no more. */
export const COMMUNICATION_PROHIBITED = 13

// Codes of TIME_EXCEEDED (RFC 792).
/** The TTL ran out in a router: what traceroute lives on. */
export const TTL_EXCEEDED = 0
/** A fragment was still missing when the host gave up. */
export const REASSEMBLY_EXCEEDED = 1

const TYPE = 0
const CODE = 1
const CHECKSUM = 2
const IDENTIFIER = 4
const SEQUENCE = 6
const GATEWAY = 4
const MTU = 6
const POINTER = 4

/** What the message is, 0 to 255; names in TYPE_NAMES. */
export function type(b: Uint8Array, at: number): number {
  return b[at + TYPE]
}

/** What it is about more exactly, 0 to 255, by the type; names in CODE_NAMES. */
export function code(b: Uint8Array, at: number): number {
  return b[at + CODE]
}

/** 16 bits over the whole message; no pseudo header. */
export function checksum(b: Uint8Array, at: number): number {
  return (b[at + CHECKSUM] << 8) | b[at + CHECKSUM + 1]
}

/** Of echo, timestamp and their kin: 16 bits, one number per ping. */
export function identifier(b: Uint8Array, at: number): number {
  return (b[at + IDENTIFIER] << 8) | b[at + IDENTIFIER + 1]
}

/** 16 bits that go with the identifier and count the requests. */
export function sequence(b: Uint8Array, at: number): number {
  return (b[at + SEQUENCE] << 8) | b[at + SEQUENCE + 1]
}

/** Where a redirect sends the traffic: an IPv4 address, unsigned. */
export function gateway(b: Uint8Array, at: number): number {
  return ipv4At(b, at + GATEWAY)
}

/** Bytes the next hop takes, with FRAGMENTATION_NEEDED; 0 from routers older than RFC 1191 (§4). */
export function mtu(b: Uint8Array, at: number): number {
  return (b[at + MTU] << 8) | b[at + MTU + 1]
}

/** Which byte of the datagram a parameter problem is about, counted from 0. */
export function pointer(b: Uint8Array, at: number): number {
  return b[at + POINTER]
}

/** Where the data start: behind all eight bytes of the header. */
export function payload(at: number): number {
  return at + HEADER_LENGTH
}

/**
 * Where the datagram at fault stands in an error, from its IPv4 header on, which `ipv4.checkHeader` checks.
 * Behind that RFC 792 asks for eight bytes: ports, or an identifier, and no more.
 */
export function embedded(at: number): number {
  return payload(at)
}

/** Takes 0 to 255; the checksum is the caller's, as with all of these. */
export function setType(b: Uint8Array, at: number, value: number): void {
  b[at + TYPE] = value
}

/** Takes 0 to 255. */
export function setCode(b: Uint8Array, at: number, value: number): void {
  b[at + CODE] = value
}

/** Takes 16 bits as `fillChecksum` makes them. */
export function setChecksum(b: Uint8Array, at: number, value: number): void {
  b[at + CHECKSUM] = value >> 8
  b[at + CHECKSUM + 1] = value
}

/** Takes 16 bits. */
export function setIdentifier(b: Uint8Array, at: number, value: number): void {
  b[at + IDENTIFIER] = value >> 8
  b[at + IDENTIFIER + 1] = value
}

/** Takes 16 bits. */
export function setSequence(b: Uint8Array, at: number, value: number): void {
  b[at + SEQUENCE] = value >> 8
  b[at + SEQUENCE + 1] = value
}

/** Takes an IPv4 address, unsigned or signed. */
export function setGateway(b: Uint8Array, at: number, address: number): void {
  setIpv4At(b, at + GATEWAY, address)
}

/** Takes bytes, 0 to 65535; the unused bytes before them become 0. */
export function setMtu(b: Uint8Array, at: number, bytes: number): void {
  setIpv4At(b, at + GATEWAY, bytes)
}

/** Takes 0 to 255; the unused bytes after it become 0. */
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

/**
 * Whether a message of this type carries a datagram at fault; no error is ever sent about one (RFC 1122
 * §3.2.2).
 */
export function isError(type: number): boolean {
  return (
    type === DESTINATION_UNREACHABLE ||
    type === SOURCE_QUENCH ||
    type === REDIRECT ||
    type === TIME_EXCEEDED ||
    type === PARAMETER_PROBLEM
  )
}
