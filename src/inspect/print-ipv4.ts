/** The parts of a printed IPv4 datagram that its header alone decides. */
import { formatIpv4 } from '../wire/address.js'
import * as ipv4 from '../wire/ipv4.js'
import * as ipv4Option from '../wire/ipv4-option.js'
import { PROTOCOL_NAMES } from '../wire/protocol.js'
import { BAD_CHECKSUM, OK, TRUNCATED } from '../wire/reason.js'
import * as sctp from '../wire/sctp.js'
import * as tcp from '../wire/tcp.js'
import * as udp from '../wire/udp.js'
import { marks, unreadable } from './text.js'
import type { Stretch } from './text.js'

/** Bytes of both ports, with which UDP, TCP and SCTP begin. */
const PORTS_LENGTH = 4

/** What an IPv4 datagram carries, its header read and known to be there. */
export interface Ipv4Payload extends Stretch {
  /** Where the IPv4 header stands. */
  readonly ip: number
  /** No fragment, and all there: a checksum over the payload can be judged. */
  readonly isWhole: boolean
}

/** `10.0.0.2.1024 > 10.0.0.3.9`; without the ports where there are none, or none any more. */
export function endpoints(s: Stretch): string {
  const { b, at } = s
  const [source, destination] = [formatIpv4(ipv4.source(b, at)), formatIpv4(ipv4.destination(b, at))]
  if (!hasPorts(s)) return `${source} > ${destination}`
  const transport = ipv4.payload(b, at)
  return `${source}.${udp.sourcePort(b, transport)} > ${destination}.${udp.destinationPort(b, transport)}`
}

function hasPorts({ b, at, end }: Stretch): boolean {
  const protocol = ipv4.protocol(b, at)
  if (![udp.PROTOCOL, tcp.PROTOCOL, sctp.PROTOCOL].includes(protocol)) return false
  if (ipv4.fragmentOffset(b, at) !== 0 || ipv4.payloadLength(b, at) < PORTS_LENGTH) return false
  return ipv4.payload(b, at) + PORTS_LENGTH <= end
}

/** The protocol as /etc/protocols names it, else `ip-proto-253`. */
export function protocolText(protocol: number): string {
  return PROTOCOL_NAMES.get(protocol) ?? `ip-proto-${protocol}`
}

/** The datagram that an ICMP error is about, in brief. It is cut short on purpose: only its header is judged. */
export function printQuoted(s: Stretch): string {
  const reason = ipv4.checkHeader(s.b, s.at, s.end)
  if (reason !== OK) return `IP ${unreadable('ipv4', reason, s)}`
  return `IP ${endpoints(s)}: ${protocolText(ipv4.protocol(s.b, s.at))}${fragmentText(s)}`
}

/** `, frag id 4711 offset 1480+`, the plus for more to follow; nothing for a whole datagram. */
export function fragmentText({ b, at }: Stretch): string {
  if (!ipv4.isFragment(b, at)) return ''
  const more = ipv4.moreFragments(b, at) ? '+' : ''
  return `, frag id ${ipv4.identification(b, at)} offset ${ipv4.fragmentOffset(b, at)}${more}`
}

/** `, IP options [RR,NOP]`; nothing without options. */
export function optionsText({ b, at }: Stretch): string {
  const names: string[] = []
  for (let o = ipv4Option.first(b, at); o !== -1; o = ipv4Option.next(b, at, o))
    names.push(ipv4Option.OPTION_NAMES.get(ipv4Option.type(b, o)) ?? `option-${ipv4Option.type(b, o)}`)
  return names.length === 0 ? '' : `, IP options [${names.join(',')}]`
}

/** What is wrong with a header that could be read. */
export function headerMarks({ b, at, wireEnd }: Stretch): string {
  return marks(
    'ipv4',
    ipv4.checksumIsRight(b, at) ? OK : BAD_CHECKSUM,
    at + ipv4.totalLength(b, at) > wireEnd ? TRUNCATED : OK,
    ipv4Option.check(b, at),
  )
}
