/**
 * Frames that are near a rule set: each is drafted at random, then given what one of the rules asks for, or one
 * more or less, and now and then something is wrong with it.
 */
import { formatIpv4, formatMac, parseMac } from '../../src/wire/address.js'
import * as sctp from '../../src/wire/sctp.js'
import { BRIDGE_MAC, PORTS } from './bridge-under-test.js'
import type { Entering } from './bridge-under-test.js'
import { damages } from './damage.js'
import { draftOf, frameOf } from './draft.js'
import type { Draft } from './draft.js'
import type { Random } from './random.js'
import { CHUNKS } from '../netfilter/sctp-chunks.js'
import { ADDRESSES, PORT_NUMBERS, STATIONS, home } from './values.js'
import { fulfil } from './wishes.js'

const PORT_NAMES = Object.keys(PORTS)

/** `count` frames for these rules, and the ports they enter by. */
export function packetsFor(random: Random, rules: readonly string[], count: number): Entering[] {
  const asking = rules.filter((line) => line.startsWith('-A '))
  const rejects = rules.some((line) => line.includes('-j REJECT'))
  return Array.from({ length: count }, () => {
    const draft = randomDraft(random)
    if (asking.length > 0) fulfil(random, draft, random.pick(asking))
    if (draft.protocol === sctp.PROTOCOL && random.chance(70)) beSctp(random, draft)
    if (random.chance(20)) random.pick(ODDITIES)(draft, random)
    if (rejects && !isAnswerable(draft.source)) draft.source = ADDRESSES[1]
    if (random.chance(3)) draft.tags = random.pick(TAGS)
    const frame = frameOf(draft)
    const sent = random.chance(6) ? random.pick(damages)(frame, random) : frame
    return { port: draft.port, frame: notComplainedOf(sent) }
  })
}

function beSctp(random: Random, draft: Draft): void {
  draft.payload = Uint8Array.from(random.picks(random.pick([1, 1, 1, 2]), CHUNKS).flat())
  draft.verificationTag = random.pick([0, 0, 1, 2])
}

/** REJECT's answers to the node itself would go by `lo`, and to groups into nowhere: both is left out here. */
const isAnswerable = (source: string): boolean =>
  !/^(10\.0\.0\.(0|1|255)|0\.0\.0\.0|127\..*|(22[4-9]|2[345]\d)\..*)$/.test(source)

/**
 * The kernel's own IP stack answers malformed options with ICMP, which has nothing to do with rules: what has
 * options goes to a station instead of the node.
 */
export function notComplainedOf(frame: Uint8Array): Uint8Array {
  const to = formatMac(frame, 0)
  if (to !== BRIDGE_MAC && !Object.values(PORTS).includes(to)) return frame
  const b = frame.slice()
  if ((b[14] & 15) > 5) b.set(parseMac(STATIONS[0])!)
  return b
}

function randomDraft(random: Random): Draft {
  const from = random.pick(STATIONS)
  return draftOf({
    port: random.chance(95) ? home(from) : random.pick(PORT_NAMES),
    from,
    to: random.chance(75) ? random.pick(STATIONS) : random.pick(DESTINATIONS),
    source: random.pick(ADDRESSES.slice(1, 5)),
    destination: random.pick(ADDRESSES),
    protocol: random.pick([6, 6, 6, 17, 17, 1, 1, 47, 132, 255]),
    sport: random.pick(PORT_NUMBERS),
    dport: random.pick(PORT_NUMBERS),
    flags: random.pick([0x02, 0x02, 0x02, 0x10, 0x12, 0x18, 0x04, 0x11, 0x00, 0xff, 0x29]),
    tcpOptions: random.pick(TCP_OPTIONS),
    type: random.pick([0, 3, 5, 8, 8, 8, 11, 255]),
    code: random.pick([0, 0, 0, 1, 4, 255]),
    ttl: random.pick([0, 1, 2, 63, 64, 64, 64, 255]),
    tos: random.pick([0, 0, 0, 0x10, 0x28, 0xb8, 0x20, 0x03, 0xff]),
    payload: new Uint8Array(random.pick([0, 0, 4, 12, 40, 100, 1300])).fill(random.pick([0, 0x61])),
    identification: random.between(1, 0xffff),
    padding: random.pick([0, 0, 0, 6, 18]),
  })
}

/** Everybody, groups, the node, a port's own address, nobody, and two that bridges treat as their own matter. */
const DESTINATIONS: readonly string[] = [
  'ff:ff:ff:ff:ff:ff',
  'ff:ff:ff:ff:ff:ff',
  '01:00:5e:00:00:01',
  '01:00:5e:00:00:fb',
  BRIDGE_MAC,
  BRIDGE_MAC,
  ...Object.values(PORTS),
  '02:00:00:00:00:77',
  '01:80:c2:00:00:00',
  '01:80:c2:00:00:0e',
]

/** The largest segment, scaling, permission and time stamps; then some that are malformed. */
const TCP_OPTIONS: readonly number[][] = [
  [],
  [],
  [2, 4, 0x05, 0xb4],
  [2, 4, 0x02, 0x18, 1, 3, 3, 7],
  [1, 1, 2, 4, 0x03, 0xe8],
  [4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 254, 4, 0, 0],
  [2, 3, 5],
  [3, 0, 2, 4, 5, 0xb4],
  [8, 200, 2, 4],
  [0, 0, 2, 4, 5, 0xb4],
  [1, 1, 1, 2],
]

const TAGS: ReadonlyArray<Draft['tags']> = [
  [[0x8100, 5]],
  [[0x8100, 0]],
  [
    [0x88a8, 7],
    [0x8100, 5],
  ],
]

/** What is rare on a wire: the packet stays valid IPv4. */
const ODDITIES: ReadonlyArray<(draft: Draft, random: Random) => void> = [
  (draft, random) => (draft.source = random.pick(ADDRESSES)),
  (draft, random) => (draft.source = formatIpv4(random.below(0x1_0000_0000))),
  (draft, random) => (draft.destination = formatIpv4(random.below(0x1_0000_0000))),
  (draft, random) =>
    (draft.from = random.pick(['01:00:5e:00:00:05', '00:00:00:00:00:00', BRIDGE_MAC, PORTS['vnet0']])),
  (draft) => (draft.moreFragments = true),
  (draft, random) => Object.assign(draft, { moreFragments: random.chance(50), fragmentOffset: 8 }),
  (draft, random) => Object.assign(draft, { moreFragments: random.chance(50), fragmentOffset: 1480 }),
  (draft, random) => (draft.ipOptions = random.pick(IP_OPTIONS)),
  (draft, random) => (draft.cut = random.between(1, 40)),
  (draft) => (draft.to = BRIDGE_MAC),
  (draft, random) =>
    Object.assign(draft, {
      to: 'ff:ff:ff:ff:ff:ff',
      destination: random.pick(['255.255.255.255', '10.0.0.255']),
    }),
]

/** Nothing, the router's alert, a route being recorded, a loose source route; then some that are malformed. */
const IP_OPTIONS: readonly number[][] = [
  [1, 1, 1, 0],
  [148, 4, 0, 0],
  [7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0],
  [131, 7, 4, 10, 0, 0, 1],
  [68, 8, 5, 0, 0, 0, 0, 0],
  [148, 1],
  [7, 200],
  new Array<number>(40).fill(1),
]
