/** IPv4 datagrams with all they carry, and IPv6 datagrams in brief. */
import * as icmp from '../wire/icmp.js'
import * as ipv4 from '../wire/ipv4.js'
import * as ipv6 from '../wire/ipv6.js'
import { BAD_LENGTH, BAD_VERSION, OK, TRUNCATED } from '../wire/reason.js'
import * as sctp from '../wire/sctp.js'
import * as tcp from '../wire/tcp.js'
import * as udp from '../wire/udp.js'
import { printIcmp } from './print-icmp.js'
import { endpoints, fragmentText, headerMarks, optionsText, protocolText } from './print-ipv4.js'
import type { Ipv4Payload } from './print-ipv4.js'
import { printSctp } from './print-sctp.js'
import { printTcp, printUdp } from './print-transport.js'
import { has, marks, part, unreadable, wireLength } from './text.js'
import type { Stretch } from './text.js'

const PROTOCOLS = new Map([
  [icmp.PROTOCOL, printIcmp],
  [tcp.PROTOCOL, printTcp],
  [udp.PROTOCOL, printUdp],
  [sctp.PROTOCOL, printSctp],
])

/** `IP 10.0.0.2 > 10.0.0.1: …`. What is behind the total length is padding. */
export function printIpv4(s: Stretch): string {
  const { b, at } = s
  const reason = ipv4.checkHeader(b, at, s.end)
  if (reason !== OK) return `IP ${unreadable('ipv4', reason, s)}`
  const heading = `IP ${endpoints(s)}:`
  const ending = fragmentText(s) + optionsText(s) + headerMarks(s)
  if (ipv4.payloadLength(b, at) < 0) return `${heading} ${unreadable('ipv4', BAD_LENGTH, s)}${ending}`
  return `${heading} ${printPayload(payloadOf(s))}${ending}`
}

/** What the total length says is the payload, as far as the frame has it. */
function payloadOf(s: Stretch): Ipv4Payload {
  const { b, at } = s
  const end = at + ipv4.totalLength(b, at)
  const isWhole = !ipv4.isFragment(b, at) && end <= s.end
  return { ...part(s, ipv4.payload(b, at), end), ip: at, isWhole }
}

/** Only the first fragment has a header to be read. */
function printPayload(s: Ipv4Payload): string {
  const protocol = ipv4.protocol(s.b, s.ip)
  const print = ipv4.fragmentOffset(s.b, s.ip) === 0 ? PROTOCOLS.get(protocol) : undefined
  return print === undefined ? `${protocolText(protocol)}, length ${wireLength(s)}` : print(s)
}

/** `IP6 fe80::1 > ff02::2: ipv6-icmp, length 16`: the length is that of all that follows the header. */
export function printIpv6(s: Stretch): string {
  const { b, at } = s
  if (!has(s, ipv6.HEADER_LENGTH)) return `IP6 ${unreadable('ipv6', TRUNCATED, s)}`
  const reason = ipv6.check(b, at, s.wireEnd)
  if (reason === BAD_VERSION) return `IP6 ${unreadable('ipv6', reason, s)}`
  const source = ipv6.formatAddress(b, ipv6.source(at))
  const destination = ipv6.formatAddress(b, ipv6.destination(at))
  const protocol = protocolText(ipv6.nextHeader(b, at))
  return `IP6 ${source} > ${destination}: ${protocol}, length ${ipv6.payloadLength(b, at)}${marks('ipv6', reason)}`
}
