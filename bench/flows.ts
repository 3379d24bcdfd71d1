/**
 * Packets of connections, for benchmarks: headers in one block of memory, one behind another, and a packet that is
 * filled with each. What stands in them is what senders would write, checksums included.
 */
import { describePacket } from '../src/netfilter/describe-packet.js'
import type { PacketFields } from '../src/netfilter/describe-packet.js'
import * as ethernet from '../src/wire/ethernet.js'
import * as ipv4 from '../src/wire/ipv4.js'
import * as tcp from '../src/wire/tcp.js'
import * as udp from '../src/wire/udp.js'

/** Where one frame's place begins after another; where the frame does in it, and where its IPv4 header. */
export const [STEP, FRAME_AT, L3] = [80, 2, 16]
const TCP_AT = ipv4.HEADER_LENGTH
const ADDRESSES = 12
/** The shift of the largest windows (RFC 7323 §2.3). */
const LARGEST_SHIFT = [3, 3, 14, 0]
const SERVER_PORT = 80
const CLIENTS = 0x0a000040

/** What opens the connections, and a round of what follows, which can go round again and again. */
export interface Flows {
  opening: Uint8Array
  round: Uint8Array
}

/** A connection of a client, by its number, with a server. */
interface Ends {
  client: number
  port: number
  server: number
}

/**
 * So many established connections with these servers, `each` packets of every one in a round, half of them back. Of
 * TCP there is data one way and acknowledgments the other: a round goes once through all sequence numbers, each
 * segment a step that the window allows, so that none is a repetition.
 */
export function flows(protocol: number, servers: readonly number[], each: number): Flows {
  const opening = servers.flatMap((server, i) => opened(protocol, { ...endsOf(i), server }))
  const round = Array.from({ length: each }, (_, k) =>
    servers.map((server, i) => following(protocol, { ...endsOf(i), server }, k, each)),
  )
  return { opening: oneBlock(opening), round: oneBlock(round.flat()) }
}

function endsOf(i: number): { client: number; port: number } {
  return { client: CLIENTS + (i % 64), port: 40_000 + i }
}

/** The first packets of so many connections to these servers, each of another port or client. */
export function firstPackets(count: number, servers: readonly number[]): Uint8Array {
  return oneBlock(
    Array.from({ length: count }, (_, i) => {
      const ends = {
        client: CLIENTS + (i >> 12),
        port: 10_000 + (i & 0xfff),
        server: servers[i % servers.length],
      }
      return segment(there(ends), tcp.SYN, 0, 0, LARGEST_SHIFT)
    }),
  )
}

function opened(protocol: number, ends: Ends): Uint8Array[] {
  if (protocol === udp.PROTOCOL) return [datagram(there(ends)), datagram(back(ends))]
  return [
    segment(there(ends), tcp.SYN, -1, 0, LARGEST_SHIFT),
    segment(back(ends), tcp.SYN | tcp.ACK, -1, 0, LARGEST_SHIFT),
    segment(there(ends), tcp.ACK, 0, 0),
  ]
}

function following(protocol: number, ends: Ends, k: number, each: number): Uint8Array {
  const isBack = k % 2 === 1
  if (protocol === udp.PROTOCOL) return datagram(isBack ? back(ends) : there(ends))
  const at = Math.floor(((k >> 1) * 2 ** 33) / each)
  const data = new Array<number>(20).fill(0x61)
  return isBack
    ? segment(back(ends), tcp.ACK, 0, at + data.length)
    : segment(there(ends), tcp.ACK | tcp.PSH, at, 0, [], data)
}

function there({ client, port, server }: Ends): PacketFields {
  return { source: client, destination: server, sourcePort: port, destinationPort: SERVER_PORT }
}

function back({ client, port, server }: Ends): PacketFields {
  return { source: server, destination: client, sourcePort: SERVER_PORT, destinationPort: port }
}

function datagram(fields: PacketFields): Uint8Array {
  return describePacket({ ...fields, protocol: udp.PROTOCOL }).bytes
}

function segment(
  fields: PacketFields,
  flags: number,
  seq: number,
  ack: number,
  options: readonly number[] = [],
  data: readonly number[] = [],
): Uint8Array {
  const { bytes } = describePacket({ ...fields, protocol: tcp.PROTOCOL, tcpFlags: flags })
  const end = TCP_AT + tcp.HEADER_LENGTH + options.length + data.length
  ipv4.setTotalLength(bytes, 0, end)
  ipv4.fillChecksum(bytes, 0)
  tcp.setDataOffset(bytes, TCP_AT, tcp.HEADER_LENGTH + options.length)
  tcp.setSequenceNumber(bytes, TCP_AT, seq)
  tcp.setAcknowledgmentNumber(bytes, TCP_AT, ack)
  tcp.setWindow(bytes, TCP_AT, 0xffff)
  bytes.set([...options, ...data], TCP_AT + tcp.HEADER_LENGTH)
  tcp.fillChecksum(bytes, TCP_AT, end, ADDRESSES)
  return bytes
}

function oneBlock(headers: readonly Uint8Array[]): Uint8Array {
  const block = new Uint8Array(headers.length * STEP)
  headers.forEach((header, i) => {
    block.set(header.subarray(0, STEP - L3), i * STEP + L3)
    ethernet.setEtherType(block, i * STEP + FRAME_AT, ethernet.IPV4)
  })
  return block
}
