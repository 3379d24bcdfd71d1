/** Chunks of SCTP as bytes (RFC 9260 §3.3). */
import * as sctp from '../../src/wire/sctp.js'

const word = (value: number): number[] => [value >>> 24, value >>> 16, value >>> 8, value].map((x) => x & 255)

/** A chunk, filled up to whole words; `length` where it lies. */
export function chunk(
  type: number,
  { flags = 0, value = [], length }: { flags?: number; value?: readonly number[]; length?: number } = {},
): number[] {
  const said = length ?? sctp.CHUNK_HEADER_LENGTH + value.length
  const filling = new Array<number>((4 - (value.length % 4)) % 4).fill(0)
  return [type, flags, said >> 8, said & 255, ...value, ...filling]
}

/** INIT, or INIT ACK: a window of 64 KiB, ten streams each way, the first number 1. */
export function initiation(type: number, tag: number): number[] {
  return chunk(type, { value: [...word(tag), 0, 1, 0, 0, 0, 10, 0, 10, 0, 0, 0, 1] })
}

/** One of each kind that matters, some that do not, and some that are malformed. */
export const CHUNKS: ReadonlyArray<readonly number[]> = [
  chunk(sctp.DATA, { flags: 3, value: [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x61] }),
  initiation(sctp.INIT, 1),
  initiation(sctp.INIT_ACK, 2),
  chunk(sctp.SACK, { value: [0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0] }),
  chunk(sctp.HEARTBEAT, { value: [0, 1, 0, 8, 1, 2, 3, 4] }),
  chunk(sctp.HEARTBEAT_ACK, { value: [0, 1, 0, 8, 1, 2, 3, 4] }),
  chunk(sctp.ABORT),
  chunk(sctp.ABORT, { flags: sctp.T }),
  chunk(sctp.SHUTDOWN, { value: [0, 0, 0, 1] }),
  chunk(sctp.SHUTDOWN_ACK),
  chunk(sctp.ERROR, { value: [0, 3, 0, 8, 0, 0, 0, 1] }),
  chunk(sctp.COOKIE_ECHO, { value: [7, 7, 7, 7] }),
  chunk(sctp.COOKIE_ACK),
  chunk(sctp.SHUTDOWN_COMPLETE),
  chunk(sctp.SHUTDOWN_COMPLETE, { flags: sctp.T }),
  chunk(12, { value: [0, 0, 0, 1] }),
  chunk(192, { value: [0, 0, 0, 1] }),
  chunk(255),
  ...[0, 1, 2, 3, 5, 16, 20, 21, 1000, 65_535].flatMap((length) => [
    chunk(sctp.SHUTDOWN, { value: [0, 0, 0, 1], length }),
    chunk(sctp.INIT, { value: [0, 0, 0, 1], length }),
  ]),
  [sctp.COOKIE_ACK, 0, 0],
  [],
]
