/*
 * TCP options (RFC 9293 §3.1, §3.2; RFC 7323: WS, TS; RFC 2018: SACK), in the form of option.ts
 *
 *   +---------------+---------------+-------------------------------+
 *   |     MSS 2     |   length 4    |         segment size          |
 *   +---------------+---------------+---------------+---------------+
 *   |     WS 3      |   length 3    |     shift     |
 *   +---------------+---------------+---------------+
 *   |   SACKOK 4    |   length 2    |
 *   +---------------+---------------+-------------------------------+
 *   |    SACK 5     |  length 8n+2  |  n times: left, right edge …  |
 *   +---------------+---------------+-------------------------------+
 *   |     TS 8      |   length 10   |      value, echo reply …      |
 *   +---------------+---------------+-------------------------------+
 *
 * `at` is the TCP header's offset, `option` that of the option's kind. A reader of one option stays in bounds
 * when `find` returned it, or `hasRightLength` says yes.
 */
import { ipv4At as word, setIpv4At as setWord } from './address.js'
import * as options from './option.js'
import { BAD_OPTION } from './reason.js'
import { HEADER_LENGTH, payload } from './tcp.js'

/** Ends the list (RFC 9293 §3.2). */
export const EOL = options.EOL
/** Fills up between options, mostly to 4 bytes. */
export const NOP = options.NOP
/** Maximum segment size, only with SYN (RFC 9293 §3.2). */
export const MSS = 2
/** Window scale, only with SYN (RFC 7323 §2.2). */
export const WS = 3
/** SACK permitted, only with SYN (RFC 2018 §2). */
export const SACKOK = 4
/** Selective acknowledgment: blocks received beyond a gap (RFC 2018 §3). */
export const SACK = 5
/** Timestamps, in every segment or in none (RFC 7323 §3.2). */
export const TS = 8

const SEGMENT_SIZE = 2
const SHIFT = 2
const VALUE = 2
const ECHO_REPLY = 6
const EDGES = 2
const BLOCK_LENGTH = 8

/** MSS, WS, SACKOK, SACK, TS, or another up to 255. */
export function kind(b: Uint8Array, option: number): number {
  return options.kind(b, option)
}

/** Bytes of the whole option. */
export function length(b: Uint8Array, option: number): number {
  return options.length(b, option)
}

/** Of MSS: bytes of data in a segment, without any header. */
export function segmentSize(b: Uint8Array, option: number): number {
  return (b[option + SEGMENT_SIZE] << 8) | b[option + SEGMENT_SIZE + 1]
}

/** Of WS: by how many bits the window is shifted. Above 14 it counts as 14 (RFC 7323 §2.3). */
export function shift(b: Uint8Array, option: number): number {
  return b[option + SHIFT]
}

/** Of TS: the sender's clock, unsigned. */
export function timestampValue(b: Uint8Array, option: number): number {
  return word(b, option + VALUE)
}

/** Of TS: the clock that the sender last heard from the other side, unsigned. */
export function timestampEchoReply(b: Uint8Array, option: number): number {
  return word(b, option + ECHO_REPLY)
}

/** Of SACK: how many blocks. */
export function blockCount(b: Uint8Array, option: number): number {
  return (length(b, option) - EDGES) >> 3
}

/** Of SACK: the first sequence number of block `n`, counted from 0; unsigned. */
export function leftEdge(b: Uint8Array, option: number, n: number): number {
  return word(b, option + EDGES + n * BLOCK_LENGTH)
}

/** Of SACK: the sequence number after the last one of block `n`; unsigned. */
export function rightEdge(b: Uint8Array, option: number, n: number): number {
  return word(b, option + EDGES + n * BLOCK_LENGTH + 4)
}

/** Of MSS; the segment's checksum is the caller's. */
export function setSegmentSize(b: Uint8Array, option: number, bytes: number): void {
  b[option + SEGMENT_SIZE] = bytes >> 8
  b[option + SEGMENT_SIZE + 1] = bytes
}

/** Of SACK: the first sequence number of block `n`, 32 bits, unsigned or signed. */
export function setLeftEdge(b: Uint8Array, option: number, n: number, value: number): void {
  setWord(b, option + EDGES + n * BLOCK_LENGTH, value)
}

/** Of SACK: the sequence number after the last one of block `n`. */
export function setRightEdge(b: Uint8Array, option: number, n: number, value: number): void {
  setWord(b, option + EDGES + n * BLOCK_LENGTH + 4, value)
}

/**
 * OK, or BAD_OPTION for an option that is not whole or whose length is not its kind's; the header itself has
 * been checked. No reason to drop a segment: Linux passes over such options.
 */
export function check(b: Uint8Array, at: number): number {
  for (let o = first(b, at); o !== -1; o = next(b, at, o)) if (!hasRightLength(b, o)) return BAD_OPTION
  return options.check(b, at + HEADER_LENGTH, payload(b, at))
}

/** Whether an option that the walk returned has the length of its kind; of an unknown kind any will do. */
export function hasRightLength(b: Uint8Array, option: number): boolean {
  const bytes = length(b, option)
  switch (kind(b, option)) {
    case MSS:
      return bytes === 4
    case WS:
      return bytes === 3
    case SACKOK:
      return bytes === 2
    case SACK:
      return bytes > EDGES && (bytes - EDGES) % BLOCK_LENGTH === 0
    case TS:
      return bytes === 10
    default:
      return true
  }
}

/** The offset of the first option, or -1 where there is none. */
export function first(b: Uint8Array, at: number): number {
  return options.first(b, at + HEADER_LENGTH, payload(b, at))
}

/** The offset of the option after `option`, or -1 at the end of the list, or where the next is not whole. */
export function next(b: Uint8Array, at: number, option: number): number {
  return options.next(b, option, payload(b, at))
}

/** The offset of the first option of this kind with the right length, or -1. */
export function find(b: Uint8Array, at: number, wanted: number): number {
  for (let o = first(b, at); o !== -1; o = next(b, at, o))
    if (kind(b, o) === wanted && hasRightLength(b, o)) return o
  return -1
}

/** Option kind → its name in printed frames (IANA, "TCP Parameters"). */
export const OPTION_NAMES: ReadonlyMap<number, string> = new Map([
  [EOL, 'EOL'],
  [NOP, 'NOP'],
  [MSS, 'MSS'],
  [WS, 'WS'],
  [SACKOK, 'SACKOK'],
  [SACK, 'SACK'],
  [TS, 'TS'],
  [19, 'MD5'],
  [28, 'UTO'],
  [29, 'AO'],
  [30, 'MPTCP'],
  [34, 'TFO'],
  [253, 'experiment-1'],
  [254, 'experiment-2'],
])
