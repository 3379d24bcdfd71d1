/** TCP conversations: handshake, data both ways, end; cut short, with gaps, and with what does not belong there. */
import * as tcp from '../../src/wire/tcp.js'
import type { Random } from './random.js'
import { CLIENT_PORTS, SERVER_PORTS, data, pair } from './talk.js'
import type { Message, Talk } from './talk.js'

const { ACK, FIN, PSH, RST, SYN, URG } = tcp

/** One side. */
interface End {
  address: string
  port: number
  /** Sequence number of what it sends next. */
  next: number
  window: number
  /** Options of its SYN. */
  options: number[]
}

type Ends = readonly [End, End]
type Segment = Message & { sequenceNumber: number; acknowledgmentNumber: number }

/** A conversation over TCP. */
export const tcpTalk: Talk = function* (random) {
  const [from, to] = pair(random)
  const ends = [end(random, from, CLIENT_PORTS), end(random, to, SERVER_PORTS)] as const
  const sent: Segment[] = []
  for (let times = random.pick([1, 1, 2, 3]); times > 0; times--) {
    for (const segment of connection(random, ends)) {
      if (random.chance(4)) break // cut short
      if (random.chance(15)) yield odd(random, ends, sent)
      if (random.chance(6)) continue // lost before it came here
      sent.push(segment)
      yield segment
      if (random.chance(7)) yield random.pick(sent)
    }
    for (const one of ends) one.next = begun(random, one.next)
  }
}

function end(random: Random, address: string, ports: readonly number[]): End {
  const window = random.pick([0, 1, 100, 1000, 8192, 65_535, 65_535])
  return { address, port: random.pick(ports), next: begun(random, 0), window, options: synOptions(random) }
}

/** Where the next connection's numbers begin: anywhere, behind the last one's, at its end, or near where they wrap. */
function begun(random: Random, last: number): number {
  return random.pick([random.below(0x1_0000_0000), last + 100_000, last, 0, 0xffff_fff0]) >>> 0
}

/** Segment size, permission of SACK, shift of windows; then time stamps, and some that are malformed. */
function synOptions(random: Random): number[] {
  const shift = random.pick([0, 1, 7, 14, 15, 255])
  return random.pick([
    [],
    [2, 4, 5, 0xb4],
    [2, 4, 5, 0xb4, 4, 2, 1, 3, 3, shift],
    [2, 4, 5, 0xb4, 4, 2, 1, 3, 3, shift],
    [1, 3, 3, shift],
    [4, 2],
    [4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2],
    [3, 3, shift, 3, 3, 2, 0, 4, 2],
    [3, 2, 4, 2],
    [4, 3, 0, 3, 4, shift],
    [8, 200, 3, 3, shift],
  ])
}

/** What both would send in turn if nothing came between. */
function* connection(random: Random, ends: Ends): Generator<Segment, void> {
  const [client, server] = ends
  yield* random.pick([handshake, handshake, handshake, simultaneous, middle])(ends)
  for (let n = random.below(7); n > 0; n--) {
    const [from, to] = random.chance(50) ? ends : [server, client]
    if (random.chance(10)) from.window = random.pick([0, 1, 8192, 65_535])
    yield segment(from, to, random.pick([ACK, ACK | PSH, ACK | URG]), data(random))
    if (random.chance(60)) yield acknowledgment(random, to, from)
  }
  const [first, second] = random.chance(50) ? ends : [server, client]
  if (random.chance(20)) yield segment(first, second, random.pick([RST, RST | ACK]))
  else yield* close(first, second)
}

function* handshake([client, server]: Ends): Generator<Segment, void> {
  yield segment(client, server, SYN)
  yield segment(server, client, SYN | ACK)
  yield segment(client, server, ACK)
}

/** RFC 9293 §3.5: both send SYN before they have the other's. */
function* simultaneous([client, server]: Ends): Generator<Segment, void> {
  const [mine, theirs] = [client.next, server.next]
  yield segment(client, server, SYN)
  yield segment(server, client, SYN)
  yield { ...segment(client, server, SYN | ACK), sequenceNumber: mine }
  yield { ...segment(server, client, SYN | ACK), sequenceNumber: theirs }
  client.next = (mine + 1) >>> 0
  server.next = (theirs + 1) >>> 0
  yield segment(client, server, ACK)
}

/** The handshake was before anybody looked. */
function* middle([client, server]: Ends): Generator<Segment, void> {
  yield segment(client, server, ACK)
  yield segment(server, client, ACK)
}

function* close(first: End, second: End): Generator<Segment, void> {
  yield segment(first, second, FIN | ACK)
  yield segment(second, first, ACK)
  yield segment(second, first, FIN | ACK)
  yield segment(first, second, ACK)
}

/** What `from` sends next, at its own place in the sequence. */
function segment(from: End, to: End, flags: number, payload: Uint8Array = new Uint8Array(0)): Segment {
  const isSyn = (flags & SYN) !== 0
  const sequenceNumber = from.next
  from.next = (from.next + payload.length + (isSyn || (flags & FIN) !== 0 ? 1 : 0)) >>> 0
  return {
    source: from.address,
    destination: to.address,
    protocol: tcp.PROTOCOL,
    sport: from.port,
    dport: to.port,
    flags,
    sequenceNumber,
    acknowledgmentNumber: (flags & ACK) === 0 ? 0 : to.next,
    window: from.window,
    tcpOptions: isSyn ? from.options : [],
    payload,
  }
}

/** Sometimes not for all that came, with blocks of what came behind a gap. */
function acknowledgment(random: Random, from: End, to: End): Segment {
  const plain = segment(from, to, ACK)
  if (random.chance(60)) return plain
  const acknowledgmentNumber = (to.next - random.pick([0, 1, 4, 100, 1000])) >>> 0
  const edges = Array.from({ length: random.between(1, 3) }, () => [
    acknowledgmentNumber + random.pick([0, 1, 4]),
    random.pick([to.next, to.next, acknowledgmentNumber + 4, to.next + 100]),
  ])
  const blocks = edges
    .flat()
    .flatMap((edge) => [edge >>> 24, edge >>> 16, edge >>> 8, edge].map((x) => x & 255))
  return { ...plain, acknowledgmentNumber, tcpOptions: [1, 1, 5, blocks.length + 2, ...blocks] }
}

/** What does not belong there: it takes no place in the sequence of who seems to send it. */
function odd(random: Random, ends: Ends, sent: readonly Segment[]): Segment {
  const [from, to] = random.chance(50) ? ends : [ends[1], ends[0]]
  const flags = random.pick(FLAGS)
  const { next, window, options } = from
  from.options = random.chance(30) ? synOptions(random) : options
  const made = segment(from, to, flags, data(random))
  Object.assign(from, { next, window, options })
  return random.pick(ODDITIES)(random, sent.length > 0 && random.chance(40) ? random.pick(sent) : made)
}

/** What has come before, RST and FIN and SYN out of the blue, then what no segment has. */
const FLAGS: readonly number[] = [
  ACK,
  ACK,
  RST,
  RST,
  RST | ACK,
  FIN | ACK,
  FIN | ACK,
  SYN,
  SYN,
  SYN | ACK,
  SYN | ACK,
  FIN,
  0,
  SYN | FIN,
  SYN | RST,
  SYN | URG,
  FIN | ACK | URG,
  0xff,
]

/** In and out of windows, and of what counts as an old acknowledgment. */
const SHIFTS: readonly number[] = [
  1, -1, 2, -2, 100, -100, 1000, -1000, 8192, 8193, 65_535, 65_536, -65_999, -66_000, -66_001, -66_002,
  0x7fff_ffff, -0x7fff_ffff,
]

const ODDITIES: ReadonlyArray<(random: Random, segment: Segment) => Segment> = [
  (_, one) => one,
  (_, one) => one,
  (random, one) => ({ ...one, sequenceNumber: (one.sequenceNumber + random.pick(SHIFTS)) >>> 0 }),
  (random, one) => ({ ...one, acknowledgmentNumber: (one.acknowledgmentNumber + random.pick(SHIFTS)) >>> 0 }),
  (_, one) => ({ ...one, sequenceNumber: 0 }),
  (_, one) => ({ ...one, acknowledgmentNumber: 0 }),
  (random, one) => ({ ...one, sequenceNumber: random.below(0x1_0000_0000) }),
  (random, one) => ({ ...one, window: random.pick([0, 1, 65_535]) }),
  (random, one) => ({ ...one, flags: random.pick(FLAGS) }),
]
