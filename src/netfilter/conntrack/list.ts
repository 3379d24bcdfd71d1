/** The table of connections, and parts of it, as `conntrack -L` prints it. */
import type { Microseconds } from '../../core/clock.js'
import { formatIpv4 } from '../../wire/address.js'
import * as icmp from '../../wire/icmp.js'
import * as tcp from '../../wire/tcp.js'
import * as udp from '../../wire/udp.js'
import type { ConnectionCounters } from './counters.js'
import {
  ASSURED,
  DESTINATION,
  EXPIRES,
  MARK,
  ORIGINAL,
  PORTS,
  PROTOCOL,
  REPLY,
  SEEN_REPLY,
  SOURCE,
  STATUS,
  TCP_STATE,
  TUPLE_WORDS,
} from './entry.js'
import type { ConnectionTable } from './table.js'
import { TCP_STATES } from './tcp-states.js'
import { GRE, UDPLITE } from './tuple.js'

const SECOND = 1_000_000
const DCCP = 33
const NAMES: ReadonlyMap<number, string> = new Map([
  [icmp.PROTOCOL, 'icmp'],
  [tcp.PROTOCOL, 'tcp'],
  [udp.PROTOCOL, 'udp'],
  [GRE, 'gre'],
  [UDPLITE, 'udplite'],
  [DCCP, 'dccp'],
])

/** What is listed: connections, and what they have carried where that is counted. */
export interface Listed {
  readonly table: ConnectionTable
  readonly counters: ConnectionCounters
}

/** A line for each connection that is not over at `now`. */
export function connectionLines(listed: Listed, now: Microseconds): string[] {
  const lines: string[] = []
  listed.table.forEach(now, (entry) => lines.push(connectionLine(listed, entry, now)))
  return lines
}

/** One of them. */
export function connectionLine({ table, counters }: Listed, entry: number, now: Microseconds): string {
  const { words, doubles } = table
  const sideText = (direction: number): string =>
    [tupleText(words, entry, direction, protocol), ...countsText(counters, entry, direction)].join(' ')
  const protocol = words[entry + PROTOCOL] & 0xff
  const name = NAMES.get(protocol) ?? 'unknown'
  const left = Math.max(0, Math.floor((doubles[(entry + EXPIRES) >> 1] - now) / SECOND))
  const status = words[entry + STATUS]
  return [
    `${name.padEnd(8)} ${protocol} ${left}`,
    ...(protocol === tcp.PROTOCOL ? [TCP_STATES[words[entry + TCP_STATE]]] : []),
    sideText(ORIGINAL),
    ...((status & SEEN_REPLY) === 0 ? ['[UNREPLIED]'] : []),
    sideText(REPLY),
    ...((status & ASSURED) === 0 ? [] : ['[ASSURED]']),
    `mark=${words[entry + MARK] >>> 0} use=1`,
  ].join(' ')
}

function countsText(counters: ConnectionCounters, entry: number, direction: number): string[] {
  if (!counters.has(entry)) return []
  return [`packets=${counters.packets(entry, direction)}`, `bytes=${counters.bytes(entry, direction)}`]
}

/** One direction of a connection: `src=10.0.0.2 dst=10.0.0.3 sport=1024 dport=80`. */
export function tupleText(
  words: Int32Array,
  entry: number,
  direction: number,
  protocol = words[entry + PROTOCOL] & 0xff,
): string {
  const t = entry + direction * TUPLE_WORDS
  const addresses = `src=${formatIpv4(words[t + SOURCE] >>> 0)} dst=${formatIpv4(words[t + DESTINATION] >>> 0)}`
  const ports = portsText(protocol, words[t + PORTS] >>> 16, words[t + PORTS] & 0xffff)
  return ports === '' ? addresses : `${addresses} ${ports}`
}

function portsText(protocol: number, high: number, low: number): string {
  switch (protocol) {
    case tcp.PROTOCOL:
    case udp.PROTOCOL:
    case UDPLITE:
    case DCCP: // nobody tracks it any more, and its ports are 0
      return `sport=${high} dport=${low}`
    case icmp.PROTOCOL:
      return `type=${low >> 8} code=${low & 0xff} id=${high}`
    case GRE:
      return `srckey=0x${high.toString(16)} dstkey=0x${low.toString(16)}`
    default:
      return ''
  }
}
