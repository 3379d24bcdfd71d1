/**
 * Captured frames between the worker that carries them and the main thread: records one behind the other, in the
 * machine's own byte order, each a multiple of 8 bytes long.
 *
 *   | length of the record | kind | interface | bytes of the frame | bytes of the comment | 0 | time, a double | frame | comment |
 *
 * The comment of a frame that came in is known when its way has ended, and the records of the same frame where it left
 * stand behind it by then: they are moved.
 */
import type { Microseconds } from '../core/clock.js'

/** What a record is: the name of an interface, which its number has from now on; a frame that came in; one that left. */
export const [INTERFACE, IN, OUT] = [0, 1, 2]

/** Bytes before the frame. */
const HEADER = 32
const [LENGTH, KIND, NUMBER, FRAME, COMMENT] = [0, 1, 2, 3, 4]
const TIME = 3 // in doubles
/** Comments are cut here. */
const MOST_COMMENT = 4096

/** Room for the records of a frame that is flooded to all ports, each 64 KiB, and some more. */
export const RECORDS_ROOM = 8 << 20
/** Records are handed over when there are more of them than this. */
export const RECORDS_FULL = 1 << 18

/** A record that was read; `frame` is the name of an interface, too. */
export interface CaptureRecord {
  kind: number
  interface: number
  time: Microseconds
  frame: Uint8Array
  comment: string
}

/** Records that are being written. */
export interface RecordWriter {
  /** Bytes of all that were written since they were taken. */
  filled(): number
  /** Writes one without a comment: where it stands, or -1 where there is no room. */
  add(kind: number, number: number, time: Microseconds, from: Uint8Array, at: number, length: number): number
  /** Gives a comment to a record that stands there. */
  setComment(record: number, comment: string): void
  /** A copy of all, which are forgotten. */
  take(): ArrayBuffer
}

/** No records. */
export function createRecordWriter(): RecordWriter {
  const buffer = new ArrayBuffer(RECORDS_ROOM)
  const bytes = new Uint8Array(buffer)
  const words = new Int32Array(buffer)
  const doubles = new Float64Array(buffer)
  let end = 0

  function add(
    kind: number,
    number: number,
    time: Microseconds,
    from: Uint8Array,
    at: number,
    length: number,
  ): number {
    const size = HEADER + padded(length)
    if (end + size + MOST_COMMENT > RECORDS_ROOM) return -1
    const word = end >> 2
    words[word + LENGTH] = size
    words[word + KIND] = kind
    words[word + NUMBER] = number
    words[word + FRAME] = length
    words[word + COMMENT] = 0
    doubles[(end >> 3) + TIME] = time
    bytes.set(from.subarray(at, at + length), end + HEADER)
    end += size
    return end - size
  }

  function setComment(record: number, comment: string): void {
    const text = Buffer.from(comment).subarray(0, MOST_COMMENT)
    const word = record >> 2
    const behind = record + words[word + LENGTH]
    const more = padded(text.length)
    bytes.copyWithin(behind + more, behind, end)
    bytes.set(text, behind)
    words[word + LENGTH] += more
    words[word + COMMENT] = text.length
    end += more
  }

  function take(): ArrayBuffer {
    const taken = buffer.slice(0, end)
    end = 0
    return taken
  }

  return { filled: () => end, add, setComment, take }
}

/** Reads what `take` has returned. */
export function* readRecords(buffer: ArrayBuffer): Generator<CaptureRecord> {
  const words = new Int32Array(buffer)
  const doubles = new Float64Array(buffer)
  for (let at = 0; at < buffer.byteLength;) {
    const word = at >> 2
    const length = words[word + FRAME]
    const comment = words[word + COMMENT]
    const frameAt = at + HEADER
    yield {
      kind: words[word + KIND],
      interface: words[word + NUMBER],
      time: doubles[(at >> 3) + TIME],
      frame: new Uint8Array(buffer, frameAt, length),
      comment: comment === 0 ? '' : Buffer.from(buffer, frameAt + padded(length), comment).toString(),
    }
    at += words[word + LENGTH]
  }
}

function padded(length: number): number {
  return (length + 7) & ~7
}
