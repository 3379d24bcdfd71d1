/**
 * UDP datagrams and TCP segments, over IPv4.
 *
 * A checksum that is wrong may be one that the sender's network card was to fill in: captured on the sender,
 * it is still missing. The printer cannot know, and says what it sees.
 */
import * as dhcp from '../wire/dhcp.js'
import * as dns from '../wire/dns.js'
import * as ipv4 from '../wire/ipv4.js'
import { BAD_CHECKSUM, BAD_LENGTH, OK, TRUNCATED } from '../wire/reason.js'
import * as tcp from '../wire/tcp.js'
import * as tcpOption from '../wire/tcp-option.js'
import * as udp from '../wire/udp.js'
import { printDhcp } from './print-dhcp.js'
import { printDns } from './print-dns.js'
import type { Ipv4Payload } from './print-ipv4.js'
import { clip, escape, has, hexOf, mark, marks, part, unreadable } from './text.js'
import type { Stretch } from './text.js'

/** The flags from the lowest bit up, one character each. */
const FLAG_CHARACTERS = ['F', 'S', 'R', 'P', '.', 'U', 'E', 'W']
/** A segment with one of these takes room in the sequence space, or means its number even if empty. */
const NUMBERED = tcp.SYN | tcp.FIN | tcp.RST

/** `UDP, length 4`, or what DNS or DHCP say. */
export function printUdp(s: Ipv4Payload): string {
  const { b, at } = s
  if (!has(s, udp.HEADER_LENGTH)) return unreadable('udp', TRUNCATED, s)
  if (udp.length(b, at) < udp.HEADER_LENGTH) return unreadable('udp', BAD_LENGTH, s)
  const isFragment = ipv4.isFragment(b, s.ip) // the rest of the datagram is elsewhere
  const reason = isFragment ? OK : udp.check(b, at, s.wireEnd)
  const isWrong = s.isWhole && reason === OK && !udp.checksumIsRight(b, at, ipv4.addresses(s.ip))
  const problems = marks('udp', reason, isWrong ? BAD_CHECKSUM : OK)
  // Behind the datagram's own length there may be padding of the IP payload.
  const payload = part(s, udp.payload(at), at + udp.length(b, at))
  const text = isFragment ? null : printService(b, at, payload)
  return (text ?? `UDP, length ${udp.payloadLength(b, at)}`) + problems
}

/** What the ports promise: either of them, as answers come from the port that was asked. */
function printService(b: Uint8Array, at: number, payload: Stretch): string | null {
  const ports = new Set([udp.sourcePort(b, at), udp.destinationPort(b, at)])
  if (ports.has(dns.PORT)) return printDns(payload)
  if (ports.has(dhcp.SERVER_PORT) || ports.has(dhcp.CLIENT_PORT)) return printDhcp(payload)
  return null
}

/** `Flags [S.], seq 1, ack 2, win 65160, options [mss 1460], length 0`; numbers as they stand, not relative. */
export function printTcp(s: Ipv4Payload): string {
  const { b, at, end, wireEnd } = s
  if (!has(s, tcp.HEADER_LENGTH)) return unreadable('tcp', TRUNCATED, s)
  const reason = tcp.check(b, at, end)
  if (reason !== OK) return `${headerText(b, at, 0)} ${mark('tcp', reason)}`
  const isWrong = s.isWhole && !tcp.checksumIsRight(b, at, end, ipv4.addresses(s.ip))
  const problems = marks('tcp', isWrong ? BAD_CHECKSUM : OK, tcpOption.check(b, at))
  const payload = part(s, tcp.payload(b, at))
  const length = wireEnd - payload.at
  return `${headerText(b, at, length)}${optionsText(b, at)}, length ${length}${httpText(payload)}${problems}`
}

/** The fixed header, of a segment with `length` bytes of payload. */
function headerText(b: Uint8Array, at: number, length: number): string {
  const flags = tcp.flags(b, at)
  const urgent = flags & tcp.URG ? `, urg ${tcp.urgentPointer(b, at)}` : ''
  const acknowledgment = flags & tcp.ACK ? `, ack ${tcp.acknowledgmentNumber(b, at)}` : ''
  const sequence = length > 0 || flags & NUMBERED ? sequenceText(tcp.sequenceNumber(b, at), length) : ''
  return `Flags [${flagsText(flags)}]${sequence}${acknowledgment}, win ${tcp.window(b, at)}${urgent}`
}

function flagsText(flags: number): string {
  return FLAG_CHARACTERS.filter((_, bit) => flags & (1 << bit)).join('') || 'none'
}

/** The first number of the segment and, where it has payload, the first of the one after. */
function sequenceText(first: number, length: number): string {
  return length === 0 ? `, seq ${first}` : `, seq ${first}:${(first + length) >>> 0}`
}

function optionsText(b: Uint8Array, at: number): string {
  const texts: string[] = []
  let last = at + tcp.HEADER_LENGTH
  for (let o = tcpOption.first(b, at); o !== -1; o = tcpOption.next(b, at, o)) {
    texts.push(optionText(b, o))
    last = o + tcpOption.length(b, o)
  }
  // The walk stops before the end of the list, and before what is malformed; only the first is worth a word.
  if (last < tcp.payload(b, at) && tcpOption.kind(b, last) === tcpOption.EOL) texts.push('eol')
  return texts.length === 0 ? '' : `, options [${texts.join(',')}]`
}

function optionText(b: Uint8Array, option: number): string {
  if (!tcpOption.hasRightLength(b, option)) return rawOptionText(b, option)
  switch (tcpOption.kind(b, option)) {
    case tcpOption.NOP:
      return 'nop'
    case tcpOption.MSS:
      return `mss ${tcpOption.segmentSize(b, option)}`
    case tcpOption.WS:
      return `wscale ${tcpOption.shift(b, option)}`
    case tcpOption.SACKOK:
      return 'sackOK'
    case tcpOption.SACK:
      return sackText(b, option)
    case tcpOption.TS:
      return `TS val ${tcpOption.timestampValue(b, option)} ecr ${tcpOption.timestampEchoReply(b, option)}`
    default:
      return rawOptionText(b, option)
  }
}

function sackText(b: Uint8Array, option: number): string {
  let text = `sack ${tcpOption.blockCount(b, option)} `
  for (let n = 0; n < tcpOption.blockCount(b, option); n++)
    text += `{${tcpOption.leftEdge(b, option, n)}:${tcpOption.rightEdge(b, option, n)}}`
  return text
}

/** An option without a printer, or with a length that its kind does not have. */
function rawOptionText(b: Uint8Array, option: number): string {
  const kind = tcpOption.kind(b, option)
  const data = hexOf(b, option + 2, option + tcpOption.length(b, option))
  return `${tcpOption.OPTION_NAMES.get(kind) ?? `unknown-${kind}`}${data === '' ? '' : ` 0x${data}`}`
}

const HTTP = /^(HTTP\/1\.[01] [0-9]|(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|CONNECT|TRACE) \S)/
/** Bytes of a payload that are looked at. */
const FIRST_LINE = 200

/** The first line of a request or answer of HTTP, on whatever port: metadata is seen before and after DNAT. */
function httpText({ b, at, end }: Stretch): string {
  const limit = Math.min(end, at + FIRST_LINE)
  let lineEnd = at
  while (lineEnd < limit && b[lineEnd] !== 0x0d && b[lineEnd] !== 0x0a) lineEnd++
  const line = escape(b, at, lineEnd)
  return HTTP.test(line) ? `: HTTP: ${clip(line)}` : ''
}
