/** IPv4 packets for tests of rules, in Ethernet frames. */
import { parseIpv4, parseMac } from '../../src/wire/address.js'
import * as icmp from '../../src/wire/icmp.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as sctp from '../../src/wire/sctp.js'
import * as tcp from '../../src/wire/tcp.js'
import * as udp from '../../src/wire/udp.js'

export interface FrameFields {
  source?: string
  destination?: string
  /** MAC addresses. */
  from?: string
  to?: string
  sport?: number
  dport?: number
  ttl?: number
  identification?: number
  /** Bytes behind the transport header. */
  payload?: number
  /** Zeroes behind the datagram, as short frames have them. */
  padding?: number
}

const ETHERNET = 14

/** A UDP datagram. */
export function udpFrame(fields: FrameFields = {}): Uint8Array {
  const b = ip(udp.PROTOCOL, udp.HEADER_LENGTH, fields)
  const at = ETHERNET + ipv4.HEADER_LENGTH
  udp.setSourcePort(b, at, fields.sport ?? 1000)
  udp.setDestinationPort(b, at, fields.dport ?? 53)
  udp.setLength(b, at, udp.HEADER_LENGTH + (fields.payload ?? 0))
  udp.fillChecksum(b, at, ETHERNET + 12)
  return b
}

/** A TCP segment with these flags. */
export function tcpFrame(flags: number, fields: FrameFields = {}): Uint8Array {
  const b = ip(tcp.PROTOCOL, tcp.HEADER_LENGTH, fields)
  const at = ETHERNET + ipv4.HEADER_LENGTH
  tcp.setSourcePort(b, at, fields.sport ?? 1000)
  tcp.setDestinationPort(b, at, fields.dport ?? 80)
  tcp.setDataOffset(b, at, tcp.HEADER_LENGTH)
  tcp.setFlags(b, at, flags)
  tcp.fillChecksum(b, at, b.length - (fields.padding ?? 0), ETHERNET + 12)
  return b
}

/** An SCTP packet with this verification tag and these chunks, which the payload is. */
export function sctpFrame(
  verificationTag: number,
  chunks: readonly number[],
  fields: FrameFields = {},
): Uint8Array {
  const b = ip(sctp.PROTOCOL, sctp.HEADER_LENGTH, { ...fields, payload: chunks.length })
  const at = ETHERNET + ipv4.HEADER_LENGTH
  sctp.setSourcePort(b, at, fields.sport ?? 1000)
  sctp.setDestinationPort(b, at, fields.dport ?? 80)
  sctp.setVerificationTag(b, at, verificationTag)
  b.set(chunks, sctp.firstChunk(at))
  sctp.fillChecksum(b, at, b.length - (fields.padding ?? 0))
  return b
}

/** An ICMP message of this type and code. */
export function icmpFrame(type: number, code: number, fields: FrameFields = {}): Uint8Array {
  const b = ip(icmp.PROTOCOL, icmp.HEADER_LENGTH, fields)
  const at = ETHERNET + ipv4.HEADER_LENGTH
  icmp.setType(b, at, type)
  icmp.setCode(b, at, code)
  icmp.fillChecksum(b, at, b.length - (fields.padding ?? 0))
  return b
}

function ip(protocol: number, header: number, fields: FrameFields): Uint8Array {
  const { payload = 0, padding = 0, from = '02:00:00:00:00:01', to = '02:00:00:00:00:02' } = fields
  const total = ipv4.HEADER_LENGTH + header + payload
  const b = new Uint8Array(ETHERNET + total + padding)
  b.set([...parseMac(to)!, ...parseMac(from)!, 0x08, 0x00])
  ipv4.setVersion(b, ETHERNET, 4)
  ipv4.setHeaderLength(b, ETHERNET, ipv4.HEADER_LENGTH)
  ipv4.setTotalLength(b, ETHERNET, total)
  ipv4.setIdentification(b, ETHERNET, fields.identification ?? 0)
  ipv4.setTtl(b, ETHERNET, fields.ttl ?? 64)
  ipv4.setProtocol(b, ETHERNET, protocol)
  ipv4.setSource(b, ETHERNET, parseIpv4(fields.source ?? '10.0.0.1')!)
  ipv4.setDestination(b, ETHERNET, parseIpv4(fields.destination ?? '10.0.0.2')!)
  ipv4.fillChecksum(b, ETHERNET)
  return b
}
