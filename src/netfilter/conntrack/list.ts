/** The table of connections, and parts of it, as `conntrack -L` prints it; events, as `conntrack -E` does. */
import type { Microseconds } from '../../core/clock.js'
import { formatIpv4 } from '../../wire/address.js'
import * as icmp from '../../wire/icmp.js'
import * as sctp from '../../wire/sctp.js'
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
  SCTP_STATE,
  SEEN_REPLY,
  SOURCE,
  STATUS,
  TCP_STATE,
  TUPLE_WORDS,
} from './entry.js'
import { SCTP_STATES } from './sctp-states.js'
import type { ConnectionTable } from './table.js'
import type { Templates } from './templates.js'
import { sideZoneText, zoneText } from './zone.js'
import { TCP_STATES } from './tcp-states.js'
import { GRE, UDPLITE } from './tuple.js'

const SECOND = 1_000_000
const DCCP = 33
const NAMES: ReadonlyMap<number, string> = new Map([
  [icmp.PROTOCOL, 'icmp'],
  [tcp.PROTOCOL, 'tcp'],
  [udp.PROTOCOL, 'udp'],
  [sctp.PROTOCOL, 'sctp'],
  [GRE, 'gre'],
  [UDPLITE, 'udplite'],
  [DCCP, 'dccp'],
])

/** What is listed: connections, and what they have carried where that is counted. */
export interface Listed {
  readonly table: ConnectionTable
  readonly counters: ConnectionCounters
  readonly templates: Templates
}

/** A line for each connection that is not over at `now`. */
export function connectionLines(listed: Listed, now: Microseconds): string[] {
  const lines: string[] = []
  listed.table.forEach(now, (entry) => lines.push(connectionLine(listed, entry, now)))
  return lines
}

/** One of them. */
export function connectionLine(listed: Listed, entry: number, now: Microseconds): string {
  const { words } = listed.table
  return joined([
    ...tupleParts(listed, entry, secondsLeft(listed, entry, now), true),
    `mark=${words[entry + MARK] >>> 0}`,
    zoneText(words[entry + PROTOCOL]),
    helperText(listed, entry),
    'use=1',
  ])
}

/** What has happened to one, as `conntrack -E` prints it; its mark only where that is told. */
export function eventLine(
  listed: Listed,
  event: 'NEW' | 'UPDATE' | 'DESTROY',
  entry: number,
  now: Microseconds,
  tellsMark: boolean,
): string {
  const { words } = listed.table
  const isOver = event === 'DESTROY'
  const left = secondsLeft(listed, entry, now)
  const what = joined([
    ...tupleParts(listed, entry, isOver && left === 0 ? '' : left, isOver),
    tellsMark ? `mark=${words[entry + MARK] >>> 0}` : '',
    zoneText(words[entry + PROTOCOL]),
    isOver ? '' : helperText(listed, entry),
  ])
  return `${`[${event}]`.padStart(9)} ${what}`
}

const joined = (parts: string[]): string => parts.filter((part) => part !== '').join(' ')

function secondsLeft({ table }: Listed, entry: number, now: Microseconds): number {
  return Math.max(0, Math.floor((table.doubles[(entry + EXPIRES) >> 1] - now) / SECOND))
}

/** What lists and events begin with. `time` is '' where it is not told. */
function tupleParts(
  { table, counters }: Listed,
  entry: number,
  time: number | '',
  hasCounts: boolean,
): string[] {
  const { words } = table
  const word = words[entry + PROTOCOL]
  const protocol = word & 0xff
  const status = words[entry + STATUS]
  const side = (direction: number): string[] => [
    tupleText(words, entry, direction, protocol),
    sideZoneText(word, direction),
    hasCounts ? countsText(counters, entry, direction) : '',
  ]
  return [
    `${(NAMES.get(protocol) ?? 'unknown').padEnd(8)} ${protocol}`,
    String(time),
    stateText(words, entry, protocol),
    ...side(ORIGINAL),
    (status & SEEN_REPLY) === 0 ? '[UNREPLIED]' : '',
    ...side(REPLY),
    (status & ASSURED) === 0 ? '' : '[ASSURED]',
  ]
}

function stateText(words: Int32Array, entry: number, protocol: number): string {
  if (protocol === tcp.PROTOCOL) return TCP_STATES[words[entry + TCP_STATE]]
  return protocol === sctp.PROTOCOL ? SCTP_STATES[words[entry + SCTP_STATE]] : ''
}

function helperText({ templates }: Listed, entry: number): string {
  const helper = templates.helperOf(entry)
  return helper === '' ? '' : `helper=${helper}`
}

function countsText(counters: ConnectionCounters, entry: number, direction: number): string {
  if (!counters.has(entry)) return ''
  return `packets=${counters.packets(entry, direction)} bytes=${counters.bytes(entry, direction)}`
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
    case sctp.PROTOCOL:
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
