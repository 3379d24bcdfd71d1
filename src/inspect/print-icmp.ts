/** ICMP messages: echo in tcpdump's words, the rest in those of `iptables --icmp-type`. */
import { formatIpv4 } from '../wire/address.js'
import * as icmp from '../wire/icmp.js'
import { CODE_NAMES, TYPE_NAMES, codeName } from '../wire/icmp-names.js'
import { BAD_CHECKSUM, OK, TRUNCATED } from '../wire/reason.js'
import { printQuoted } from './print-ipv4.js'
import type { Ipv4Payload } from './print-ipv4.js'
import { has, marks, part, unreadable, wireLength } from './text.js'

/** Types with identifier and sequence number, and what tcpdump calls two of them. */
const WITH_IDENTIFIER = new Map([
  [icmp.ECHO_REQUEST, 'echo request'],
  [icmp.ECHO_REPLY, 'echo reply'],
  [icmp.TIMESTAMP_REQUEST, 'timestamp-request'],
  [icmp.TIMESTAMP_REPLY, 'timestamp-reply'],
])

/** `ICMP echo request, id 1, seq 1, length 64`; an error is followed by the datagram that it is about. */
export function printIcmp(s: Ipv4Payload): string {
  const { b, at, end } = s
  if (!has(s, icmp.HEADER_LENGTH)) return unreadable('icmp', TRUNCATED, s)
  const isWrong = s.isWhole && !icmp.checksumIsRight(b, at, end)
  const problems = marks('icmp', isWrong ? BAD_CHECKSUM : OK, icmp.check(b, at, end))
  return `ICMP ${typeText(b, at)}${detail(b, at)}, length ${wireLength(s)}${quoted(s)}${problems}`
}

/** Type, and code where the type has several, by name or number. */
function typeText(b: Uint8Array, at: number): string {
  const [type, code] = [icmp.type(b, at), icmp.code(b, at)]
  const name = WITH_IDENTIFIER.get(type) ?? TYPE_NAMES.get(type)
  if (name === undefined) return `type ${type}, code ${code}`
  if (code === 0 && !CODE_NAMES.has(type)) return name
  return `${name} ${codeName(type, code) ?? `code ${code}`}`
}

/** What the second word says, where it says something. */
function detail(b: Uint8Array, at: number): string {
  const type = icmp.type(b, at)
  if (WITH_IDENTIFIER.has(type)) return `, id ${icmp.identifier(b, at)}, seq ${icmp.sequence(b, at)}`
  if (type === icmp.REDIRECT) return ` to ${formatIpv4(icmp.gateway(b, at))}`
  if (type === icmp.PARAMETER_PROBLEM) return ` at byte ${icmp.pointer(b, at)}`
  if (type === icmp.DESTINATION_UNREACHABLE && icmp.code(b, at) === icmp.FRAGMENTATION_NEEDED)
    return ` mtu ${icmp.mtu(b, at)}`
  return ''
}

/** Only errors quote, and only those that have room for a header. */
function quoted(s: Ipv4Payload): string {
  if (icmp.check(s.b, s.at, s.end) !== OK || !icmp.isError(icmp.type(s.b, s.at))) return ''
  return `, about ${printQuoted(part(s, icmp.embedded(s.at)))}`
}
