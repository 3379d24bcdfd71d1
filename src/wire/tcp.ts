/*
 * TCP (RFC 9293)
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-------------------------------+-------------------------------+
 *   |          source port          |       destination port        |
 *   +-------------------------------+-------------------------------+
 *   |                        sequence number                        |
 *   +---------------------------------------------------------------+
 *   |                     acknowledgment number                     |
 *   +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
 *   |  data |reser- |C|E|U|A|P|R|S|F|                               |
 *   | offset| ved   |W|C|R|C|S|S|Y|I|            window             |
 *   |       |       |R|E|G|K|H|T|N|N|                               |
 *   +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
 *   |           checksum            |        urgent pointer         |
 *   +-------------------------------+-------------------------------+
 *   |                  options, 0 to 40 bytes …                     |
 *   +---------------------------------------------------------------+
 */
import * as checksums from './checksum.js'
import { BAD_HEADER_LENGTH, OK, TRUNCATED } from './reason.js'

/** TCP's number in IPv4's protocol field (IANA, "Protocol Numbers"). */
export const PROTOCOL = 6
/** Bytes of the header without options. */
export const HEADER_LENGTH = 20

// The bits of `flags` (RFC 9293 §3.1; ECE and CWR RFC 3168 §6.1).
/** The sender has no more data. */
export const FIN = 0x01
/** Opens the connection; counts as one sequence number, as FIN does. */
export const SYN = 0x02
/** The connection is at an end, or was none. */
export const RST = 0x04
/** The receiver is to hand over what it has. */
export const PSH = 0x08
/** The acknowledgment number counts: in every segment of an open connection. */
export const ACK = 0x10
/** The urgent pointer counts. */
export const URG = 0x20
/** Congestion was met on the way here; with SYN, that ECN is understood. */
export const ECE = 0x40
/** The sender has slowed down for ECE. */
export const CWR = 0x80

const SOURCE_PORT = 0
const DESTINATION_PORT = 2
const SEQUENCE_NUMBER = 4
const ACKNOWLEDGMENT_NUMBER = 8
const DATA_OFFSET = 12
const FLAGS = 13
const WINDOW = 14
const CHECKSUM = 16
const URGENT_POINTER = 18

/** Port of the sender, 0 to 65535. */
export function sourcePort(b: Uint8Array, at: number): number {
  return (b[at + SOURCE_PORT] << 8) | b[at + SOURCE_PORT + 1]
}

/** Port of the receiver, 0 to 65535. */
export function destinationPort(b: Uint8Array, at: number): number {
  return (b[at + DESTINATION_PORT] << 8) | b[at + DESTINATION_PORT + 1]
}

/** That of the first byte of data, or of SYN; unsigned. */
export function sequenceNumber(b: Uint8Array, at: number): number {
  return word(b, at + SEQUENCE_NUMBER)
}

/** The sequence number that is expected next, unsigned; means nothing without ACK. */
export function acknowledgmentNumber(b: Uint8Array, at: number): number {
  return word(b, at + ACKNOWLEDGMENT_NUMBER)
}

/** Bytes of the header, options included: four times the field. */
export function dataOffset(b: Uint8Array, at: number): number {
  return (b[at + DATA_OFFSET] >> 4) << 2
}

/** All eight: CWR ECE URG ACK PSH RST SYN FIN. */
export function flags(b: Uint8Array, at: number): number {
  return b[at + FLAGS]
}

/** As it stands: in units of the window scale once that was agreed on (RFC 7323 §2.2). */
export function window(b: Uint8Array, at: number): number {
  return (b[at + WINDOW] << 8) | b[at + WINDOW + 1]
}

/** Over the segment and the pseudo header; not optional, 0 is a sum like any other. */
export function checksum(b: Uint8Array, at: number): number {
  return (b[at + CHECKSUM] << 8) | b[at + CHECKSUM + 1]
}

/** Bytes from the sequence number to the end of what is urgent; means nothing without URG. */
export function urgentPointer(b: Uint8Array, at: number): number {
  return (b[at + URGENT_POINTER] << 8) | b[at + URGENT_POINTER + 1]
}

/** Where the data start, behind all options. */
export function payload(b: Uint8Array, at: number): number {
  return at + dataOffset(b, at)
}

/** Takes 0 to 65535; the checksum is the caller's, as with all of these. */
export function setSourcePort(b: Uint8Array, at: number, port: number): void {
  b[at + SOURCE_PORT] = port >> 8
  b[at + SOURCE_PORT + 1] = port
}

/** Takes 0 to 65535. */
export function setDestinationPort(b: Uint8Array, at: number, port: number): void {
  b[at + DESTINATION_PORT] = port >> 8
  b[at + DESTINATION_PORT + 1] = port
}

/** Takes 32 bits, unsigned or signed. */
export function setSequenceNumber(b: Uint8Array, at: number, value: number): void {
  setWord(b, at + SEQUENCE_NUMBER, value)
}

/** Takes 32 bits, unsigned or signed; send ACK with it. */
export function setAcknowledgmentNumber(b: Uint8Array, at: number, value: number): void {
  setWord(b, at + ACKNOWLEDGMENT_NUMBER, value)
}

/** Takes bytes, a multiple of 4; the reserved bits become 0 ("must be zero in generated segments"). */
export function setDataOffset(b: Uint8Array, at: number, bytes: number): void {
  b[at + DATA_OFFSET] = bytes << 2
}

/** Takes all eight bits. */
export function setFlags(b: Uint8Array, at: number, bits: number): void {
  b[at + FLAGS] = bits
}

/** Takes 16 bits, scaled already where scaling was agreed on. */
export function setWindow(b: Uint8Array, at: number, value: number): void {
  b[at + WINDOW] = value >> 8
  b[at + WINDOW + 1] = value
}

/** Takes 16 bits as `fillChecksum` makes them. */
export function setChecksum(b: Uint8Array, at: number, value: number): void {
  b[at + CHECKSUM] = value >> 8
  b[at + CHECKSUM + 1] = value
}

/** Takes bytes, 0 to 65535; send URG with it. */
export function setUrgentPointer(b: Uint8Array, at: number, value: number): void {
  b[at + URGENT_POINTER] = value >> 8
  b[at + URGENT_POINTER + 1] = value
}

/**
 * OK, or why the segment at `at` cannot be read; `end` is where the IP payload ends, and with it the segment.
 *
 * Not checked: the checksum (it needs the IP header: `checksumIsRight`), options (tcp-option.ts; Linux reads
 * as far as they go and does not drop), the reserved bits ("must be ignored in received segments"), and
 * combinations of flags that no one should send.
 */
export function check(b: Uint8Array, at: number, end: number): number {
  if (at + HEADER_LENGTH > end) return TRUNCATED
  if (dataOffset(b, at) < HEADER_LENGTH) return BAD_HEADER_LENGTH
  if (at + dataOffset(b, at) > end) return TRUNCATED
  return OK
}

/** Whether the checksum agrees with the segment; `addressesAt` is where IPv4's source address stands. */
export function checksumIsRight(b: Uint8Array, at: number, end: number, addressesAt: number): boolean {
  const pseudo = checksums.pseudoHeader(b, addressesAt, PROTOCOL, end - at)
  return checksums.finish(checksums.add(pseudo, b, at, end - at)) === 0
}

/** Computes and writes the checksum over header and payload. */
export function fillChecksum(b: Uint8Array, at: number, end: number, addressesAt: number): void {
  setChecksum(b, at, 0)
  const pseudo = checksums.pseudoHeader(b, addressesAt, PROTOCOL, end - at)
  setChecksum(b, at, checksums.finish(checksums.add(pseudo, b, at, end - at)))
}

function word(b: Uint8Array, at: number): number {
  return ((b[at] << 24) | (b[at + 1] << 16) | (b[at + 2] << 8) | b[at + 3]) >>> 0
}

function setWord(b: Uint8Array, at: number, value: number): void {
  b[at] = value >>> 24
  b[at + 1] = value >>> 16
  b[at + 2] = value >>> 8
  b[at + 3] = value
}

/** The flags from the lowest bit up, as they are written. */
export const FLAG_NAMES: readonly string[] = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR']
