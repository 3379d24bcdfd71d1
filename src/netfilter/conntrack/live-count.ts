/**
 * How many connections of a kind are alive, as nf_conncount of Linux 6.18.44 counts them: it keeps the tuples that
 * packets came with, and looks them up again. Those that are not found any more, and TCP's that are closed, leave the
 * list when it is looked through, once a jiffy and not all at once. A connection that is ASSURED is not added: it has
 * been, or the list is younger.
 */
import type { Microseconds } from '../../core/clock.js'
import * as tcp from '../../wire/tcp.js'
import { jiffiesAt } from '../match/jiffies.js'
import type { Packet } from '../packet.js'
import { ASSURED, CONFIRMED, DESTINATION, PORTS, PROTOCOL, SOURCE, STATUS, TCP_STATE } from './entry.js'
import type { ConnectionTable } from './table.js'
import { CLOSE, TIME_WAIT } from './tcp-states.js'
import { hasPorts, portsOf } from './tuple.js'

/** Tuples more than that leave a list at once, and its rest waits (CONNCOUNT_GC_MAX_COLLECT). */
const MOST_AT_ONCE = 64
/** Source, destination, ports, and protocol with zone. */
const WORDS = 4
/** Lists that are looked through with each new one, and from how many on: so that they do not pile up. */
const SWEPT_AT_ONCE = 8
const MANY_LISTS = 1024

/** The tuples under one key, one after another. */
interface List {
  tuples: Int32Array
  count: number
  /** The jiffy in which it was last looked through, and how many it had then. */
  cleaned: number
  left: number
}

/** Counts of connections under keys. */
export interface LiveCount {
  /** How many are alive under the key, the packet's among them from now on; 0 where it cannot be counted. */
  count(key: number, packet: Packet): number
  /** Keys that are remembered. */
  keys(): number
}

/** Counts connections of this table. */
export function createLiveCount(table: ConnectionTable): LiveCount {
  const { words } = table
  const lists = new Map<number, List>()
  let sweeping = lists.entries()
  /** The tuple of the packet at hand. */
  const tuple = new Int32Array(WORDS)

  /** The tuple that began the packet's connection; of a packet without one its own. Whether there is one. */
  function readTuple(packet: Packet): boolean {
    const { connection, bytes, l4, end, protocol } = packet
    if (connection !== 0) {
      tuple[0] = words[connection + SOURCE]
      tuple[1] = words[connection + DESTINATION]
      tuple[2] = words[connection + PORTS]
      tuple[3] = words[connection + PROTOCOL]
      return true
    }
    if (packet.fragmentOffset !== 0 || !hasPorts(protocol, bytes, l4, end)) return false
    tuple[0] = packet.source
    tuple[1] = packet.destination
    tuple[2] = portsOf(protocol, bytes, l4, end)
    tuple[3] = protocol | packet.zone
    return true
  }

  /** The connection of a tuple, 0 if it is not in the table. */
  function entryOf(tuples: Int32Array, at: number, now: Microseconds): number {
    return table.find(tuples[at], tuples[at + 1], tuples[at + 2], tuples[at + 3], now) & ~1
  }

  function isClosed(entry: number): boolean {
    if ((words[entry + PROTOCOL] & 0xff) !== tcp.PROTOCOL) return false
    const state = words[entry + TCP_STATE]
    return state === TIME_WAIT || state === CLOSE
  }

  const isOwn = (tuples: Int32Array, at: number): boolean =>
    tuples[at] === tuple[0] &&
    tuples[at + 1] === tuple[1] &&
    tuples[at + 2] === tuple[2] &&
    tuples[at + 3] === tuple[3]

  /**
   * Drops what is over. With `seeksOwn` it ends where it finds the tuple at hand: whether it did; and it ends at once
   * when enough are gone. Without, it goes on to the next that is alive.
   */
  function clean(list: List, now: Microseconds, seeksOwn: boolean): boolean {
    const { tuples } = list
    let kept = 0
    let gone = 0
    let hasOwn = false
    let read = 0
    for (; read < list.count && !hasOwn; read++) {
      if (seeksOwn && gone > MOST_AT_ONCE) break
      const entry = entryOf(tuples, read * WORDS, now)
      hasOwn = seeksOwn && entry !== 0 && isOwn(tuples, read * WORDS)
      if (!hasOwn && (entry === 0 || isClosed(entry))) {
        gone++
        continue
      }
      tuples.copyWithin(kept++ * WORDS, read * WORDS, (read + 1) * WORDS)
      if (!seeksOwn && gone > MOST_AT_ONCE) {
        read++
        break
      }
    }
    tuples.copyWithin(kept * WORDS, read * WORDS, list.count * WORDS)
    list.count -= gone
    if (hasOwn) return true
    list.cleaned = jiffiesAt(now)
    list.left = list.count
    return false
  }

  function append(list: List): void {
    if (list.count * WORDS === list.tuples.length) {
      const longer = new Int32Array(list.tuples.length * 2)
      longer.set(list.tuples)
      list.tuples = longer
    }
    list.tuples.set(tuple, list.count++ * WORDS)
  }

  /** The first connection under this key. */
  function begin(key: number, now: Microseconds): void {
    const list = { tuples: new Int32Array(WORDS), count: 0, cleaned: jiffiesAt(now), left: 0 }
    append(list)
    if (lists.size >= MANY_LISTS) sweep(now)
    lists.set(key, list)
  }

  function sweep(now: Microseconds): void {
    for (let i = 0; i < SWEPT_AT_ONCE; i++) {
      const next = sweeping.next()
      if (next.done === true) {
        sweeping = lists.entries()
        return
      }
      const [key, list] = next.value
      clean(list, now, false)
      if (list.count === 0) lists.delete(key)
    }
  }

  function count(key: number, packet: Packet): number {
    if (!readTuple(packet)) return 0
    const { connection, now } = packet
    const list = lists.get(key)
    if (list === undefined) {
      begin(key, now)
      return 1
    }
    const entry = connection === 0 ? entryOf(tuple, 0, now) : connection
    const status = entry === 0 ? 0 : words[entry + STATUS]
    const isClean = list.cleaned === jiffiesAt(now) && list.count - list.left < MOST_AT_ONCE
    if ((status & CONFIRMED) === 0) {
      // What begins a connection is taken for another one within a jiffy, even where a rule asks twice.
      if (isClean || !clean(list, now, true)) append(list)
    } else if ((status & ASSURED) !== 0) {
      if (!isClean) clean(list, now, false)
    } else if (!clean(list, now, true)) append(list)
    return list.count
  }

  return { count, keys: () => lists.size }
}
