/** A packet made of field values alone, to ask rules about. */
import * as icmp from '../wire/icmp.js'
import * as ipv4 from '../wire/ipv4.js'
import * as tcp from '../wire/tcp.js'
import * as udp from '../wire/udp.js'
import { Packet } from './packet.js'

/** Bytes of such a packet: its headers and a little payload. */
const LENGTH = 60

/** What it is; what is left out is as in the first packet of a connection. Addresses are unsigned. */
export interface PacketFields {
  source?: number
  destination?: number
  protocol?: number
  sourcePort?: number
  destinationPort?: number
  icmpType?: number
  /** FIN 1, SYN 2, RST 4 …; SYN where it is left out. */
  tcpFlags?: number
  ttl?: number
  tos?: number
}

/** The packet. It has no Ethernet header. */
export function describePacket(fields: PacketFields): Packet {
  const b = new Uint8Array(LENGTH)
  ipv4.setVersion(b, 0, 4)
  ipv4.setHeaderLength(b, 0, ipv4.HEADER_LENGTH)
  ipv4.setTos(b, 0, fields.tos ?? 0)
  ipv4.setTotalLength(b, 0, LENGTH)
  ipv4.setTtl(b, 0, fields.ttl ?? 64)
  ipv4.setProtocol(b, 0, fields.protocol ?? udp.PROTOCOL)
  ipv4.setSource(b, 0, fields.source ?? 0)
  ipv4.setDestination(b, 0, fields.destination ?? 0)
  ipv4.fillChecksum(b, 0)
  writeTransport(b, ipv4.HEADER_LENGTH, fields)
  const packet = new Packet()
  packet.read(b, -1, 0)
  return packet
}

function writeTransport(b: Uint8Array, at: number, fields: PacketFields): void {
  const protocol = ipv4.protocol(b, 0)
  if (protocol === icmp.PROTOCOL) {
    icmp.setType(b, at, fields.icmpType ?? icmp.ECHO_REQUEST)
    return icmp.fillChecksum(b, at, LENGTH)
  }
  udp.setSourcePort(b, at, fields.sourcePort ?? 40_000)
  udp.setDestinationPort(b, at, fields.destinationPort ?? 0)
  const addresses = 12
  if (protocol === udp.PROTOCOL) {
    udp.setLength(b, at, LENGTH - at)
    udp.fillChecksum(b, at, addresses)
  }
  if (protocol !== tcp.PROTOCOL) return
  tcp.setDataOffset(b, at, tcp.HEADER_LENGTH)
  tcp.setFlags(b, at, fields.tcpFlags ?? tcp.SYN)
  tcp.fillChecksum(b, at, LENGTH, addresses)
}
