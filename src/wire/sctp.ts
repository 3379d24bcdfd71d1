/*
 * SCTP (RFC 9260 §3): a header, and chunks up to the end of the packet, each filled up to a multiple of four bytes
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-------------------------------+-------------------------------+
 *   |          source port          |       destination port        |
 *   +-------------------------------+-------------------------------+
 *   |                       verification tag                        |
 *   +---------------------------------------------------------------+
 *   |                  checksum, lowest byte first                  |
 *   +---------------+---------------+-------------------------------+
 *   |  chunk type   |  chunk flags  |         chunk length          |
 *   +---------------+---------------+-------------------------------+
 *   |                chunk value; INIT, INIT ACK: initiate tag …    |
 *   +---------------------------------------------------------------+
 *
 * `at` is the header's offset, `chunk` that of a chunk's type. A reader of one chunk stays in bounds when `hasChunk`
 * says yes.
 */
import { setIpv4At as setWord, ipv4At as word } from './address.js'
import * as crc32c from './crc32c.js'
import { BAD_LENGTH, OK, TRUNCATED } from './reason.js'

/** SCTP's number in IPv4's protocol field (RFC 9260 §9). */
export const PROTOCOL = 132
/** Bytes of the header that all chunks share. */
export const HEADER_LENGTH = 12
/** Bytes of a chunk's own header; its length counts them. */
export const CHUNK_HEADER_LENGTH = 4

/** Types of chunk (RFC 9260 §3.2). */
export const [DATA, INIT, INIT_ACK, SACK, HEARTBEAT, HEARTBEAT_ACK, ABORT, SHUTDOWN] = [
  0, 1, 2, 3, 4, 5, 6, 7,
]
/** The rest of them. */
export const [SHUTDOWN_ACK, ERROR, COOKIE_ECHO, COOKIE_ACK, SHUTDOWN_COMPLETE] = [8, 9, 10, 11, 14]

/** Flag of ABORT and SHUTDOWN COMPLETE: the verification tag is the receiver's own (RFC 9260 §8.5.1). */
export const T = 0x01

/** Type of chunk → its name, as iptables spells it (RFC 9260 §3.2; RFC 3758, 4820, 5061, 6525, 8260). */
export const CHUNK_NAMES: ReadonlyMap<number, string> = new Map([
  [DATA, 'DATA'],
  [INIT, 'INIT'],
  [INIT_ACK, 'INIT_ACK'],
  [SACK, 'SACK'],
  [HEARTBEAT, 'HEARTBEAT'],
  [HEARTBEAT_ACK, 'HEARTBEAT_ACK'],
  [ABORT, 'ABORT'],
  [SHUTDOWN, 'SHUTDOWN'],
  [SHUTDOWN_ACK, 'SHUTDOWN_ACK'],
  [ERROR, 'ERROR'],
  [COOKIE_ECHO, 'COOKIE_ECHO'],
  [COOKIE_ACK, 'COOKIE_ACK'],
  [12, 'ECN_ECNE'],
  [13, 'ECN_CWR'],
  [SHUTDOWN_COMPLETE, 'SHUTDOWN_COMPLETE'],
  [64, 'I_DATA'],
  [128, 'ASCONF_ACK'],
  [130, 'RE_CONFIG'],
  [132, 'PAD'],
  [192, 'FORWARD_TSN'],
  [193, 'ASCONF'],
  [194, 'I_FORWARD_TSN'],
])

const SOURCE_PORT = 0
const DESTINATION_PORT = 2
const VERIFICATION_TAG = 4
const CHECKSUM = 8
const CHUNK_FLAGS = 1
const CHUNK_LENGTH = 2
const INITIATE_TAG = 4
/** Bytes of INIT and INIT ACK without parameters (RFC 9260 §3.3.2). */
const INIT_LENGTH = 20

/** Port of the sender (RFC 9260 §3.1). */
export function sourcePort(b: Uint8Array, at: number): number {
  return (b[at + SOURCE_PORT] << 8) | b[at + SOURCE_PORT + 1]
}

/** Port of the receiver (RFC 9260 §3.1). */
export function destinationPort(b: Uint8Array, at: number): number {
  return (b[at + DESTINATION_PORT] << 8) | b[at + DESTINATION_PORT + 1]
}

/** What the receiver has asked to be told in its INIT or INIT ACK, unsigned; 0 with INIT (RFC 9260 §8.5). */
export function verificationTag(b: Uint8Array, at: number): number {
  return word(b, at + VERIFICATION_TAG)
}

/** CRC32c over the packet, 0 in its own place; unsigned (RFC 9260 §6.8). */
export function checksum(b: Uint8Array, at: number): number {
  const c = at + CHECKSUM
  return (b[c] | (b[c + 1] << 8) | (b[c + 2] << 16) | (b[c + 3] << 24)) >>> 0
}

/** Where the first chunk is, if there is one. */
export function firstChunk(at: number): number {
  return at + HEADER_LENGTH
}

/** Whether a chunk's own header lies in front of `end`, which is where the IP payload ends. */
export function hasChunk(chunk: number, end: number): boolean {
  return chunk + CHUNK_HEADER_LENGTH <= end
}

/** Where the one behind it is, if there is one: beyond padding. Never at the same place, even if it says length 0. */
export function nextChunk(b: Uint8Array, chunk: number): number {
  return chunk + Math.max((chunkLength(b, chunk) + 3) & ~3, CHUNK_HEADER_LENGTH)
}

/** DATA, INIT, … or another one up to 255. */
export function chunkType(b: Uint8Array, chunk: number): number {
  return b[chunk]
}

/** Bits whose meaning depends on the type. */
export function chunkFlags(b: Uint8Array, chunk: number): number {
  return b[chunk + CHUNK_FLAGS]
}

/** Bytes of the chunk without padding, 4 at least (RFC 9260 §3.2). */
export function chunkLength(b: Uint8Array, chunk: number): number {
  return (b[chunk + CHUNK_LENGTH] << 8) | b[chunk + CHUNK_LENGTH + 1]
}

/** Whether all that INIT and INIT ACK have without parameters lies in front of `end`, whatever the length says. */
export function hasInitiation(chunk: number, end: number): boolean {
  return chunk + INIT_LENGTH <= end
}

/** Of INIT and INIT ACK: the verification tag that their sender wants to see, unsigned (RFC 9260 §3.3.2). */
export function initiateTag(b: Uint8Array, chunk: number): number {
  return word(b, chunk + INITIATE_TAG)
}

/** Takes 0 to 65535. The checksum covers it: `fillChecksum` at the end. */
export function setSourcePort(b: Uint8Array, at: number, port: number): void {
  b[at + SOURCE_PORT] = port >> 8
  b[at + SOURCE_PORT + 1] = port
}

/** Takes 0 to 65535; the checksum is the caller's, as with the source port. */
export function setDestinationPort(b: Uint8Array, at: number, port: number): void {
  b[at + DESTINATION_PORT] = port >> 8
  b[at + DESTINATION_PORT + 1] = port
}

/** Takes 32 bits, unsigned or signed. */
export function setVerificationTag(b: Uint8Array, at: number, tag: number): void {
  setWord(b, at + VERIFICATION_TAG, tag)
}

/** Takes 32 bits as `fillChecksum` makes them. */
export function setChecksum(b: Uint8Array, at: number, value: number): void {
  const c = at + CHECKSUM
  b[c] = value
  b[c + 1] = value >>> 8
  b[c + 2] = value >>> 16
  b[c + 3] = value >>> 24
}

/**
 * OK, or why the header at `at` cannot be read; `end` is where the IP payload ends. Not checked: the checksum
 * (`checksumIsRight`), and the chunks (`checkChunk`), of which there should be one.
 */
export function check(_b: Uint8Array, at: number, end: number): number {
  return at + HEADER_LENGTH > end ? TRUNCATED : OK
}

/** OK, or why the chunk cannot be read. Its last one's padding may be missing (RFC 9260 §3.2). */
export function checkChunk(b: Uint8Array, chunk: number, end: number): number {
  if (!hasChunk(chunk, end)) return TRUNCATED
  if (chunkLength(b, chunk) < CHUNK_HEADER_LENGTH) return BAD_LENGTH
  return chunk + chunkLength(b, chunk) > end ? TRUNCATED : OK
}

const NO_CHECKSUM = new Uint8Array(4)

function computeChecksum(b: Uint8Array, at: number, end: number): number {
  const before = crc32c.add(crc32c.START, b, at, CHECKSUM)
  const across = crc32c.add(before, NO_CHECKSUM, 0, NO_CHECKSUM.length)
  return crc32c.finish(crc32c.add(across, b, at + HEADER_LENGTH, end - at - HEADER_LENGTH))
}

/** Whether the checksum agrees with the packet, which ends at `end`. */
export function checksumIsRight(b: Uint8Array, at: number, end: number): boolean {
  return checksum(b, at) === computeChecksum(b, at, end)
}

/** Computes and writes the checksum of the packet, which ends at `end`. */
export function fillChecksum(b: Uint8Array, at: number, end: number): void {
  setChecksum(b, at, computeChecksum(b, at, end))
}
