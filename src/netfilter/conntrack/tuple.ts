/** What a connection is known by beside its addresses: ports, or what a protocol has in their place. */
import * as icmp from '../../wire/icmp.js'
import * as sctp from '../../wire/sctp.js'
import * as tcp from '../../wire/tcp.js'
import * as udp from '../../wire/udp.js'

// An imported constant is loaded and checked at each use.
const { PROTOCOL: TCP } = tcp
const { PROTOCOL: UDP } = udp
const { PROTOCOL: SCTP } = sctp
const { PROTOCOL: ICMP, HEADER_LENGTH: ICMP_HEADER } = icmp
/** Number of UDP-Lite (RFC 3828). */
export const UDPLITE = 136
/** IPv6's, which IPv4 does not carry. */
const ICMPV6 = 58
/** Number of the protocol (RFC 2784). */
export const GRE = 47
const PPP = 0x880b
/** Of a GRE header of version 1: how much of it is read (less is taken for another GRE), and where the call is. */
const [PPTP_HEADER, PPTP_CALL] = [8, 6]
const PORT_BYTES = 4
/** ICMP query → its answer, and back. */
const ANSWERS: readonly number[] = Object.assign(Array<number>(19).fill(-1), {
  8: 0,
  13: 14,
  15: 16,
  17: 18,
  0: 8,
  14: 13,
  16: 15,
  18: 17,
})

/** TCP, UDP, UDP-Lite and SCTP: the ports stand first. */
export function hasRealPorts(protocol: number): boolean {
  return protocol === TCP || protocol === UDP || protocol === UDPLITE || protocol === SCTP
}

const word16 = (b: Uint8Array, at: number): number => (b[at] << 8) | b[at + 1]

function isPptp(b: Uint8Array, l4: number, end: number): boolean {
  return l4 + PPTP_HEADER <= end && (b[l4 + 1] & 7) === 1
}

/** Whether `portsOf` can read what begins at `l4`; GRE of version 1 is PPTP's, which carries nothing but PPP. */
export function hasPorts(protocol: number, b: Uint8Array, l4: number, end: number): boolean {
  if (hasRealPorts(protocol)) return l4 + PORT_BYTES <= end
  if (protocol === GRE) return !isPptp(b, l4, end) || word16(b, l4 + 2) === PPP
  return protocol === ICMP ? l4 + ICMP_HEADER <= end : protocol !== ICMPV6
}

/**
 * The word PORTS of a packet whose header is at `l4`: source and destination port; of ICMP identifier, type and code;
 * of PPTP the call (RFC 2637 §4.1); 0 for protocols without.
 */
export function portsOf(protocol: number, b: Uint8Array, l4: number, end: number): number {
  if (hasRealPorts(protocol)) return (udp.sourcePort(b, l4) << 16) | udp.destinationPort(b, l4)
  if (protocol === GRE && isPptp(b, l4, end)) return word16(b, l4 + PPTP_CALL)
  if (protocol !== ICMP) return 0
  return (icmp.identifier(b, l4) << 16) | (icmp.type(b, l4) << 8) | icmp.code(b, l4)
}

/** Whether it is an ICMP query, or an answer to one: it has an identifier. */
export function isQuery(type: number): boolean {
  return (ANSWERS[type] ?? -1) !== -1
}

/** Whether there are answers: to an ICMP message that is no query there are none. */
export function hasAnswers(protocol: number, ports: number): boolean {
  return protocol !== ICMP || isQuery((ports >>> 8) & 0xff)
}

/** The word PORTS of an answer. */
export function invertedPorts(protocol: number, ports: number): number {
  if (protocol === ICMP) return (ports & ~0xff00) | (ANSWERS[(ports >>> 8) & 0xff] << 8)
  return (ports << 16) | (ports >>> 16)
}
