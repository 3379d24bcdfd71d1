/**
 * Packets and bytes of connections, each way (nf_conntrack_acct). Nothing is kept until somebody asks for it; from then
 * on connections that begin are counted, and those that were there before are not.
 */
import type { Packet } from '../packet.js'
import { ENTRY_WORDS, ORIGINAL, REPLY } from './entry.js'

/** Numbers of an entry: packets and bytes of each direction. */
const COUNTS = 4
/** In the place of packets where a connection is not counted. */
const NOT_COUNTED = -1

/** What connections have carried. Bytes are those of the datagrams, without the Ethernet header. */
export interface ConnectionCounters {
  /** Whether anything is counted. */
  isOn: boolean
  /** From now on connections that begin are counted. */
  start(): void
  /** The entry is a new connection's. */
  begin(entry: number): void
  /** The packet is of the connection. */
  add(entry: number, direction: number, packet: Packet): void
  /** Whether the connection is counted. */
  has(entry: number): boolean
  packets(entry: number, direction: number): number
  bytes(entry: number, direction: number): number
}

/** Counters of at most `most` connections. */
export function createCounters(most: number): ConnectionCounters {
  let counts = new Float64Array(0)
  const at = (entry: number, direction: number): number => (entry / ENTRY_WORDS) * COUNTS + direction * 2

  const counters: ConnectionCounters = {
    isOn: false,
    start() {
      if (counters.isOn) return
      counters.isOn = true
      counts = new Float64Array((most + 1) * COUNTS).fill(NOT_COUNTED)
    },
    begin(entry) {
      const first = at(entry, ORIGINAL)
      counts.fill(0, first, first + COUNTS)
    },
    add(entry, direction, { l3, end }) {
      const c = at(entry, direction)
      if (counts[c] === NOT_COUNTED) return
      counts[c]++
      counts[c + 1] += end - l3
    },
    has: (entry) => counters.isOn && counts[at(entry, REPLY)] !== NOT_COUNTED,
    packets: (entry, direction) => counts[at(entry, direction)],
    bytes: (entry, direction) => counts[at(entry, direction) + 1],
  }
  return counters
}
