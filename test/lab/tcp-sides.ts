/** Two who talk TCP with NAT between them: each numbers and acknowledges as it sees the other. */
import * as icmp from '../../src/wire/icmp.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as tcp from '../../src/wire/tcp.js'
import { icmpFrame, tcpFrame } from '../netfilter/frames.js'
import type { Entering } from './bridge-under-test.js'
import { CLIENT_ADDRESS, SERVER_ADDRESS } from './translations.js'
import type { Translation } from './translations.js'
import { STATIONS, home } from './values.js'

const [L3, L4, QUOTED] = [14, 34, 42]
const { ACK, FIN, SYN } = tcp

/** Who talks: as itself, and as the other one sees it. */
export interface Side {
  readonly isClient: boolean
  readonly station: string
  readonly address: string
  readonly seen: string
  readonly port: number
  readonly seenPort: number
  /** The sequence number of what it sends next, and how much longer than that it was by then for who got it. */
  next: number
  growth: number
}

/** The two. */
export type Ends = readonly [client: Side, server: Side]

/** Two who have said nothing yet; the client's numbers wrap soon. */
export function endsOf(between: Translation, clientPort: number, serverPort: number, seenPort: number): Ends {
  const begun = { next: 0xffff_ff80, growth: 0 }
  return [
    {
      ...begun,
      isClient: true,
      station: STATIONS[0],
      address: CLIENT_ADDRESS,
      seen: between.clientSeen,
      port: clientPort,
      seenPort: clientPort,
    },
    {
      ...begun,
      next: 5000,
      isClient: false,
      station: STATIONS[1],
      address: SERVER_ADDRESS,
      seen: between.serverSeen,
      port: serverPort,
      seenPort,
    },
  ]
}

/** A frame of this one. */
export const enters = (from: Side, frame: Uint8Array): Entering => ({ port: home(from.station), frame })

/** What of a frame says where it is from and where it goes. */
export function fieldsOf(from: Side, to: Side): Parameters<typeof tcpFrame>[1] {
  return {
    source: from.address,
    destination: to.seen,
    from: from.station,
    to: to.station,
    sport: from.port,
    dport: to.seenPort,
  }
}

/** The number of what it sends next, for who gets it. */
export const seenNext = ({ next, growth }: Side): number => (next + growth) >>> 0

/** What `from` sends next. `longer`: by how much it is for who gets it. */
export function segment(
  from: Side,
  to: Side,
  flags: number,
  text = '',
  options: readonly number[] = [],
  longer = 0,
): Entering {
  const frame = tcpFrame(flags, { ...fieldsOf(from, to), payload: options.length + text.length })
  tcp.setDataOffset(frame, L4, tcp.HEADER_LENGTH + options.length)
  frame.set(options, L4 + tcp.HEADER_LENGTH)
  frame.set(Buffer.from(text, 'latin1'), tcp.payload(frame, L4))
  tcp.setSequenceNumber(frame, L4, from.next)
  if ((flags & ACK) !== 0) tcp.setAcknowledgmentNumber(frame, L4, seenNext(to))
  tcp.setWindow(frame, L4, 8000)
  tcp.fillChecksum(frame, L4, frame.length, L3 + 12)
  from.next = (from.next + text.length + ((flags & (SYN | FIN)) === 0 ? 0 : 1)) >>> 0
  from.growth += longer
  return enters(from, frame)
}

/** Options of a SYN. */
const SACK_PERMITTED = [1, 1, 4, 2]

/** Of the one who begins, and the other one. */
export function* handshake([first, second]: Ends): Generator<Entering, void> {
  yield segment(first, second, SYN, '', SACK_PERMITTED)
  yield segment(second, first, SYN | ACK, '', SACK_PERMITTED)
  yield segment(first, second, ACK)
}

/** An acknowledgment of all before `ack`, with blocks of what came behind it; numbers as the other side's are seen. */
export function selective(from: Side, to: Side, ack: number, edges: readonly number[]): Entering {
  const blocks = edges.flatMap((edge) => [edge >>> 24, (edge >>> 16) & 255, (edge >>> 8) & 255, edge & 255])
  return segment(from, { ...to, next: ack, growth: 0 }, ACK, '', [1, 1, 5, blocks.length + 2, ...blocks])
}

/** An ICMP error because of what `to` has sent, of which so many bytes are quoted as `from` has got it. */
export function complaint(
  from: Side,
  to: Side,
  code: number,
  kept: number,
  identification: number,
): Entering {
  const quoted = tcpFrame(ACK, {
    source: to.seen,
    destination: from.address,
    sport: to.seenPort,
    dport: from.port,
    identification,
  }).slice(L3)
  tcp.setSequenceNumber(quoted, ipv4.HEADER_LENGTH, seenNext(to))
  const frame = icmpFrame(3, code, { ...fieldsOf(from, to), payload: kept })
  frame.set(quoted.subarray(0, kept), QUOTED)
  icmp.fillChecksum(frame, L4, frame.length)
  return enters(from, frame)
}
