/**
 * What happens to connections, as `conntrack -E` tells it: a connection is entered, something of it has changed when
 * one of its packets has passed all rules, it is over.
 */
import type { Microseconds } from '../../core/clock.js'
import * as sctp from '../../wire/sctp.js'
import * as tcp from '../../wire/tcp.js'
import {
  ASSURED,
  CONFIRMED,
  DYING,
  ENTRY_WORDS,
  MARK,
  PROTOCOL,
  SCTP_STATE,
  SEEN_REPLY,
  STATUS,
  TCP_STATE,
} from './entry.js'
import { eventLine } from './list.js'
import type { Listed } from './list.js'

/** In what was told last of a connection: that anything was. */
const TOLD = 1 << 30

/** Those who listen are told. */
export interface ConnectionEvents {
  /** The time of the packet at hand. */
  now: Microseconds
  /** A packet was taken for one of the connection's. */
  tracked(entry: number): void
  /** It has passed all rules. */
  passed(entry: number): void
  /** The connection leaves the table. */
  removed(entry: number): void
}

/** Tells `tell` of connections, at most `most`, a line each time. */
export function createEvents(listed: Listed, most: number, tell: (line: string) => void): ConnectionEvents {
  const { words } = listed.table
  /** What was told last: bits of the status with TCP's or SCTP's state, and the mark. */
  const told = new Int32Array((most + 1) * 2)
  const at = (entry: number): number => (entry / ENTRY_WORDS) * 2

  function protocolState(entry: number): number {
    const protocol = words[entry + PROTOCOL] & 0xff
    if (protocol === tcp.PROTOCOL) return words[entry + TCP_STATE]
    return protocol === sctp.PROTOCOL ? words[entry + SCTP_STATE] : 0
  }

  function stateOf(entry: number): number {
    return TOLD | (protocolState(entry) << 8) | (words[entry + STATUS] & (SEEN_REPLY | ASSURED))
  }

  function end(entry: number): void {
    tell(eventLine(listed, 'DESTROY', entry, events.now, words[entry + MARK] !== 0))
    told[at(entry)] = 0
  }

  const events: ConnectionEvents = {
    now: 0,
    tracked(entry) {
      if ((words[entry + STATUS] & DYING) !== 0 && told[at(entry)] !== 0) end(entry)
    },
    passed(entry) {
      if ((words[entry + STATUS] & (CONFIRMED | DYING)) !== CONFIRMED) return
      const i = at(entry)
      const [state, mark] = [stateOf(entry), words[entry + MARK]]
      if (told[i] === state && told[i + 1] === mark) return
      const isNew = told[i] === 0
      const tellsMark = mark !== 0 || (!isNew && told[i + 1] !== 0)
      told[i] = state
      told[i + 1] = mark
      tell(eventLine(listed, isNew ? 'NEW' : 'UPDATE', entry, events.now, tellsMark))
    },
    removed(entry) {
      if (told[at(entry)] !== 0) end(entry)
    },
  }
  return events
}
