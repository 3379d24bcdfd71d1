/** Connections whose first packet is on its way: whether they are entered, its rules decide. */
import type { Microseconds } from '../../core/clock.js'
import { ACCEPT, DROP } from '../verdict.js'
import { EXPIRES, ORIGINAL, REPLY } from './entry.js'
import type { ConnectionTable } from './table.js'

// An imported constant is loaded and checked at each use.
const [accept, drop, original, reply, expires] = [ACCEPT, DROP, ORIGINAL, REPLY, EXPIRES]

/** Entries that nobody finds yet. */
export interface Pending {
  add(entry: number): void
  /** The entry is found from now on. DROP where another connection is in its place by now. */
  enter(entry: number, now: Microseconds): number
  /** Forgets those that were not entered. */
  release(): void
}

/** Those of this table; `onEntered` is told of each that is entered. */
export function createPending(table: ConnectionTable, onEntered: (entry: number) => void): Pending {
  const { doubles } = table
  const entries: number[] = []

  function enter(entry: number, now: Microseconds): number {
    const place = entries.lastIndexOf(entry)
    // It was entered, and ended while the packet was on its way: its place is somebody else's.
    if (place === -1) return accept
    if (table.isTaken(entry, original, now) || table.isTaken(entry, reply, now)) return drop
    // Nearly always it is the only one.
    if (place === entries.length - 1) entries.pop()
    else entries.splice(place, 1)
    doubles[(entry + expires) >> 1] += now
    table.insert(entry)
    onEntered(entry)
    return accept
  }

  function release(): void {
    while (entries.length > 0) table.giveBack(entries.pop()!)
  }

  return { add: (entry) => void entries.push(entry), enter, release }
}
