/**
 * Frames on their way from one thread to another, in memory that both see: one writes, the other reads, and neither
 * waits for the other.
 *
 *   record | length, 4 bytes | 2 unused | frame … | up to a multiple of 4 |
 *
 * A frame starts at 2 mod 4, as in an arena, so that it is copied from there by whole words. A record lies in one piece;
 * where the rest of the ring is too short for it, -1 in place of a length says so.
 */

/** Where nothing can be written, or there is nothing to read. */
export const NOWHERE = -1
/** Bytes of a record before its frame. */
const BEFORE = 6
/** Bytes that records take, a power of two: a ring has room for a dozen of the longest frames. */
const SIZE = 1 << 20
/** Words of the two positions, each in a cache line of its own; they count bytes, and go round at 2^32. */
const [WRITTEN, READ] = [0, 16]
const HEADER_BYTES = 128
const NO_RECORD = -1

/** Bytes that a ring takes of the memory. */
export const RING_BYTES = HEADER_BYTES + SIZE

/** The ring as one of its two sides sees it; places are offsets in the memory. */
export interface FrameRing {
  /** Where a frame of this length can be written; NOWHERE where there is no room. Nobody reads it before `publish`. */
  claim(length: number): number
  /** What was claimed last has been written. */
  publish(): void
  /** The place of the next frame; NOWHERE where there is none. It stays there until `release`. */
  next(): number
  /** The length of the frame in this place. */
  lengthAt(place: number): number
  /** The frame that `next` told of has been read. */
  release(): void
}

/** The ring that begins at this offset of the memory, a multiple of 64; zeroed memory is an empty ring. */
export function createFrameRing(memory: SharedArrayBuffer, offset: number): FrameRing {
  const words = new Int32Array(memory, offset, RING_BYTES >> 2)
  const [size, none, noRecord, before] = [SIZE, NOWHERE, NO_RECORD, BEFORE]
  const base = HEADER_BYTES
  let claimed = 0
  let taken = 0

  const bytesOf = (length: number): number => (before + length + 3) & ~3

  function claim(length: number): number {
    const bytes = bytesOf(length)
    const written = words[WRITTEN]
    const at = written & (size - 1)
    const skipped = at + bytes > size ? size - at : 0
    if (((written - Atomics.load(words, READ)) | 0) + skipped + bytes > size) return none
    if (skipped > 0) words[(base + at) >> 2] = noRecord
    const record = base + (skipped > 0 ? 0 : at)
    words[record >> 2] = length
    claimed = skipped + bytes
    return offset + record + before
  }

  function publish(): void {
    Atomics.store(words, WRITTEN, (words[WRITTEN] + claimed) | 0)
  }

  function next(): number {
    const read = words[READ]
    if (Atomics.load(words, WRITTEN) === read) return none
    const at = read & (size - 1)
    const skipped = words[(base + at) >> 2] === noRecord ? size - at : 0
    const record = base + (skipped > 0 ? 0 : at)
    taken = skipped + bytesOf(words[record >> 2])
    return offset + record + before
  }

  function release(): void {
    Atomics.store(words, READ, (words[READ] + taken) | 0)
  }

  return { claim, publish, next, lengthAt: (place) => words[(place - offset - before) >> 2], release }
}
