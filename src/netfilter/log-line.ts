/**
 * The line that `-j LOG` writes, in the kernel's form (nf_log_syslog): names and values with a space behind each,
 * as people's scripts expect it.
 */
import type { Packet } from './packet.js'
import { formatIpv4, formatMac } from '../wire/address.js'
import * as ethernet from '../wire/ethernet.js'
import * as icmp from '../wire/icmp.js'
import * as ipv4 from '../wire/ipv4.js'
import * as tcp from '../wire/tcp.js'
import * as udp from '../wire/udp.js'

/** What is told beside the headers' main fields. */
export interface LogDetails {
  tcpSequence: boolean
  tcpOptions: boolean
  ipOptions: boolean
  macDecode: boolean
}

/** Everything behind the prefix; ends with a space, as the kernel's lines do. */
export function logLine(packet: Packet, details: LogDetails): string {
  const { inInterface, outInterface, physicalIn, physicalOut, mark } = packet
  const ports =
    (physicalIn === '' || physicalIn === inInterface ? '' : `PHYSIN=${physicalIn} `) +
    (physicalOut === '' || physicalOut === outInterface ? '' : `PHYSOUT=${physicalOut} `)
  const header = ipText(packet, packet.l3, packet.end, details)
  const marked = mark === 0 ? '' : `MARK=0x${mark.toString(16)} `
  return `IN=${inInterface} OUT=${outInterface} ${ports}${macText(packet, details)}${header}${marked}`
}

/** The Ethernet header of what came in by an interface. */
function macText({ bytes: b, frame, inInterface }: Packet, { macDecode }: LogDetails): string {
  if (inInterface === '' || frame < 0) return ''
  if (macDecode) {
    const type = ethernet.etherType(b, frame).toString(16).padStart(4, '0')
    return `MACSRC=${formatMac(b, frame + 6)} MACDST=${formatMac(b, frame)} MACPROTO=${type} `
  }
  return `MAC=${bytesText(b, frame, ethernet.HEADER_LENGTH, ':')} `
}

/** An IPv4 header and what is behind it, also one that an ICMP error quotes. */
function ipText(packet: Packet, l3: number, end: number, details: LogDetails): string {
  const { bytes: b } = packet
  if (l3 + ipv4.HEADER_LENGTH > end) return 'TRUNCATED'
  const tos = ipv4.tos(b, l3)
  const flags = ipv4.flags(b, l3)
  const l4 = l3 + ipv4.headerLength(b, l3)
  const fragment = ipv4.fragmentOffset(b, l3)
  return [
    `SRC=${formatIpv4(ipv4.source(b, l3))} DST=${formatIpv4(ipv4.destination(b, l3))} `,
    `LEN=${ipv4.totalLength(b, l3)} TOS=0x${hex2(tos & 0x1e)} PREC=0x${hex2(tos & 0xe0)} `,
    `TTL=${ipv4.ttl(b, l3)} ID=${ipv4.identification(b, l3)} `,
    `${(flags & 4) === 0 ? '' : 'CE '}${(flags & 2) === 0 ? '' : 'DF '}${(flags & 1) === 0 ? '' : 'MF '}`,
    fragment === 0 ? '' : `FRAG:${fragment >> 3} `,
    details.ipOptions ? optionsText(b, l3 + ipv4.HEADER_LENGTH, l4, end) : '',
    protocolText(packet, l3, l4, end, fragment > 0, details),
  ].join('')
}

function protocolText(
  packet: Packet,
  l3: number,
  l4: number,
  end: number,
  isLater: boolean,
  details: LogDetails,
): string {
  const { bytes: b } = packet
  const left = end - l4
  const cut = (length: number): string | null =>
    left < length ? `INCOMPLETE [${Math.max(left, 0)} bytes] ` : null
  switch (ipv4.protocol(b, l3)) {
    case tcp.PROTOCOL:
      return `PROTO=TCP ${isLater ? '' : (cut(tcp.HEADER_LENGTH) ?? tcpText(b, l4, end, details))}`
    case udp.PROTOCOL:
      return `PROTO=UDP ${isLater ? '' : (cut(udp.HEADER_LENGTH) ?? udpText(b, l4))}`
    case 136:
      return `PROTO=UDPLITE ${isLater ? '' : (cut(udp.HEADER_LENGTH) ?? udpText(b, l4))}`
    case icmp.PROTOCOL:
      return `PROTO=ICMP ${isLater ? '' : (cut(icmp.HEADER_LENGTH) ?? icmpText(packet, l3, l4, end, details))}`
    case 51:
      return `PROTO=AH ${isLater ? '' : (cut(12) ?? `SPI=0x${bytesText(b, l4 + 4, 4, '').replace(/^0+(?=.)/, '')} `)}`
    case 50:
      return `PROTO=ESP ${isLater ? '' : (cut(8) ?? `SPI=0x${bytesText(b, l4, 4, '').replace(/^0+(?=.)/, '')} `)}`
    default:
      return `PROTO=${ipv4.protocol(b, l3)} `
  }
}

function udpText(b: Uint8Array, l4: number): string {
  return `SPT=${udp.sourcePort(b, l4)} DPT=${udp.destinationPort(b, l4)} LEN=${udp.length(b, l4)} `
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

function tcpText(b: Uint8Array, l4: number, end: number, { tcpSequence, tcpOptions }: LogDetails): string {
  const flags = tcp.flags(b, l4)
  const sequence = `SEQ=${tcp.sequenceNumber(b, l4)} ACK=${tcp.acknowledgmentNumber(b, l4)} `
  return [
    `SPT=${tcp.sourcePort(b, l4)} DPT=${tcp.destinationPort(b, l4)} ${tcpSequence ? sequence : ''}`,
    `WINDOW=${tcp.window(b, l4)} RES=0x${hex2((b[l4 + 12] & 0x0f) << 2)} `,
    ...TCP_FLAGS.map(([name, bit]) => ((flags & bit) === 0 ? '' : `${name} `)),
    `URGP=${tcp.urgentPointer(b, l4)} `,
    tcpOptions ? optionsText(b, l4 + tcp.HEADER_LENGTH, l4 + tcp.dataOffset(b, l4), end) : '',
  ].join('')
}

function icmpText(packet: Packet, l3: number, l4: number, end: number, details: LogDetails): string {
  const { bytes: b } = packet
  const type = icmp.type(b, l4)
  const code = icmp.code(b, l4)
  const start = `TYPE=${type} CODE=${code} `
  const word = (at: number): number => (b[at] << 8) | b[at + 1]
  // A quoted datagram is not asked for what it quotes itself.
  const quoted = (): string =>
    l3 === packet.l3 ? `[${ipText(packet, l4 + icmp.HEADER_LENGTH, end, details)}] ` : ''
  switch (type) {
    case icmp.ECHO_REPLY:
    case icmp.ECHO_REQUEST:
      return `${start}ID=${word(l4 + 4)} SEQ=${word(l4 + 6)} `
    case icmp.PARAMETER_PROBLEM:
      return `${start}PARAMETER=${b[l4 + 4]} `
    case icmp.REDIRECT:
      return `${start}GATEWAY=${[...b.slice(l4 + 4, l4 + 8)].join('.')} ${quoted()}`
    case icmp.DESTINATION_UNREACHABLE:
    case icmp.SOURCE_QUENCH:
    case icmp.TIME_EXCEEDED: {
      const mtu = type === icmp.DESTINATION_UNREACHABLE && code === icmp.FRAGMENTATION_NEEDED
      return `${start}${quoted()}${mtu ? `MTU=${word(l4 + 6)} ` : ''}`
    }
    default:
      return start
  }
}

function optionsText(b: Uint8Array, from: number, to: number, end: number): string {
  if (to <= from) return ''
  return to > end ? 'TRUNCATED' : `OPT (${bytesText(b, from, to - from, '').toUpperCase()}) `
}

function bytesText(b: Uint8Array, at: number, length: number, between: string): string {
  return Array.from({ length }, (_, i) => b[at + i].toString(16).padStart(2, '0')).join(between)
}

function hex2(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, '0')
}
