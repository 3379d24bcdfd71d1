/** What a connection is known by beside its addresses: ports, or what a protocol has in their place. */
import * as icmp from '../../wire/icmp.js'
import * as tcp from '../../wire/tcp.js'
import * as udp from '../../wire/udp.js'

/** UDP-Lite (RFC 3828). */
export const UDPLITE = 136
/** Its packets have no ports, but in version 1, which is PPTP's (RFC 2637 §4.1), the number of a call. */
export const GRE = 47
/** IPv6's, which IPv4 does not carry. */
const ICMPV6 = 58
const PORT_BYTES = 4
const [GRE_VERSION, GRE_PROTOCOL, GRE_CALL, GRE_PPTP_BYTES] = [1, 2, 6, 8]
const PPP = 0x880b
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

function word(b: Uint8Array, at: number): number {
  return (b[at] << 8) | b[at + 1]
}

function hasRealPorts(protocol: number): boolean {
  return protocol === tcp.PROTOCOL || protocol === udp.PROTOCOL || protocol === UDPLITE
}

function isPptp(b: Uint8Array, l4: number, end: number): boolean {
  return l4 + GRE_PPTP_BYTES <= end && (b[l4 + GRE_VERSION] & 7) === 1
}

/** Whether what `portsOf` reads is there, between `l4` and `end`, and there can be a connection. */
export function hasPorts(protocol: number, b: Uint8Array, l4: number, end: number): boolean {
  if (hasRealPorts(protocol)) return l4 + PORT_BYTES <= end
  if (protocol === icmp.PROTOCOL) return l4 + icmp.HEADER_LENGTH <= end
  if (protocol === GRE && isPptp(b, l4, end)) return word(b, l4 + GRE_PROTOCOL) === PPP
  return protocol !== ICMPV6
}

/**
 * The word PORTS of a packet whose header is at `l4`: source and destination port; of ICMP identifier, type and code;
 * of PPTP's GRE the call of the receiver, as nobody has listened to what both agreed on; 0 for protocols without.
 */
export function portsOf(protocol: number, b: Uint8Array, l4: number, end: number): number {
  if (hasRealPorts(protocol)) return (udp.sourcePort(b, l4) << 16) | udp.destinationPort(b, l4)
  if (protocol === GRE && isPptp(b, l4, end)) return word(b, l4 + GRE_CALL)
  if (protocol !== icmp.PROTOCOL) return 0
  return (icmp.identifier(b, l4) << 16) | (icmp.type(b, l4) << 8) | icmp.code(b, l4)
}

/** Whether there are answers: to an ICMP message that is no query there are none. */
export function hasAnswers(protocol: number, ports: number): boolean {
  return protocol !== icmp.PROTOCOL || (ANSWERS[(ports >>> 8) & 0xff] ?? -1) !== -1
}

/** The word PORTS of an answer. */
export function invertedPorts(protocol: number, ports: number): number {
  if (protocol === icmp.PROTOCOL) return (ports & ~0xff00) | (ANSWERS[(ports >>> 8) & 0xff] << 8)
  return (ports << 16) | (ports >>> 16)
}
