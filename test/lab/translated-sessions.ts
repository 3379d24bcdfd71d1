/**
 * FTP sessions and TFTP requests with NAT between the two who talk (translations.ts): each writes to the other as it
 * sees it, and acknowledges what it has got, so that what NAT does not put right does not fit any more.
 */
import { parseMac } from '../../src/wire/address.js'
import * as tcp from '../../src/wire/tcp.js'
import * as udp from '../../src/wire/udp.js'
import { udpFrame } from '../netfilter/frames.js'
import type { Entering } from './bridge-under-test.js'
import type { Random } from './random.js'
import { said } from './ftp-lines.js'
import { complaint, endsOf, enters, fieldsOf, handshake, seenNext, segment, selective } from './tcp-sides.js'
import type { Ends, Side } from './tcp-sides.js'
import { CONTROL } from './translations.js'
import type { Translation } from './translations.js'

const [L3, L4, SHORTEST] = [14, 34, 60]
const { ACK, FIN, PSH, RST, SYN } = tcp

type Talk = Generator<Entering, void>

/** Where an error is taken for TCP, they are flags and a data offset. */
const IDENTIFICATIONS = [0, 0x10, 0x5010, 0xf010, 0x6000]

/** Frames of some sessions at a time. */
export function translatedSessions(random: Random, between: Translation, count: number): Entering[] {
  const entering: Entering[] = []
  const talks: Talk[] = []
  for (let port = 3000; entering.length < count;) {
    while (talks.length < 2)
      talks.push(random.chance(80) ? session(random, between, port++) : request(random, between, port++))
    const at = random.below(talks.length)
    const { value, done } = talks[at].next()
    if (done === true) talks.splice(at, 1)
    else entering.push(onTheWire(random, value))
  }
  return entering
}

/** Now and then to a station that nobody knows, which floods it; or padded, as short frames are. */
function onTheWire(random: Random, { port, frame }: Entering): Entering {
  const b = new Uint8Array(random.chance(50) ? Math.max(frame.length, SHORTEST) : frame.length)
  b.set(frame)
  if (random.chance(5)) b.set(parseMac('02:00:00:00:00:99')!)
  return { port, frame: b }
}

function* session(random: Random, between: Translation, port: number): Talk {
  const ends = endsOf(between, port, CONTROL, between.port)
  const [client, server] = ends
  yield* handshake(ends)
  yield segment(server, client, ACK | PSH, '220 hello\r\n')
  yield segment(client, server, ACK | PSH, 'USER nobody\r\n')
  const sent: Entering[] = []
  const isAtLine = new Map([
    [client, true],
    [server, true],
  ])
  for (let n = random.between(3, 12); n > 0; n--) {
    const [from, to] = random.chance(50) ? ends : [server, client]
    const line = said(random, from, 2000 + ((port * 37 + n) % 63_000))
    if (random.chance(5)) yield segment({ ...from }, to, ACK | PSH, line.text.slice(0, random.between(1, 8)))
    const isRead = isAtLine.get(from)!
    const one = segment(from, to, ACK | PSH, line.text, [], isRead ? line.longer : 0)
    const isLost = random.chance(8)
    const isHeard = isRead && !isLost && line.port < 65_534
    isAtLine.set(from, line.isUnderstood)
    sent.push(one)
    if (!isLost) yield one
    if (!isLost && random.chance(15)) yield one
    if (random.chance(40)) yield acknowledgment(random, to, from)
    if (random.chance(10))
      yield complaint(to, from, random.pick([1, 3]), random.pick([28, 40]), random.pick(IDENTIFICATIONS))
    if (line.port !== 0 && random.chance(70)) yield* transfer(random, between, from, line.port, isHeard)
    if (random.chance(20)) yield random.pick(sent)
    if (isLost) yield one
  }
  if (random.chance(20)) yield segment(client, server, RST | (random.chance(50) ? ACK : 0))
  else {
    yield segment(client, server, FIN | ACK)
    yield segment(server, client, FIN | ACK)
    yield segment(client, server, ACK)
  }
}

/** Of all, or of less with blocks behind a gap, or with options that are malformed. */
function acknowledgment(random: Random, from: Side, to: Side): Entering {
  const shape = random.below(10)
  if (shape < 4) return segment(from, to, ACK)
  if (shape === 4) return segment(from, to, ACK, '', random.pick(MALFORMED))
  const edges = Array.from(
    { length: 2 * random.between(1, 3) },
    () => seenNext(to) - random.pick([0, 1, 5, 20, 30]),
  )
  return selective(from, to, seenNext(to) - random.pick([0, 1, 10, 25, 40]), edges)
}

/** The last one is not: what is behind the end of options is none. */
const MALFORMED = [
  [1, 5, 40, 0],
  [8, 1, 0, 0],
  [1, 1, 1, 5],
  [0, 5, 10, 9],
]

/** The other one connects to where `announcer` has said; to what was not announced nobody answers. */
function* transfer(
  random: Random,
  between: Translation,
  announcer: Side,
  port: number,
  isHeard: boolean,
): Talk {
  const isActive = announcer.isClient
  const [client, server] = isActive
    ? endsOf({ ...between, serverSeen: between.senderSeen ?? between.serverSeen }, port, 20, 20)
    : endsOf(between, 30_000 + port / 4, port + (random.chance(10) ? 1 : 0), port)
  const ends: Ends = isActive ? [server, client] : [client, server]
  if (!isHeard || random.chance(20)) {
    yield segment(ends[0], ends[1], SYN)
    return
  }
  yield* handshake(ends)
  const [from, to] = random.chance(50) ? ends : [ends[1], ends[0]]
  yield segment(from, to, ACK | PSH, 'PORT 10,0,0,2,4,1\r\n')
  yield segment(to, from, ACK)
}

function* request(random: Random, between: Translation, port: number): Talk {
  const [client, server] = endsOf(between, port, 69, 69)
  const opcode = random.between(0, 3)
  const first = udpFrame({ ...fieldsOf(client, server), payload: 12 })
  first.set([0, opcode], udp.payload(L4))
  udp.fillChecksum(first, L4, L3 + 12)
  yield enters(client, first)
  const [, answering] = endsOf(between, port, 40_000 + port, 40_000 + port)
  const other = random.chance(15) ? { ...client, seenPort: port + 1 } : client
  yield enters(server, udpFrame(fieldsOf(answering, other)))
  if (opcode === 0 || opcode === 3) return // no request, and this was no answer
  yield enters(client, udpFrame(fieldsOf(client, answering)))
  yield enters(server, udpFrame(fieldsOf(answering, client)))
}
