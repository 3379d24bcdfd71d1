/** What REJECT answers, as IPv4 packets (net/ipv4/netfilter/nf_reject_ipv4.c, icmp_send); Ethernet is the caller's. */
import * as checksums from '../wire/checksum.js'
import * as icmp from '../wire/icmp.js'
import * as ipv4 from '../wire/ipv4.js'
import * as tcp from '../wire/tcp.js'
import * as udp from '../wire/udp.js'
import type { Packet } from './packet.js'

/** Bytes that an answer has at most (RFC 1812 §4.3.2.3). */
export const LONGEST_REPLY = 576
const DONT_FRAGMENT = 2
const TTL = 64
/** Precedence "internetwork control": errors of the net go before its traffic (RFC 1812 §4.3.2.5). */
const ERROR_TOS = 0xc0

const CODES: Record<string, number> = {
  'icmp-net-unreachable': icmp.NETWORK_UNREACHABLE,
  'icmp-host-unreachable': icmp.HOST_UNREACHABLE,
  'icmp-proto-unreachable': icmp.PROTOCOL_UNREACHABLE,
  'icmp-port-unreachable': icmp.PORT_UNREACHABLE,
  'icmp-net-prohibited': 9,
  'icmp-host-prohibited': 10,
  'icmp-admin-prohibited': 13,
}

/**
 * Writes a RST for the TCP segment at `at` of `b`; its bytes, or 0 where none is sent: for a fragment, for a RST,
 * for a checksum that is wrong.
 */
export function writeReset(packet: Packet, b: Uint8Array, at: number): number {
  const { bytes: o, l3, l4, end } = packet
  if (packet.fragmentOffset > 0 || packet.protocol !== tcp.PROTOCOL || l4 + tcp.HEADER_LENGTH > end) return 0
  const flags = tcp.flags(o, l4)
  if ((flags & tcp.RST) !== 0 || !tcp.checksumIsRight(o, l4, end, l3 + 12)) return 0
  const length = ipv4.HEADER_LENGTH + tcp.HEADER_LENGTH
  b.fill(0, at, at + length)
  writeHeader(b, at, {
    length,
    protocol: tcp.PROTOCOL,
    tos: 0,
    source: packet.destination,
    destination: packet.source,
  })
  ipv4.setFlags(b, at, DONT_FRAGMENT)
  ipv4.fillChecksum(b, at)
  const t = at + ipv4.HEADER_LENGTH
  tcp.setSourcePort(b, t, tcp.destinationPort(o, l4))
  tcp.setDestinationPort(b, t, tcp.sourcePort(o, l4))
  tcp.setDataOffset(b, t, tcp.HEADER_LENGTH)
  if ((flags & tcp.ACK) !== 0) {
    tcp.setSequenceNumber(b, t, tcp.acknowledgmentNumber(o, l4))
    tcp.setFlags(b, t, tcp.RST)
  } else {
    const used = Number((flags & tcp.SYN) !== 0) + Number((flags & tcp.FIN) !== 0)
    const payload = end - l4 - tcp.dataOffset(o, l4)
    tcp.setAcknowledgmentNumber(b, t, (tcp.sequenceNumber(o, l4) + used + payload) >>> 0)
    tcp.setFlags(b, t, tcp.RST | tcp.ACK)
  }
  tcp.fillChecksum(b, t, at + length, at + 12)
  return length
}

/**
 * Writes the ICMP error of this type from `source`; its bytes, or 0 where none is sent: about a later fragment,
 * about an ICMP error, about a checksum that is wrong.
 */
export function writeUnreachable(
  packet: Packet,
  type: string,
  source: number,
  b: Uint8Array,
  at: number,
): number {
  const { bytes: o, l3, end } = packet
  if (packet.fragmentOffset > 0 || isError(packet) || !checksumIsRight(packet)) return 0
  const header = ipv4.HEADER_LENGTH + icmp.HEADER_LENGTH
  const quoted = Math.min(end - l3, LONGEST_REPLY - header)
  const length = header + quoted
  b.fill(0, at, at + header)
  const tos = (ipv4.tos(o, l3) & 0x1e) | ERROR_TOS
  writeHeader(b, at, { length, protocol: icmp.PROTOCOL, tos, source, destination: packet.source })
  ipv4.fillChecksum(b, at)
  const i = at + ipv4.HEADER_LENGTH
  icmp.setType(b, i, icmp.DESTINATION_UNREACHABLE)
  icmp.setCode(b, i, CODES[type])
  b.set(o.subarray(l3, l3 + quoted), at + header)
  icmp.fillChecksum(b, i, at + length)
  return length
}

interface ReplyHeader {
  length: number
  protocol: number
  tos: number
  source: number
  destination: number
}

function writeHeader(b: Uint8Array, at: number, header: ReplyHeader): void {
  ipv4.setVersion(b, at, 4)
  ipv4.setHeaderLength(b, at, ipv4.HEADER_LENGTH)
  ipv4.setTos(b, at, header.tos)
  ipv4.setTotalLength(b, at, header.length)
  ipv4.setTtl(b, at, TTL)
  ipv4.setProtocol(b, at, header.protocol)
  ipv4.setSource(b, at, header.source)
  ipv4.setDestination(b, at, header.destination)
}

/** ICMP about ICMP is sent only about queries (RFC 1122 §3.2.2). */
function isError({ bytes: b, protocol, l4, end }: Packet): boolean {
  if (protocol !== icmp.PROTOCOL) return false
  if (l4 + 1 > end) return true
  const type = icmp.type(b, l4)
  const { DESTINATION_UNREACHABLE, SOURCE_QUENCH, REDIRECT, TIME_EXCEEDED, PARAMETER_PROBLEM } = icmp
  return (
    [DESTINATION_UNREACHABLE, SOURCE_QUENCH, REDIRECT, TIME_EXCEEDED, PARAMETER_PROBLEM].includes(type) ||
    type > 18
  )
}

/** Of TCP, UDP and ICMP; a fragment's cannot be known, and other protocols' are not looked at. */
function checksumIsRight({ bytes: b, protocol, l3, l4, end }: Packet): boolean {
  if (ipv4.moreFragments(b, l3)) return true
  if (protocol === tcp.PROTOCOL)
    return l4 + tcp.HEADER_LENGTH <= end && tcp.checksumIsRight(b, l4, end, l3 + 12)
  if (protocol === icmp.PROTOCOL) return checksums.compute(b, l4, end - l4) === 0
  if (protocol !== udp.PROTOCOL) return true
  if (l4 + udp.HEADER_LENGTH > end) return false
  return udp.checksum(b, l4) === 0 || udp.checksumIsRight(b, l4, l3 + 12)
}
