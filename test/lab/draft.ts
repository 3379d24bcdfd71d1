/** A frame as fields, before it is bytes. */
import { parseIpv4, parseMac } from '../../src/wire/address.js'
import * as checksums from '../../src/wire/checksum.js'
import * as icmp from '../../src/wire/icmp.js'
import * as ipv4 from '../../src/wire/ipv4.js'
import * as sctp from '../../src/wire/sctp.js'
import * as tcp from '../../src/wire/tcp.js'
import * as udp from '../../src/wire/udp.js'

/** An IPv4 packet in an Ethernet frame. */
export interface Draft {
  /** Port of the bridge that it enters by. */
  port: string
  /** MAC addresses. */
  from: string
  to: string
  source: string
  destination: string
  protocol: number
  sport: number
  dport: number
  /** TCP. */
  flags: number
  sequenceNumber: number
  acknowledgmentNumber: number
  window: number
  tcpOptions: number[]
  /** SCTP; its payload is chunks. */
  verificationTag: number
  /** ICMP. */
  type: number
  code: number
  identifier: number
  ttl: number
  tos: number
  /** What is behind the transport header. */
  payload: Uint8Array
  ipOptions: number[]
  identification: number
  /** In bytes. */
  fragmentOffset: number
  moreFragments: boolean
  /** Bytes behind the datagram. */
  padding: number
  /** Bytes at the end of the datagram that its total length leaves out: they are there as padding is. */
  cut: number
  /** Tags around it: protocol and what it carries. */
  tags: Array<readonly [protocol: number, control: number]>
}

const ETHERNET = 14
/** Bytes behind the Ethernet header, tags included. */
const MTU = 1500

/** The frame; all checksums are right, the transport's for the datagram as it is before it is cut. */
export function frameOf(draft: Draft): Uint8Array {
  const options = padded(draft.ipOptions)
  const header = ipv4.HEADER_LENGTH + options.length
  const transport = transportOf(draft).subarray(0, MTU - header - 4 * draft.tags.length)
  const padding = Math.min(draft.padding, MTU - header - 4 * draft.tags.length - transport.length)
  const b = new Uint8Array(ETHERNET + header + transport.length + padding)
  b.set([...parseMac(draft.to)!, ...parseMac(draft.from)!, 0x08, 0x00])
  b.set(options, ETHERNET + ipv4.HEADER_LENGTH)
  b.set(transport, ETHERNET + header)
  fillHeader(b, draft, header, Math.max(header, header + transport.length - draft.cut))
  if (draft.fragmentOffset === 0)
    fillTransport(b, draft, ETHERNET + header, ETHERNET + header + transport.length)
  return tagged(b, draft.tags)
}

function fillHeader(b: Uint8Array, draft: Draft, header: number, total: number): void {
  ipv4.setVersion(b, ETHERNET, 4)
  ipv4.setHeaderLength(b, ETHERNET, header)
  ipv4.setTos(b, ETHERNET, draft.tos)
  ipv4.setTotalLength(b, ETHERNET, total)
  ipv4.setIdentification(b, ETHERNET, draft.identification)
  ipv4.setFlags(b, ETHERNET, draft.moreFragments ? 1 : 0)
  ipv4.setFragmentOffset(b, ETHERNET, draft.fragmentOffset)
  ipv4.setTtl(b, ETHERNET, draft.ttl)
  ipv4.setProtocol(b, ETHERNET, draft.protocol)
  ipv4.setSource(b, ETHERNET, parseIpv4(draft.source)!)
  ipv4.setDestination(b, ETHERNET, parseIpv4(draft.destination)!)
  ipv4.fillChecksum(b, ETHERNET)
}

/** A later fragment begins with data. */
function transportOf({ protocol, fragmentOffset, tcpOptions, payload }: Draft): Uint8Array {
  if (fragmentOffset > 0) return payload
  const header = protocol === tcp.PROTOCOL ? tcp.HEADER_LENGTH + padded(tcpOptions).length : HEADERS[protocol]
  return Uint8Array.from([...new Uint8Array(header ?? 0), ...payload])
}

const HEADERS: Readonly<Record<number, number>> = {
  [udp.PROTOCOL]: udp.HEADER_LENGTH,
  [icmp.PROTOCOL]: icmp.HEADER_LENGTH,
  [sctp.PROTOCOL]: sctp.HEADER_LENGTH,
}

function fillTransport(b: Uint8Array, draft: Draft, at: number, end: number): void {
  if (draft.protocol === tcp.PROTOCOL) fillTcp(b, draft, at, end)
  if (draft.protocol === udp.PROTOCOL) {
    udp.setSourcePort(b, at, draft.sport)
    udp.setDestinationPort(b, at, draft.dport)
    udp.setLength(b, at, end - at)
    udp.fillChecksum(b, at, ETHERNET + 12)
  }
  if (draft.protocol === sctp.PROTOCOL) {
    sctp.setSourcePort(b, at, draft.sport)
    sctp.setDestinationPort(b, at, draft.dport)
    sctp.setVerificationTag(b, at, draft.verificationTag)
    sctp.fillChecksum(b, at, end)
  }
  if (draft.protocol === icmp.PROTOCOL) {
    icmp.setType(b, at, draft.type)
    icmp.setCode(b, at, draft.code)
    icmp.setIdentifier(b, at, draft.identifier)
    icmp.fillChecksum(b, at, end)
  }
}

function fillTcp(b: Uint8Array, draft: Draft, at: number, end: number): void {
  const options = padded(draft.tcpOptions)
  tcp.setSourcePort(b, at, draft.sport)
  tcp.setDestinationPort(b, at, draft.dport)
  tcp.setSequenceNumber(b, at, draft.sequenceNumber)
  tcp.setAcknowledgmentNumber(b, at, draft.acknowledgmentNumber)
  tcp.setDataOffset(b, at, tcp.HEADER_LENGTH + options.length)
  tcp.setFlags(b, at, draft.flags)
  tcp.setWindow(b, at, draft.window)
  b.set(options, at + tcp.HEADER_LENGTH)
  tcp.fillChecksum(b, at, end, ETHERNET + 12)
}

/** Options fill whole words; the rest is ends of the list. */
function padded(options: number[]): number[] {
  return [...options, ...new Array<number>((4 - (options.length % 4)) % 4).fill(0)]
}

function tagged(b: Uint8Array, tags: Draft['tags']): Uint8Array {
  const inserted = tags.flatMap(([protocol, control]) => [
    protocol >> 8,
    protocol & 255,
    control >> 8,
    control & 255,
  ])
  return Uint8Array.from([...b.subarray(0, 12), ...inserted, ...b.subarray(12)])
}

/** Makes the header's checksum right again after its bytes were changed; the length of the header must be sane. */
export function mendHeader(b: Uint8Array): void {
  b[ETHERNET + 10] = b[ETHERNET + 11] = 0
  const length = Math.min((b[ETHERNET] & 15) * 4, b.length - ETHERNET)
  const sum = checksums.compute(b, ETHERNET, length)
  b[ETHERNET + 10] = sum >> 8
  b[ETHERNET + 11] = sum & 255
}

/** A UDP datagram from 10.0.0.2 to 10.0.0.3, entering by eth2; fields can be given. */
export function draftOf(fields: Partial<Draft>): Draft {
  return {
    port: 'eth2',
    from: '02:00:00:00:00:02',
    to: '02:00:00:00:00:03',
    source: '10.0.0.2',
    destination: '10.0.0.3',
    protocol: udp.PROTOCOL,
    sport: 1000,
    dport: 53,
    flags: tcp.SYN,
    sequenceNumber: 0x01020304,
    acknowledgmentNumber: 0xf1f2f3f4,
    window: 0x2000,
    tcpOptions: [],
    verificationTag: 0,
    type: icmp.ECHO_REQUEST,
    code: 0,
    identifier: 0,
    ttl: 64,
    tos: 0,
    payload: new Uint8Array(0),
    ipOptions: [],
    identification: 1,
    fragmentOffset: 0,
    moreFragments: false,
    padding: 0,
    cut: 0,
    tags: [],
    ...fields,
  }
}
