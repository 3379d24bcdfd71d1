/** Connections that packets begin: their entries, before anybody finds them. */
import type { Microseconds } from '../../core/clock.js'
import type { Packet } from '../packet.js'
import type { ConnectionCounters } from './counters.js'
import * as entries from './entry.js'
import type { Expectation, Expectations } from './expectations.js'
import type { Nat } from './nat.js'
import type { Pending } from './pending.js'
import type { ConnectionTable } from './table.js'
import type { Templates } from './templates.js'
import type { ProtocolTracker } from './tracker.js'
import { invertedPorts } from './tuple.js'

// An imported constant is loaded and checked at each use.
const { CONFIRMED, DESTINATION, EXPECTED, HAS_POLICY, MARK, PORTS } = entries
const { PROTOCOL, SOURCE, STATUS, TUPLE_WORDS } = entries

/** What a connection begins with. */
export interface Beginnings {
  table: ConnectionTable
  counters: ConnectionCounters
  templates: Templates
  expectations: Expectations
  nat: Nat
  pending: Pending
}

/** An entry for what a packet begins; 0 where there is no place for it, -1 where it cannot begin anything. */
export type Begin = (packet: Packet, ports: number, tracker: ProtocolTracker) => number

/** Begins connections in a table. */
export function createBegin({ table, counters, templates, expectations, nat, pending }: Beginnings): Begin {
  const { words } = table

  function begin(packet: Packet, ports: number, tracker: ProtocolTracker): number {
    const entry = table.take(packet.now)
    if (entry === 0) return 0
    words[entry + SOURCE] = packet.source
    words[entry + DESTINATION] = packet.destination
    words[entry + PORTS] = ports
    const reply = entry + TUPLE_WORDS
    words[reply + SOURCE] = packet.destination
    words[reply + DESTINATION] = packet.source
    words[reply + PORTS] = invertedPorts(packet.protocol, ports)
    words[entry + PROTOCOL] = packet.protocol | packet.zone
    // What was waited for has come, even if it can begin nothing: it is not waited for any more.
    const expected = expectations.count > 0 ? claimed(packet, ports) : null
    if (!tracker.begin(entry, packet)) {
      table.giveBack(entry)
      return -1
    }
    if (counters.isOn) counters.begin(entry)
    if (templates.isOn) templates.begin(entry, packet.template)
    if (templates.isOn && templates.policyOf(entry) !== 0) words[entry + STATUS] |= HAS_POLICY
    if (expected !== null) relateTo(expected, entry, packet.now)
    pending.add(entry)
    return entry
  }

  function claimed({ source, destination, protocol, zone, now }: Packet, ports: number): Expectation | null {
    return expectations.claim(source | 0, destination | 0, ports, protocol | zone, now)
  }

  /** What another connection has announced has its mark. One that is not entered itself cannot have been heard. */
  function relateTo({ master, follows }: Expectation, entry: number, now: Microseconds): void {
    if ((words[master + STATUS] & CONFIRMED) === 0) return
    words[entry + STATUS] |= EXPECTED
    words[entry + MARK] = words[master + MARK]
    templates.expect(entry, master)
    if (follows !== null) nat.follow(entry, follows, now)
  }

  return begin
}
