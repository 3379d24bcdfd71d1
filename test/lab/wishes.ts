/** What a rule asks for, given to packets: read from its text, whichever match it belongs to. */
import { formatIpv4, parseIpv4 } from '../../src/wire/address.js'
import { PORTS } from './bridge-under-test.js'
import type { Draft } from './draft.js'
import type { Random } from './random.js'
import { STATIONS, home } from './values.js'

const PORT_NAMES = Object.keys(PORTS)

type Change = (draft: Draft, random: Random, value: string, mask: string) => void

/** What a rule asks for → how a packet comes to have it. */
const WISHES: ReadonlyArray<readonly [asked: RegExp, change: Change]> = [
  [
    /-s ([\d.]+)[^ /]*(?:\/([\d.]+))?/,
    (draft, random, value, mask) => (draft.source = host(random, value, mask)),
  ],
  [
    /-d ([\d.]+)[^ /]*(?:\/([\d.]+))?/,
    (draft, random, value, mask) => (draft.destination = host(random, value, mask)),
  ],
  [
    /--src-range (\S+)/,
    (draft, random, value) => (draft.source = host(random, random.pick(value.split('-')), '')),
  ],
  [
    /--dst-range (\S+)/,
    (draft, random, value) => (draft.destination = host(random, random.pick(value.split('-')), '')),
  ],
  [/-p (\w+)/, (draft, _, value) => (draft.protocol = PROTOCOLS[value] ?? (Number(value) || draft.protocol))],
  [/--(?:sports?|ports) (\S+)/, (draft, random, value) => (draft.sport = oneOf(random, value, 0xffff))],
  [/--(?:dports?|ports) (\S+)/, (draft, random, value) => (draft.dport = oneOf(random, value, 0xffff))],
  [/--length (\S+)/, (draft, random, value) => setLength(draft, oneOf(random, value, 1500))],
  [/--ttl-\w+ (\d+)/, (draft, random, value) => (draft.ttl = oneOf(random, value, 255))],
  [/--dscp (\w+)/, (draft, random, value) => (draft.tos = (oneOf(random, value, 63) << 2) | random.below(4))],
  [/--tos (\w+)/, (draft, random, value) => (draft.tos = oneOf(random, value, 255))],
  [/--(?:set-)?mss (\S+)/, (draft, random, value) => setSegment(draft, oneOf(random, value, 0xffff))],
  [/--mac-source (\S+)/, (draft, _, value) => (draft.from = value)],
  [
    /--physdev-in (\w+)/,
    (draft, _, value) => (draft.port = PORT_NAMES.find((name) => name === value) ?? draft.port),
  ],
  [
    /--physdev-out (\w+)/,
    (draft, _, value) => (draft.to = STATIONS.find((one) => home(one) === value) ?? draft.to),
  ],
  [/--pkt-type (\w+)/, (draft, _, value) => (draft.to = GROUPS[value] ?? draft.to)],
  [/--icmp-type (\w+)/, (draft, random, value) => (draft.type = ICMP[value] ?? oneOf(random, value, 255))],
  [/--icmp-type \d+\/(\d+)/, (draft, random, value) => (draft.code = oneOf(random, value, 255))],
  [/--tcp-option (\d+)/, (draft, _, value) => (draft.tcpOptions = [1, Number(value), 2])],
  [/--syn/, (draft) => (draft.flags = 0x02)],
  [/--tcp-flags \S+ (\S+)/, (draft, _, value) => (draft.flags = flagsOf(value))],
  [/--string "?([^" ]+)/, (draft, random, value) => embed(draft, random, Buffer.from(value))],
  [
    /--hex-string "(\w*)\|(\w+)\|/,
    (draft, random, text, bytes) =>
      embed(draft, random, Buffer.concat([Buffer.from(text), Buffer.from(bytes, 'hex')])),
  ],
  [/ -f /, (draft) => (draft.fragmentOffset = 1480)],
]

const PROTOCOLS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, sctp: 132 }
const GROUPS: Readonly<Record<string, string>> = {
  broadcast: 'ff:ff:ff:ff:ff:ff',
  multicast: '01:00:5e:00:00:01',
}
const ICMP: Readonly<Record<string, number>> = {
  'echo-request': 8,
  'host-unreachable': 3,
  'time-exceeded': 11,
}
const FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG']

/** Gives a draft most of what the rule asks for, so that most packets get past all its matches but one or none. */
export function fulfil(random: Random, draft: Draft, rule: string): void {
  for (const [asked, change] of WISHES) {
    const found = asked.exec(rule)
    if (found !== null && random.chance(85)) change(draft, random, found[1] ?? '', found[2] ?? '')
  }
}

/** One of the numbers in a text like `22,80:90`, or the one before or behind it. */
function oneOf(random: Random, text: string, greatest: number): number {
  const numbers = (text.match(/0x[\da-f]+|\d+/gi) ?? ['0']).map(Number)
  return Math.min(Math.max(near(random, random.pick(numbers)), 0), greatest)
}

function near(random: Random, value: number): number {
  return random.chance(30) ? value + random.pick([-1, 1]) : value
}

/** An address of the network, or next to its first. */
function host(random: Random, text: string, mask: string): string {
  const address = parseIpv4(text) ?? 0
  const bits = mask.includes('.')
    ? (parseIpv4(mask) ?? 0)
    : mask === '' || mask === '32'
      ? -1
      : ~(-1 >>> Number(mask))
  const outside = random.chance(50) ? random.below(0x1_0000_0000) & ~bits : 0
  return formatIpv4(near(random, ((address & bits) | outside) >>> 0) >>> 0)
}

/** By protocol: bytes of the transport's header. */
const HEADERS: Readonly<Record<number, number>> = { 1: 8, 6: 20, 17: 8, 132: 12 }

function setLength(draft: Draft, total: number): void {
  const headers = 20 + (HEADERS[draft.protocol] ?? 0)
  draft.tcpOptions = []
  draft.payload = new Uint8Array(Math.max(0, total - headers))
}

function setSegment(draft: Draft, size: number): void {
  draft.flags |= 0x02
  draft.tcpOptions = [2, 4, size >> 8, size & 255]
}

function flagsOf(names: string): number {
  if (names === 'ALL') return 0x3f
  return names
    .split(',')
    .reduce((sum, name) => sum | (FLAGS.includes(name) ? 1 << FLAGS.indexOf(name) : 0), 0)
}

function embed(draft: Draft, random: Random, pattern: Uint8Array): void {
  const before = random.pick([0, 1, 7, 20])
  draft.payload = Uint8Array.from([
    ...new Uint8Array(before).fill(0x61),
    ...pattern,
    ...new Uint8Array(random.below(4)),
  ])
}
