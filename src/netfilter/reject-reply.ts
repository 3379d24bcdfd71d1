/** What REJECT answers, as IPv4 packets (net/ipv4/netfilter/nf_reject_ipv4.c, icmp_send); Ethernet is the caller's. */
import * as checksums from '../wire/checksum.js'
import * as icmp from '../wire/icmp.js'
import * as ipv4 from '../wire/ipv4.js'
import * as tcp from '../wire/tcp.js'
import * as udp from '../wire/udp.js'
import { UNCHECKED } from './packet.js'
import type { Packet } from './packet.js'

/** Bytes that an answer has at most (RFC 1812 §4.3.2.3). */
export const LONGEST_REPLY = 576
const TTL = 64
/** The bits of the type of service that an error takes over (RFC 1349 §3). */
const TOS_MASK = 0x1e
/** Precedence "internetwork control": errors of the net go before its traffic (RFC 1812 §4.3.2.5). */
const ERROR_TOS = 0xc0

/** The last of the queries that start with TIMESTAMP_REQUEST (RFC 950). */
const ADDRESS_MASK_REPLY = 18
/** GRE, ESP, AH, SCTP, UDP-Lite: none, an optional one, or one of another kind. */
const WITHOUT_CHECKSUM = new Set([47, 50, 51, 132, 136])

const CODES: Record<string, number> = {
  'icmp-net-unreachable': icmp.NETWORK_UNREACHABLE,
  'icmp-host-unreachable': icmp.HOST_UNREACHABLE,
  'icmp-proto-unreachable': icmp.PROTOCOL_UNREACHABLE,
  'icmp-port-unreachable': icmp.PORT_UNREACHABLE,
  'icmp-net-prohibited': icmp.NETWORK_PROHIBITED,
  'icmp-host-prohibited': icmp.HOST_PROHIBITED,
  'icmp-admin-prohibited': icmp.COMMUNICATION_PROHIBITED,
}

/**
 * Writes a RST for the TCP segment at `at` of `b`; its bytes, or 0 where none is sent: for a fragment, for a RST,
 * for a checksum that is wrong. A first fragment's is, unless by chance: it covers what is not there.
 */
export function writeReset(packet: Packet, b: Uint8Array, at: number): number {
  const { bytes: o, l3, l4, end } = packet
  if (packet.fragmentOffset > 0 || packet.protocol !== tcp.PROTOCOL || l4 + tcp.HEADER_LENGTH > end) return 0
  const flags = tcp.flags(o, l4)
  if ((flags & tcp.RST) !== 0) return 0
  if (packet.checksum === UNCHECKED && !tcp.checksumIsRight(o, l4, end, ipv4.addresses(l3))) return 0
  const length = ipv4.HEADER_LENGTH + tcp.HEADER_LENGTH
  b.fill(0, at, at + length)
  writeHeader(b, at, length, tcp.PROTOCOL)
  ipv4.setFlags(b, at, ipv4.DONT_FRAGMENT)
  ipv4.setSource(b, at, packet.destination)
  ipv4.setDestination(b, at, packet.source)
  ipv4.fillChecksum(b, at)
  const t = at + ipv4.HEADER_LENGTH
  tcp.setSourcePort(b, t, tcp.destinationPort(o, l4))
  tcp.setDestinationPort(b, t, tcp.sourcePort(o, l4))
  tcp.setDataOffset(b, t, tcp.HEADER_LENGTH)
  if ((flags & tcp.ACK) !== 0) {
    tcp.setSequenceNumber(b, t, tcp.acknowledgmentNumber(o, l4))
    tcp.setFlags(b, t, tcp.RST)
  } else {
    // SYN and FIN count as one byte each. Not checked, as in the kernel: that the header is 20 bytes at least.
    const used = ((flags & tcp.SYN) === 0 ? 0 : 1) + ((flags & tcp.FIN) === 0 ? 0 : 1)
    const payload = end - l4 - tcp.dataOffset(o, l4)
    tcp.setAcknowledgmentNumber(b, t, tcp.sequenceNumber(o, l4) + used + payload)
    tcp.setFlags(b, t, tcp.RST | tcp.ACK)
  }
  tcp.fillChecksum(b, t, at + length, ipv4.addresses(at))
  return length
}

/**
 * Writes the ICMP error of this type from `source`; its bytes, or 0 where none is sent: about a later fragment,
 * about an ICMP error, about a checksum that is wrong. Options of the IPv4 header are not echoed: on a bridge the
 * kernel does not read them. The identification is 0, where the kernel has a random number.
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
  writeHeader(b, at, length, icmp.PROTOCOL)
  ipv4.setTos(b, at, (ipv4.tos(o, l3) & TOS_MASK) | ERROR_TOS)
  ipv4.setSource(b, at, source)
  ipv4.setDestination(b, at, packet.source)
  ipv4.fillChecksum(b, at)
  const i = at + ipv4.HEADER_LENGTH
  icmp.setType(b, i, icmp.DESTINATION_UNREACHABLE)
  icmp.setCode(b, i, CODES[type])
  for (let n = 0; n < quoted; n++) b[at + header + n] = o[l3 + n]
  icmp.fillChecksum(b, i, at + length)
  return length
}

/** What both have in common; the rest of the header is zero. */
function writeHeader(b: Uint8Array, at: number, length: number, protocol: number): void {
  ipv4.setVersion(b, at, 4)
  ipv4.setHeaderLength(b, at, ipv4.HEADER_LENGTH)
  ipv4.setTotalLength(b, at, length)
  ipv4.setTtl(b, at, TTL)
  ipv4.setProtocol(b, at, protocol)
}

/**
 * ICMP about ICMP is sent only about queries (RFC 1122 §3.2.2). The kernel takes everything else for an error, also
 * what is no error (router advertisements) and what nobody knows.
 */
function isError({ bytes: b, protocol, l4, end }: Packet): boolean {
  if (protocol !== icmp.PROTOCOL) return false
  if (l4 + 1 > end) return true
  const type = icmp.type(b, l4)
  const isQuery = type === icmp.ECHO_REPLY || type === icmp.ECHO_REQUEST
  return !isQuery && (type < icmp.TIMESTAMP_REQUEST || type > ADDRESS_MASK_REPLY)
}

/**
 * Whether the checksum of what IPv4 carries is right, as far as the kernel can tell (nf_reject_verify_csum): of a
 * protocol that it does not know it expects one over the whole payload, as that of ICMP.
 */
function checksumIsRight({ bytes: b, protocol, l3, l4, end, checksum }: Packet): boolean {
  if (checksum !== UNCHECKED || WITHOUT_CHECKSUM.has(protocol)) return true
  if (protocol === udp.PROTOCOL) {
    if (l4 + udp.HEADER_LENGTH > end) return false
    if (udp.checksum(b, l4) === 0) return true
  }
  const hasPseudoHeader = protocol === tcp.PROTOCOL || protocol === udp.PROTOCOL
  const length = end - l4 // also of UDP: its own length is not asked
  const sum = hasPseudoHeader ? checksums.pseudoHeader(b, ipv4.addresses(l3), protocol, length) : 0
  // No payload, and one that is all zeroes, sum to 0, which counts as right too.
  return checksums.add(sum, b, l4, length) % 0xffff === 0
}
