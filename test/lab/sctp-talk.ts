/** SCTP associations: four-way handshake, data, other paths, end; cut short, and with what does not belong there. */
import * as sctp from '../../src/wire/sctp.js'
import type { Random } from './random.js'
import { CHUNKS, chunk, initiation } from '../netfilter/sctp-chunks.js'
import { CLIENT_PORTS, SERVER_PORTS, pair } from './talk.js'
import type { Message, Talk } from './talk.js'

const { ABORT, COOKIE_ACK, COOKIE_ECHO, DATA, ERROR, HEARTBEAT, HEARTBEAT_ACK, INIT, INIT_ACK } = sctp
const { SACK, SHUTDOWN, SHUTDOWN_ACK, SHUTDOWN_COMPLETE, T } = sctp

/** One side, and the verification tag that it wants to see. */
interface End {
  address: string
  port: number
  tag: number
}

type Ends = readonly [End, End]
type Segment = Message & { verificationTag: number; payload: Uint8Array }

/** An association, or several of the same ports. */
export const sctpTalk: Talk = function* (random) {
  const [from, to] = pair(random)
  const ends = [end(random, from, CLIENT_PORTS), end(random, to, SERVER_PORTS)] as const
  const sent: Segment[] = []
  for (let times = random.pick([1, 1, 2, 3]); times > 0; times--) {
    for (const packet of association(random, ends)) {
      if (random.chance(4)) break // cut short
      if (random.chance(15)) yield odd(random, ends, sent)
      if (random.chance(6)) continue // lost before it came here
      sent.push(packet)
      yield packet
      if (random.chance(8)) yield random.pick(sent)
    }
    for (const one of ends) if (random.chance(60)) one.tag = tag(random)
  }
}

const tag = (random: Random): number => random.pick([1, 2, 0xffff_ffff, random.below(0x1_0000_0000), 0])

function end(random: Random, address: string, ports: readonly number[]): End {
  return { address, port: random.pick(ports), tag: tag(random) }
}

/** What both would send in turn if nothing came between. */
function* association(random: Random, ends: Ends): Generator<Segment, void> {
  const [client, server] = ends
  yield* random.pick([handshake, handshake, handshake, collision, tangle, path, middle])(ends, random)
  for (let n = random.below(6); n > 0; n--) {
    const [from, to] = random.chance(50) ? ends : [server, client]
    yield* random.pick([transfer, transfer, heartbeat, failure, restart, moved])([from, to], random)
  }
  const [first, second] = random.chance(50) ? ends : [server, client]
  if (random.chance(25)) yield abort(random, first, second)
  else yield* shutdown(first, second)
}

type Part = (ends: Ends, random: Random) => Iterable<Segment>

/** RFC 9260 §5.1. */
const handshake: Part = function* ([client, server]) {
  yield packet(client, server, initiation(INIT, client.tag), 0)
  yield packet(server, client, initiation(INIT_ACK, server.tag))
  yield packet(client, server, chunk(COOKIE_ECHO, { value: [7, 7, 7, 7] }))
  yield packet(server, client, chunk(COOKIE_ACK))
}

/** RFC 9260 §5.2.1: both send INIT before they have the other's. */
const collision: Part = function* ([client, server]) {
  yield packet(client, server, initiation(INIT, client.tag), 0)
  yield packet(server, client, initiation(INIT, server.tag), 0)
  yield packet(client, server, initiation(INIT_ACK, client.tag))
  yield packet(server, client, initiation(INIT_ACK, server.tag))
  yield packet(server, client, chunk(COOKIE_ECHO, { value: [7, 7, 7, 7] }))
  yield packet(client, server, chunk(COOKIE_ECHO, { value: [8, 8, 8, 8] }))
  yield packet(client, server, chunk(COOKIE_ACK))
  yield packet(server, client, chunk(COOKIE_ACK))
}

/** Both begin, again and again, and what answers the one crosses what answers the other. */
const tangle: Part = function* (ends, random) {
  for (const [from, to] of [ends, [ends[1], ends[0]] as const])
    yield packet(from, to, initiation(INIT, from.tag), 0)
  for (let n = random.between(2, 8); n > 0; n--) {
    const [from, to] = random.chance(50) ? ends : [ends[1], ends[0]]
    if (random.chance(15)) from.tag = tag(random)
    const type = random.pick([INIT, INIT_ACK, INIT_ACK, COOKIE_ECHO, COOKIE_ACK])
    if (type === INIT) yield packet(from, to, initiation(INIT, from.tag), 0)
    else yield packet(from, to, type === INIT_ACK ? initiation(INIT_ACK, from.tag) : chunk(type))
  }
}

/** The association began by other addresses: this way it is only tried. */
const path: Part = function* ([client, server]) {
  yield packet(client, server, chunk(HEARTBEAT, { value: [0, 1, 0, 4] }))
  yield packet(server, client, chunk(HEARTBEAT_ACK, { value: [0, 1, 0, 4] }))
  yield packet(server, client, chunk(HEARTBEAT, { value: [0, 1, 0, 4] }))
  yield packet(client, server, chunk(HEARTBEAT_ACK, { value: [0, 1, 0, 4] }))
}

/** The handshake was before anybody looked. */
const middle: Part = function* ([client, server]) {
  yield packet(client, server, chunk(COOKIE_ECHO, { value: [7, 7, 7, 7] }))
  yield packet(server, client, chunk(COOKIE_ACK))
  yield packet(client, server, chunk(SHUTDOWN_ACK))
  yield packet(server, client, chunk(SHUTDOWN_COMPLETE, { flags: T }), server.tag)
}

const data = (random: Random): number[] =>
  chunk(DATA, { flags: 3, value: [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, ...bytes(random.below(9))] })
const bytes = (count: number): number[] => new Array<number>(count).fill(0x61)
const sack = chunk(SACK, { value: [0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0] })

const transfer: Part = ([from, to], random) => [
  packet(from, to, [...data(random), ...(random.chance(40) ? data(random) : [])]),
  packet(to, from, random.chance(60) ? sack : [...sack, ...data(random)]),
]

const heartbeat: Part = ([from, to], random) => [
  packet(from, to, [...(random.chance(20) ? sack : []), ...chunk(HEARTBEAT, { value: [0, 1, 0, 4] })]),
  packet(to, from, chunk(HEARTBEAT_ACK, { value: [0, 1, 0, 4] })),
]

const failure: Part = ([from, to], random) => [
  packet(from, to, [
    ...(random.chance(50) ? sack : []),
    ...chunk(ERROR, { value: [0, 3, 0, 8, 0, 0, 0, 1] }),
  ]),
]

/** RFC 9260 §5.2: the side has forgotten all, and begins again with another tag. */
const restart: Part = function* ([from, to], random) {
  from.tag = tag(random)
  yield* random.pick([handshake, tangle])([from, to], random)
}

/** The tags have changed by another path: HEARTBEATs tell, where nothing is with them that needs the right tag. */
const moved: Part = function* ([from, to], random) {
  if (random.chance(70)) to.tag = tag(random)
  if (random.chance(70)) from.tag = tag(random)
  for (const [type, there, back] of [
    [HEARTBEAT, from, to],
    [HEARTBEAT_ACK, to, from],
  ] as const) {
    const beat = chunk(type, { value: [0, 1, 0, 4] })
    const others = random.pick([[], [], [], data(random), beat, sack])
    yield packet(there, back, random.chance(50) ? [...others, ...beat] : [...beat, ...others])
    if (random.chance(20)) yield packet(there, back, beat)
  }
}

/** RFC 9260 §9.2. */
function* shutdown(first: End, second: End): Generator<Segment, void> {
  yield packet(first, second, chunk(SHUTDOWN, { value: [0, 0, 0, 1] }))
  yield packet(second, first, chunk(SHUTDOWN_ACK))
  yield packet(first, second, chunk(SHUTDOWN_COMPLETE))
}

/** With the other's tag, or with its own, reflected, from who knows no association. */
function abort(random: Random, from: End, to: End): Segment {
  if (random.chance(60)) return packet(from, to, chunk(ABORT))
  return packet(from, to, chunk(ABORT, { flags: T }), from.tag)
}

function packet(from: End, to: End, chunks: readonly number[], verificationTag = to.tag): Segment {
  return {
    source: from.address,
    destination: to.address,
    protocol: sctp.PROTOCOL,
    sport: from.port,
    dport: to.port,
    verificationTag,
    payload: Uint8Array.from(chunks),
  }
}

/** What does not belong there. */
function odd(random: Random, ends: Ends, sent: readonly Segment[]): Segment {
  const [from, to] = random.chance(50) ? ends : [ends[1], ends[0]]
  const chunks = random.picks(random.pick([1, 1, 2, 3]), CHUNKS).flat()
  const made = packet(from, to, chunks, random.pick([to.tag, to.tag, from.tag, 0]))
  return random.pick(ODDITIES)(random, sent.length > 0 && random.chance(40) ? random.pick(sent) : made)
}

const ODDITIES: ReadonlyArray<(random: Random, one: Segment) => Segment> = [
  (_, one) => one,
  (_, one) => one,
  (random, one) => ({ ...one, verificationTag: tag(random) }),
  (_, one) => ({ ...one, verificationTag: one.verificationTag ^ 1 }),
  (_, one) => ({ ...one, verificationTag: 0 }),
  (random, one) => ({ ...one, payload: Uint8Array.from([...one.payload, ...random.pick(CHUNKS)]) }),
  (random, one) => ({ ...one, payload: Uint8Array.from([...random.pick(CHUNKS), ...one.payload]) }),
  (random, one) => ({ ...one, payload: one.payload.slice(0, random.below(one.payload.length + 1)) }),
  (_, one) => ({ ...one, payload: Uint8Array.from([...sack, ...one.payload]) }),
  (random, one) => changed(one, random.below(4), random.pick([0, 1, 2, 4, 255])),
]

/** One byte of the first chunk's header is another one. */
function changed(one: Segment, at: number, value: number): Segment {
  const payload = one.payload.slice()
  if (at < payload.length) payload[at] = value
  return { ...one, payload }
}
