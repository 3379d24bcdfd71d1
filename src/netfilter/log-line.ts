/**
 * The line that `-j LOG` writes, in the kernel's form (nf_log_syslog, as of Linux 6.18): names and values with a
 * space behind each, as people's scripts expect it.
 */
import type { Packet } from './packet.js'
import { formatIpv4, formatMac } from '../wire/address.js'
import * as ethernet from '../wire/ethernet.js'
import * as icmp from '../wire/icmp.js'
import * as ipv4 from '../wire/ipv4.js'
import * as tcp from '../wire/tcp.js'
import * as udp from '../wire/udp.js'

const UDPLITE = 136
const AH = 51
const AH_LENGTH = 12
const ESP = 50
const ESP_LENGTH = 8

/** What is told beside the headers' main fields. */
export interface LogDetails {
  tcpSequence: boolean
  tcpOptions: boolean
  ipOptions: boolean
  macDecode: boolean
}

/** A part of the line. */
interface Part {
  text: string
  /** The kernel stops where this part stops: the mark is not told. */
  isCut: boolean
}

/** Everything behind the prefix; ends with a space, as the kernel's lines do. */
export function logLine(packet: Packet, details: LogDetails): string {
  const { inInterface, outInterface, physicalIn, physicalOut, mark } = packet
  const ports =
    (physicalIn === '' || physicalIn === inInterface ? '' : `PHYSIN=${physicalIn} `) +
    (physicalOut === '' || physicalOut === outInterface ? '' : `PHYSOUT=${physicalOut} `)
  const { text, isCut } = ipPart(packet, packet.l3, packet.end, details)
  const marked = mark === 0 || isCut ? '' : `MARK=0x${mark.toString(16)} `
  return `IN=${inInterface} OUT=${outInterface} ${ports}${macText(packet, details)}${text}${marked}`
}

/** The Ethernet header of what came in by an interface. */
function macText({ bytes: b, frame, inInterface }: Packet, { macDecode }: LogDetails): string {
  if (inInterface === '' || frame < 0) return ''
  if (!macDecode) return `MAC=${bytesText(b, frame, ethernet.HEADER_LENGTH, ':')} `
  const from = formatMac(b, ethernet.source(frame))
  const to = formatMac(b, ethernet.destination(frame))
  const type = ethernet.etherType(b, frame).toString(16).padStart(4, '0')
  return `MACSRC=${from} MACDST=${to} MACPROTO=${type} `
}

/** An IPv4 header and what is behind it, also one that an ICMP error quotes. */
function ipPart(packet: Packet, l3: number, end: number, details: LogDetails): Part {
  const { bytes: b } = packet
  const tos = ipv4.tos(b, l3)
  const flags = ipv4.flags(b, l3)
  const fragment = ipv4.fragmentOffset(b, l3)
  const options = details.ipOptions ? hexText(b, l3 + ipv4.HEADER_LENGTH, ipv4.payload(b, l3), end) : ''
  const header = [
    `SRC=${formatIpv4(ipv4.source(b, l3))} DST=${formatIpv4(ipv4.destination(b, l3))} `,
    `LEN=${ipv4.totalLength(b, l3)} TOS=0x${hex2(tos & 0x1e)} PREC=0x${hex2(tos & 0xe0)} `,
    `TTL=${ipv4.ttl(b, l3)} ID=${ipv4.identification(b, l3)} `,
    `${(flags & 4) === 0 ? '' : 'CE '}${(flags & 2) === 0 ? '' : 'DF '}${(flags & 1) === 0 ? '' : 'MF '}`,
    fragment === 0 ? '' : `FRAG:${fragment >> 3} `, // in the header's units of 8 bytes
  ].join('')
  if (options === null) return { text: `${header}TRUNCATED`, isCut: true }
  const { text, isCut } = protocolPart(packet, l3, end, details)
  return { text: `${header}${options === '' ? '' : `OPT (${options}) `}${text}`, isCut }
}

function protocolPart(packet: Packet, l3: number, end: number, details: LogDetails): Part {
  const { bytes: b } = packet
  const l4 = ipv4.payload(b, l3)
  const isLater = ipv4.fragmentOffset(b, l3) > 0
  switch (ipv4.protocol(b, l3)) {
    case tcp.PROTOCOL:
      return isLater ? whole('PROTO=TCP ') : tcpPart(b, l4, end, details)
    case udp.PROTOCOL:
      return isLater ? whole('PROTO=UDP ') : udpPart(b, l4, end, 'UDP')
    case UDPLITE:
      return isLater ? whole('PROTO=UDPLITE ') : udpPart(b, l4, end, 'UDPLITE')
    case icmp.PROTOCOL:
      return whole(`PROTO=ICMP ${isLater ? '' : icmpText(packet, l3, end, details)}`)
    case AH:
      // Of a later fragment the kernel does not even tell the protocol.
      return whole(isLater ? '' : `PROTO=AH ${spiText(b, l4, end, AH_LENGTH, 4)}`)
    case ESP:
      return whole(`PROTO=ESP ${isLater ? '' : spiText(b, l4, end, ESP_LENGTH, 0)}`)
    default:
      return whole(`PROTO=${ipv4.protocol(b, l3)} `)
  }
}

function whole(text: string): Part {
  return { text, isCut: false }
}

/** Unsigned, as the kernel counts: the header length in a quoted header may point beyond the end. */
function incomplete(at: number, end: number): string {
  return `INCOMPLETE [${(end - at) >>> 0} bytes] `
}

function udpPart(b: Uint8Array, l4: number, end: number, name: string): Part {
  if (l4 + udp.HEADER_LENGTH > end) return { text: `PROTO=${name} ${incomplete(l4, end)}`, isCut: true }
  const ports = `SPT=${udp.sourcePort(b, l4)} DPT=${udp.destinationPort(b, l4)}`
  return whole(`PROTO=${name} ${ports} LEN=${udp.length(b, l4)} `)
}

/** In the kernel's order, which is not that of the bits. */
const TCP_FLAGS = [
  ['CWR', tcp.CWR],
  ['ECE', tcp.ECE],
  ['URG', tcp.URG],
  ['ACK', tcp.ACK],
  ['PSH', tcp.PSH],
  ['RST', tcp.RST],
  ['SYN', tcp.SYN],
  ['FIN', tcp.FIN],
] as const

function tcpPart(b: Uint8Array, l4: number, end: number, { tcpSequence, tcpOptions }: LogDetails): Part {
  if (l4 + tcp.HEADER_LENGTH > end) return { text: `PROTO=TCP ${incomplete(l4, end)}`, isCut: true }
  const flags = tcp.flags(b, l4)
  const sequence = `SEQ=${tcp.sequenceNumber(b, l4)} ACK=${tcp.acknowledgmentNumber(b, l4)} `
  const reserved = b[l4 + 12] & 0x0f
  const header = [
    `PROTO=TCP SPT=${tcp.sourcePort(b, l4)} DPT=${tcp.destinationPort(b, l4)} ${tcpSequence ? sequence : ''}`,
    // The lowest of the four reserved bits is a flag since RFC 9768; older kernels count it to RES.
    `WINDOW=${tcp.window(b, l4)} RES=0x${hex2((reserved & 0x0e) << 2)} ${(reserved & 1) === 0 ? '' : 'AE '}`,
    ...TCP_FLAGS.map(([name, bit]) => ((flags & bit) === 0 ? '' : `${name} `)),
    `URGP=${tcp.urgentPointer(b, l4)} `,
  ].join('')
  const options = tcpOptions ? hexText(b, l4 + tcp.HEADER_LENGTH, tcp.payload(b, l4), end) : ''
  if (options === null) return { text: `${header}OPT (TRUNCATED)`, isCut: true }
  return whole(options === '' ? header : `${header}OPT (${options}) `)
}

/** ICMP type → bytes that a message of it must have to be told further. */
const ICMP_LENGTHS: ReadonlyMap<number, number> = new Map([
  [icmp.DESTINATION_UNREACHABLE, icmp.HEADER_LENGTH + ipv4.HEADER_LENGTH],
  [icmp.SOURCE_QUENCH, icmp.HEADER_LENGTH + ipv4.HEADER_LENGTH],
  [icmp.REDIRECT, icmp.HEADER_LENGTH + ipv4.HEADER_LENGTH],
  [icmp.TIME_EXCEEDED, icmp.HEADER_LENGTH + ipv4.HEADER_LENGTH],
  [icmp.PARAMETER_PROBLEM, icmp.HEADER_LENGTH + ipv4.HEADER_LENGTH],
  [icmp.TIMESTAMP_REQUEST, 20],
  [icmp.TIMESTAMP_REPLY, 20],
  [17, 12], // address mask request and reply (RFC 950)
  [18, 12],
])

function icmpText(packet: Packet, l3: number, end: number, details: LogDetails): string {
  const { bytes: b } = packet
  const l4 = ipv4.payload(b, l3)
  if (l4 + icmp.HEADER_LENGTH > end) return incomplete(l4, end)
  const start = `TYPE=${icmp.type(b, l4)} CODE=${icmp.code(b, l4)} `
  if (l4 + (ICMP_LENGTHS.get(icmp.type(b, l4)) ?? 0) > end) return start + incomplete(l4, end)
  // A quoted datagram is not asked for what it quotes itself.
  const quoted = (): string =>
    l3 === packet.l3 ? `[${ipPart(packet, icmp.embedded(l4), end, details).text}] ` : ''
  switch (icmp.type(b, l4)) {
    case icmp.ECHO_REPLY:
    case icmp.ECHO_REQUEST:
      return `${start}ID=${icmp.identifier(b, l4)} SEQ=${icmp.sequence(b, l4)} `
    case icmp.PARAMETER_PROBLEM:
      return `${start}PARAMETER=${icmp.pointer(b, l4)} `
    case icmp.REDIRECT:
      return `${start}GATEWAY=${formatIpv4(icmp.gateway(b, l4))} ${quoted()}`
    case icmp.DESTINATION_UNREACHABLE:
      if (icmp.code(b, l4) === icmp.FRAGMENTATION_NEEDED) return `${start}${quoted()}MTU=${icmp.mtu(b, l4)} `
      return start + quoted()
    case icmp.SOURCE_QUENCH:
    case icmp.TIME_EXCEEDED:
      return start + quoted()
    default:
      return start
  }
}

/** The security parameters index of AH or ESP (RFC 4302, RFC 4303), `offset` bytes into the header. */
function spiText(b: Uint8Array, l4: number, end: number, length: number, offset: number): string {
  if (l4 + length > end) return incomplete(l4, end)
  return `SPI=0x${bytesText(b, l4 + offset, 4, '').replace(/^0+(?=.)/, '')} `
}

/** Options in hexadecimal, '' where there are none; null where they are cut. */
function hexText(b: Uint8Array, from: number, to: number, end: number): string | null {
  if (to <= from) return ''
  return to > end ? null : bytesText(b, from, to - from, '').toUpperCase()
}

function bytesText(b: Uint8Array, at: number, length: number, between: string): string {
  return Array.from({ length }, (_, i) => b[at + i].toString(16).padStart(2, '0')).join(between)
}

function hex2(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, '0')
}
