/** Frames composed for tests of the printer: between 10.0.0.2 and 10.0.0.1, with right lengths and checksums. */
import { ipv4At } from '../../src/wire/address.js'
import * as arp from '../../src/wire/arp.js'
import * as dhcp from '../../src/wire/dhcp.js'
import { writeOptions } from '../../src/wire/dhcp-options.js'
import * as icmp from '../../src/wire/icmp.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as sctp from '../../src/wire/sctp.js'
import * as tcp from '../../src/wire/tcp.js'
import * as udp from '../../src/wire/udp.js'
import { hex } from '../wire/hex.js'

const SOURCE = '080027005665'

export function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

/** A frame from 08:00:27:00:56:65; `between` stands between its addresses and the payload. */
export function frame(between: string, payload: Uint8Array, destination = 'fa163e2ce8ec'): Uint8Array {
  return join(hex(destination + SOURCE), hex(between), payload)
}

export interface DatagramOptions {
  /** IPv4 options, hexadecimal, a multiple of 4 bytes. */
  options?: string
  offset?: number
  more?: boolean
}

/** An IPv4 datagram whose payload gets the right checksum, unless it is a fragment. */
export function datagram(
  protocol: number,
  payload: Uint8Array,
  { options = '', offset = 0, more = false }: DatagramOptions = {},
): Uint8Array {
  const b = join(new Uint8Array(ipv4.HEADER_LENGTH), hex(options), payload)
  ipv4.setVersion(b, 0, 4)
  ipv4.setHeaderLength(b, 0, b.length - payload.length)
  ipv4.setTotalLength(b, 0, b.length)
  ipv4.setIdentification(b, 0, 4711)
  ipv4.setFragmentOffset(b, 0, offset)
  ipv4.setFlags(b, 0, more ? 1 : 0)
  ipv4.setTtl(b, 0, 64)
  ipv4.setProtocol(b, 0, protocol)
  ipv4.setSource(b, 0, 0x0a000002)
  ipv4.setDestination(b, 0, 0x0a000001)
  ipv4.fillChecksum(b, 0)
  const at = ipv4.payload(b, 0)
  if (!ipv4.isFragment(b, 0) && protocol === udp.PROTOCOL) udp.fillChecksum(b, at, ipv4.addresses(0))
  if (!ipv4.isFragment(b, 0) && protocol === tcp.PROTOCOL)
    tcp.fillChecksum(b, at, b.length, ipv4.addresses(0))
  if (!ipv4.isFragment(b, 0) && protocol === sctp.PROTOCOL) sctp.fillChecksum(b, at, b.length)
  if (!ipv4.isFragment(b, 0) && protocol === icmp.PROTOCOL) icmp.fillChecksum(b, at, b.length)
  return b
}

/** The datagram in a frame. */
export function ip(protocol: number, payload: Uint8Array, options?: DatagramOptions): Uint8Array {
  return frame('0800', datagram(protocol, payload, options))
}

export function udpOf(sourcePort: number, destinationPort: number, payload: Uint8Array): Uint8Array {
  const b = join(new Uint8Array(udp.HEADER_LENGTH), payload)
  udp.setSourcePort(b, 0, sourcePort)
  udp.setDestinationPort(b, 0, destinationPort)
  udp.setLength(b, 0, b.length)
  return b
}

/** A segment from port 1024 to 22, sequence number 0xfffffffe; options as hexadecimal, a multiple of 4 bytes. */
export function tcpOf(flags: number, payload: Uint8Array = new Uint8Array(0), options = ''): Uint8Array {
  const b = join(new Uint8Array(tcp.HEADER_LENGTH), hex(options), payload)
  tcp.setSourcePort(b, 0, 1024)
  tcp.setDestinationPort(b, 0, 22)
  tcp.setSequenceNumber(b, 0, 0xfffffffe)
  tcp.setAcknowledgmentNumber(b, 0, 7)
  tcp.setDataOffset(b, 0, b.length - payload.length)
  tcp.setFlags(b, 0, flags)
  tcp.setWindow(b, 0, 512)
  tcp.setUrgentPointer(b, 0, 3)
  return b
}

/** Type and code, the four bytes after the checksum, and what follows. */
export function icmpOf(
  type: number,
  code: number,
  rest: string,
  payload: Uint8Array = new Uint8Array(0),
): Uint8Array {
  return join(Uint8Array.of(type, code, 0, 0), hex(rest), payload)
}

/** An ARP packet of 10.0.0.1. */
export function arpOf(operation: number, tha: string): Uint8Array {
  const b = join(new Uint8Array(arp.PACKET_LENGTH))
  arp.writeRequest(b, 0, hex(SOURCE), 0, 0x0a000001, 0x0a000002)
  arp.setOperation(b, 0, operation)
  arp.setTha(b, 0, hex(tha), 0)
  return b
}

/** A DHCPOFFER of `length` bytes; options that find no room after the fixed part overload `file` and `sname`. */
export function offer(length: number, ...options: [code: number, data: string][]): Uint8Array {
  const b = new Uint8Array(length)
  dhcp.setOp(b, 0, dhcp.BOOTREPLY)
  dhcp.setHtype(b, 0, 1)
  dhcp.setHlen(b, 0, 6)
  dhcp.setXid(b, 0, 0x5a)
  dhcp.setFlags(b, 0, dhcp.BROADCAST)
  dhcp.setYiaddr(b, 0, ipv4At(hex('0a000002'), 0))
  dhcp.setChaddr(b, 0, hex(SOURCE), 0, 6)
  dhcp.setMagic(b, 0, dhcp.MAGIC)
  const written = [[53, '02'] as const, ...options].map(([code, data]) => ({ code, data: hex(data) }))
  if (writeOptions(b, 0, length, written) < 0) throw new Error('the options do not fit')
  return b
}

/** The text's bytes as hexadecimal. */
export function ascii(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex')
}

/** A pcap file with these frames in it, whole. */
export function pcapOf(frames: Uint8Array[]): Buffer {
  const header = Buffer.from(
    'd4c3b2a1 0200 0400 00000000 00000000 00000400 01000000'.replaceAll(' ', ''),
    'hex',
  )
  const records = frames.map((bytes) => {
    const record = Buffer.alloc(16)
    record.writeUInt32LE(bytes.length, 8)
    record.writeUInt32LE(bytes.length, 12)
    return Buffer.concat([record, bytes])
  })
  return Buffer.concat([header, ...records])
}
