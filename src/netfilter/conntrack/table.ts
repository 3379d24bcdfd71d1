/**
 * The table of connections: entries in one block of memory, found by the tuple of either direction through chains
 * that begin in `heads`. It has room for so many and no more. Entries whose time is over are not found any more;
 * their places are taken back when they are met, and by sweeping a few with each new connection.
 */
import type { Microseconds } from '../../core/clock.js'
import type { Memory } from '../../packet/memory.js'
import type { Packet } from '../packet.js'
import * as entries from './entry.js'
import { createPortIndex } from './port-index.js'
import type { PortIndex } from './port-index.js'
import { createSequenceAdjustments } from './sequence-adjustment.js'
import type { SequenceAdjustments } from './sequence-adjustment.js'
import { createSourceIndex } from './source-index.js'
import type { SourceIndex } from './source-index.js'
import { createTupleHash } from './tuple-hash.js'
import type { TupleHash } from './tuple-hash.js'
import * as zones from './zone.js'
import { isSameSide, sideOf } from './zone.js'

// An imported constant is loaded and checked at each use.
const { ASSURED, CONFIRMED, DESTINATION, DYING, ENTRY_WORDS, EXPIRES, HAS_HELPED, NEXT, ORIGINAL, PORTS } =
  entries
const { PROTOCOL, REPLY, SOURCE, SOURCE_DECIDED, STATUS, TUPLE_WORDS } = entries
const { ONE_SIDED } = zones

/** Entries that are looked at with each new one, for some whose time is over. */
const SWEPT_AT_ONCE = 8
/** Entries that are looked at for one to give up, when the table is full. */
const EARLY_DROP_RANGE = 64

/** The table. Entries are numbers (entry.ts), times microseconds. */
export interface ConnectionTable {
  /** The entries, and the same memory as doubles. */
  readonly words: Int32Array
  readonly doubles: Float64Array
  /** The first reference of each chain, by the number that `hash` gives to a tuple. */
  readonly heads: Int32Array
  readonly hash: TupleHash
  /** Entries by their sender: those whose source is decided. */
  readonly sources: SourceIndex
  /** Ports that are taken, where that was asked. */
  readonly ports: PortIndex
  /** What differs in the sequence numbers of entries that are SEQUENCE_ADJUSTED. */
  readonly adjustments: SequenceAdjustments
  /** Entries in use, those whose time is over included until they are met. */
  readonly count: number
  /** Entries given up before their time because the table was full. */
  readonly earlyDrops: number
  /**
   * The reference of the connection that a packet belongs to: the entry with its direction in the lowest bit; 0 for
   * none. `protocol` has the zone in its upper half.
   */
  find(source: number, destination: number, ports: number, protocol: number, now: Microseconds): number
  /** The same for a packet whose word PORTS this is: a time as an argument would be put on the heap. */
  findPacket(packet: Packet, ports: number): number
  /** Whether another connection has the tuple that the entry has in this direction. */
  isTaken(entry: number, direction: number, now: Microseconds): boolean
  /** An entry that is not found yet, all zero; 0 when none is free and none can be given up. */
  take(now: Microseconds): number
  /** Gives back an entry that was never inserted. */
  giveBack(entry: number): void
  /** From now on the entry is found by both its tuples. */
  insert(entry: number): void
  /** The connection is over. */
  remove(entry: number): void
  /** Takes back the places of all whose time is over. */
  clean(now: Microseconds): void
  /** Calls `each` with every entry whose time is not over. */
  forEach(now: Microseconds, each: (entry: number) => void): void
}

const chainBits = (most: number): number => Math.max(4, Math.ceil(Math.log2(most * 2)))
const entryBytes = (most: number): number => (most + 1) * ENTRY_WORDS * 4

/** Bytes that a table of this size reserves in a memory. */
export function tableBytes(most: number): number {
  const headBytes = 4 << chainBits(most)
  return entryBytes(most) + headBytes + 2 * CACHE_LINE
}

const CACHE_LINE = 64

/**
 * A table of at most `most` connections, in this memory if there is one. `onRemove` is called before one that was in
 * it goes; `forgetHelp` when an entry goes that a helper remembers something of.
 */
export function createTable(
  most: number,
  memory: Memory | null,
  onRemove: (entry: number) => void,
  forgetHelp: (entry: number) => void,
): ConnectionTable {
  const length = entryBytes(most)
  const block = memory === null ? new ArrayBuffer(length) : memory.bytes.buffer
  const from = memory === null ? 0 : memory.reserve(length)
  const words = new Int32Array(block, from, length / 4)
  const doubles = new Float64Array(block, from, length / 8)
  const bits = chainBits(most)
  const heads = memory === null ? new Int32Array(1 << bits) : memory.integers(1 << bits)
  const hash = createTupleHash(bits)
  const { home } = hash
  const sources = createSourceIndex(words, bits)
  const ports = createPortIndex(words, (each) => forEach(-Infinity, each))
  const free = new Int32Array(most)
  const limit = (most + 1) * ENTRY_WORDS
  let freeCount = most
  let earlyDrops = 0
  let sweepAt = ENTRY_WORDS
  for (let i = 0; i < most; i++) free[i] = (most - i) * ENTRY_WORDS

  function homeOf(entry: number, direction: number): number {
    const t = entry + direction * TUPLE_WORDS
    return home(
      words[t + SOURCE],
      words[t + DESTINATION],
      words[t + PORTS],
      sideOf(words[entry + PROTOCOL], direction),
    )
  }

  function isOver(entry: number, now: Microseconds): boolean {
    return doubles[(entry + EXPIRES) >> 1] <= now || (words[entry + STATUS] & DYING) !== 0
  }

  function find(
    source: number,
    destination: number,
    ports: number,
    protocol: number,
    now: Microseconds,
  ): number {
    const at = home(source, destination, ports, sideOf(protocol, ORIGINAL))
    const reference = search(at, source | 0, destination | 0, ports, protocol)
    if (reference === 0 && (protocol & ONE_SIDED) !== 0)
      return findBack(source | 0, destination | 0, ports, protocol, now)
    return reference !== 0 && isOver(reference & ~1, now) ? forget(reference) : reference
  }

  function findPacket(packet: Packet, ports: number): number {
    const { source, destination, zone } = packet
    if ((zone & ONE_SIDED) !== 0) return find(source, destination, ports, packet.protocol | zone, packet.now)
    const protocol = packet.protocol | zone
    const at = home(source, destination, ports, protocol)
    const reference = search(at, source | 0, destination | 0, ports, protocol)
    return reference !== 0 && isOver(reference & ~1, packet.now) ? forget(reference) : reference
  }

  /** Where the answers are in another zone, the packet may be one. */
  function findBack(
    source: number,
    destination: number,
    ports: number,
    protocol: number,
    now: Microseconds,
  ): number {
    const at = home(source, destination, ports, sideOf(protocol, REPLY))
    const reference = search(at, source, destination, ports, protocol)
    return reference !== 0 && isOver(reference & ~1, now) ? forget(reference) : reference
  }

  /** In the chain of this home, whether its time is over or not; addresses signed. */
  function search(at: number, source: number, destination: number, ports: number, protocol: number): number {
    let reference = heads[at]
    while (reference !== 0) {
      const entry = reference & ~1
      const direction = reference & 1
      const t = entry + direction * TUPLE_WORDS
      if (
        words[t + PORTS] === ports &&
        words[t + SOURCE] === source &&
        words[t + DESTINATION] === destination &&
        (words[entry + PROTOCOL] === protocol || isSameSide(words[entry + PROTOCOL], protocol, direction))
      )
        return reference
      reference = words[entry + NEXT + direction]
    }
    return 0
  }

  function isTaken(entry: number, direction: number, now: Microseconds): boolean {
    const t = entry + direction * TUPLE_WORDS
    const [source, destination, port] = [words[t + SOURCE], words[t + DESTINATION], words[t + PORTS]]
    const at = homeOf(entry, direction)
    const reference = search(at, source, destination, port, words[entry + PROTOCOL])
    if (reference === 0) return false
    if (!isOver(reference & ~1, now)) return true
    forget(reference)
    return false
  }

  /** The connection of this reference is over. */
  function forget(reference: number): number {
    remove(reference & ~1)
    return 0
  }

  function take(now: Microseconds): number {
    sweep(now, SWEPT_AT_ONCE)
    if (freeCount === 0 && !giveUpOne(now)) return 0
    return free[--freeCount]
  }

  function giveBack(entry: number): void {
    if ((words[entry + STATUS] & SOURCE_DECIDED) !== 0) sources.remove(entry)
    if ((words[entry + STATUS] & HAS_HELPED) !== 0) forgetHelp(entry)
    words.fill(0, entry, entry + ENTRY_WORDS)
    free[freeCount++] = entry
  }

  function insert(entry: number): void {
    words[entry + STATUS] |= CONFIRMED
    link(entry, ORIGINAL)
    link(entry, REPLY)
    ports.changed(entry, 1)
  }

  function link(entry: number, direction: number): void {
    const at = homeOf(entry, direction)
    words[entry + NEXT + direction] = heads[at]
    heads[at] = entry | direction
  }

  function remove(entry: number): void {
    onRemove(entry)
    ports.changed(entry, -1)
    unlink(entry, ORIGINAL)
    unlink(entry, REPLY)
    giveBack(entry)
  }

  function unlink(entry: number, direction: number): void {
    const own = entry | direction
    const at = homeOf(entry, direction)
    const next = words[entry + NEXT + direction]
    if (heads[at] === own) {
      heads[at] = next
      return
    }
    let reference = heads[at]
    while (words[(reference & ~1) + NEXT + (reference & 1)] !== own)
      reference = words[(reference & ~1) + NEXT + (reference & 1)]
    words[(reference & ~1) + NEXT + (reference & 1)] = next
  }

  /** Takes back places of connections that are over, of the next `count` entries. */
  function sweep(now: Microseconds, count: number): void {
    for (let i = 0; i < count; i++) {
      if ((words[sweepAt + STATUS] & CONFIRMED) !== 0 && isOver(sweepAt, now)) remove(sweepAt)
      sweepAt += ENTRY_WORDS
      if (sweepAt === limit) sweepAt = ENTRY_WORDS
    }
  }

  /** The table is full: a connection that is over goes, or one that nobody has relied on yet (early_drop). */
  function giveUpOne(now: Microseconds): boolean {
    for (let i = 0; i < EARLY_DROP_RANGE; i++) {
      const entry = sweepAt
      sweep(now, 1)
      if (freeCount > 0) return true
      if ((words[entry + STATUS] & (CONFIRMED | ASSURED)) !== CONFIRMED) continue
      earlyDrops++
      remove(entry)
      return true
    }
    return false
  }

  function forEach(now: Microseconds, each: (entry: number) => void): void {
    for (let entry = ENTRY_WORDS; entry < limit; entry += ENTRY_WORDS)
      if ((words[entry + STATUS] & CONFIRMED) !== 0 && !isOver(entry, now)) each(entry)
  }

  return {
    words,
    doubles,
    heads,
    hash,
    sources,
    ports,
    adjustments: createSequenceAdjustments(words),
    get count() {
      return most - freeCount
    },
    get earlyDrops() {
      return earlyDrops
    },
    find,
    findPacket,
    isTaken,
    take,
    giveBack,
    insert,
    remove,
    clean: (now: Microseconds) => sweep(now, most),
    forEach,
  }
}
