/**
 * An io_uring as JavaScript sees it: entries are written and completions read in mapped memory, and one system call
 * hands over and waits. Completions appear only in that call, so that nothing here has to be atomic.
 */
import { DeviceError, INTERRUPTED } from './native.js'
import type { Native } from './native.js'

/** Operations (enum io_uring_op). */
export const [OP_RECVMSG, OP_TIMEOUT, OP_CANCEL, OP_READ, OP_WRITE, OP_READ_MULTISHOT] = [
  10, 11, 14, 22, 23, 49,
]
/** Of a completion: more will come of the same entry. The number of the buffer is in the upper half. */
export const MORE = 2
/** No offset: the file has none. */
const NOWHERE = -1
/** Of a cancellation: whatever there is, all of it (IORING_ASYNC_CANCEL_ALL, _ANY). */
const ALL_OF_ANY = 1 | 4
/** All of one file, which is a place (IORING_ASYNC_CANCEL_ALL, _FD, _FD_FIXED). */
const ALL_OF_PLACE = 1 | 2 | 8
/** Flags of an entry (IOSQE_FIXED_FILE, IOSQE_BUFFER_SELECT), where the operation's word has them. */
const [FILE_IS_PLACE, TAKES_BUFFER] = [1 << 8, 1 << 13]
/** Of a receiving operation, where others have a priority: IORING_RECV_MULTISHOT. */
const RECEIVE_MULTISHOT = 1 << 1
const [TRY_AGAIN, BUSY] = [-11, -16]
/** Words of 32 bits. */
const [ENTRY_WORDS, COMPLETION_WORDS, BUFFER_WORDS] = [16, 4, 4]

/** What is asked of the kernel, and what has become of it. Files are places of the ring's table, addresses low and high word. */
export interface Ring {
  /** Puts a file, or none (-1), in this place. */
  setFile(place: number, fd: number): void
  /** Sends memory to a file; `kind` and `value` come back with what became of it. */
  write(file: number, low: number, high: number, length: number, kind: number, value: number): void
  /** Reads once, into memory. */
  read(file: number, low: number, high: number, length: number, kind: number, value: number): void
  /** Reads again and again, each time into a buffer of the group. */
  readAll(file: number, group: number, kind: number, value: number): void
  /** The same of a socket, as the message says that stands in memory (io_uring_prep_recvmsg_multishot). */
  receiveAll(
    file: number,
    group: number,
    messageLow: number,
    messageHigh: number,
    kind: number,
    value: number,
  ): void
  /** Comes back when the time is over that stands in memory, as two 64-bit integers, seconds and nanoseconds. */
  timeout(low: number, high: number, kind: number): void
  /** Ends all that was asked and has not come back yet, which then comes back with an error. */
  cancelAll(kind: number): void
  /** The same of one file. */
  cancel(file: number, kind: number): void
  /** Hands over what was asked, and sleeps until `wait` completions are there. */
  enter(wait: number): void
  /** Where in `words` the next completion is; -1 where none is left. It stays there until `enter`. */
  next(): number
  readonly words: Int32Array
}

/** Words of a completion, from its first one. */
export const [KIND, VALUE, RESULT, FLAGS] = [0, 1, 2, 3]

/** Buffers that reads of a group take, each by its number. */
export interface BufferRing {
  give(buffer: number, low: number, high: number, length: number): void
}

/** A ring of so many entries, with a table for so many files. Throws a system error where the kernel has none to give, or one that cannot read on. */
export function createRing(native: Native, size: number, files: number): Ring & { fd: number } {
  const { fd, ring, entries, offsets, knowsOperation } = native.setupRing(size, size * 4, OP_READ_MULTISHOT)
  if (knowsOperation === 0) {
    native.closeDescriptor(fd)
    throw Object.assign(new Error('io_uring has no multishot read: expected Linux 6.7 or later'), {
      code: 'ENOSYS',
    })
  }
  native.registerFiles(fd, files)
  const [, sqTail, sqMaskAt, sqArray, cqHead, cqTail, cqMaskAt, cqEntries] = offsets.map(
    (bytes) => bytes >> 2,
  )
  const count = offsets[8]
  const words = new Int32Array(ring)
  const entryWords = new Int32Array(entries)
  const [sqMask, cqMask] = [words[sqMaskAt], words[cqMaskAt]]
  for (let i = 0; i < count; i++) words[sqArray + i] = i
  let tail = words[sqTail]
  let pending = 0

  /** A free entry with operation, file, and what is to come back; of the others those that anybody sets are 0. */
  function entry(operation: number, file: number, ofKind: number, ofValue: number): number {
    if (pending === count) enter(0)
    const at = (tail & sqMask) * ENTRY_WORDS
    entryWords[at] = operation
    entryWords[at + 1] = file
    entryWords[at + 2] = NOWHERE
    entryWords[at + 3] = NOWHERE
    entryWords[at + 4] = 0
    entryWords[at + 5] = 0
    entryWords[at + 6] = 0
    entryWords[at + 7] = 0
    entryWords[at + 8] = ofKind
    entryWords[at + 9] = ofValue
    entryWords[at + 10] = 0
    tail = (tail + 1) | 0
    pending++
    return at
  }

  function transfer(
    operation: number,
    file: number,
    low: number,
    high: number,
    length: number,
    ofKind: number,
    ofValue: number,
  ): void {
    const at = entry(operation | FILE_IS_PLACE, file, ofKind, ofValue)
    entryWords[at + 4] = low
    entryWords[at + 5] = high
    entryWords[at + 6] = length
  }

  function readAll(file: number, group: number, ofKind: number, ofValue: number): void {
    const at = entry(OP_READ_MULTISHOT | FILE_IS_PLACE | TAKES_BUFFER, file, ofKind, ofValue)
    entryWords[at + 10] = group
  }

  function receiveAll(
    file: number,
    group: number,
    low: number,
    high: number,
    ofKind: number,
    ofValue: number,
  ): void {
    const at = entry(
      OP_RECVMSG | FILE_IS_PLACE | TAKES_BUFFER | (RECEIVE_MULTISHOT << 16),
      file,
      ofKind,
      ofValue,
    )
    entryWords[at + 2] = entryWords[at + 3] = 0
    entryWords[at + 4] = low
    entryWords[at + 5] = high
    entryWords[at + 6] = 1
    entryWords[at + 10] = group
  }

  function timeout(low: number, high: number, ofKind: number): void {
    const at = entry(OP_TIMEOUT, NOWHERE, ofKind, 0)
    entryWords[at + 2] = entryWords[at + 3] = 0 // no number of completions that would end it
    entryWords[at + 4] = low
    entryWords[at + 5] = high
    entryWords[at + 6] = 1
  }

  function cancelAll(ofKind: number): void {
    const at = entry(OP_CANCEL, NOWHERE, ofKind, 0)
    entryWords[at + 2] = entryWords[at + 3] = 0
    entryWords[at + 7] = ALL_OF_ANY
  }

  function cancel(file: number, ofKind: number): void {
    const at = entry(OP_CANCEL, file, ofKind, 0)
    entryWords[at + 2] = entryWords[at + 3] = 0
    entryWords[at + 7] = ALL_OF_PLACE
  }

  function enter(wait: number): void {
    words[sqTail] = tail
    const submitted = native.enterRing(fd, pending, wait)
    if (submitted >= 0) pending -= submitted
    else if (submitted !== INTERRUPTED && submitted !== TRY_AGAIN && submitted !== BUSY)
      throw new DeviceError(`io_uring_enter: error ${-submitted}`)
  }

  function next(): number {
    const head = words[cqHead]
    if (head === words[cqTail]) return -1
    words[cqHead] = (head + 1) | 0
    return cqEntries + (head & cqMask) * COMPLETION_WORDS
  }

  return {
    fd,
    setFile: (place, file) => native.updateFile(fd, place, file),
    write: (file, low, high, length, ofKind, ofValue) =>
      transfer(OP_WRITE, file, low, high, length, ofKind, ofValue),
    read: (file, low, high, length, ofKind, ofValue) =>
      transfer(OP_READ, file, low, high, length, ofKind, ofValue),
    readAll,
    receiveAll,
    timeout,
    cancelAll,
    cancel,
    enter,
    next,
    words,
  }
}

/** Buffers for a group of a ring, a power of two of them. */
export function createBufferRing(native: Native, ring: number, count: number, group: number): BufferRing {
  const memory = native.registerBuffers(ring, count, group)
  const [words, halves] = [new Int32Array(memory), new Uint16Array(memory)]
  let tail = 0
  return {
    give(buffer, low, high, length) {
      const at = (tail & (count - 1)) * BUFFER_WORDS
      words[at] = low
      words[at + 1] = high
      words[at + 2] = length
      halves[at * 2 + 6] = buffer
      tail = (tail + 1) & 0xffff
      halves[7] = tail // where the first buffer's reserved field is
    },
  }
}
