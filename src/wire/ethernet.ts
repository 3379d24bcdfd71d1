/*
 * Ethernet II and IEEE 802.3 (RFC 894, RFC 1042, IEEE 802.3 clause 3)
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +---------------------------------------------------------------+
 *   |                          destination                          |
 *   |                               +-------------------------------+
 *   |                               |            source             |
 *   +-------------------------------+                               |
 *   |                                                               |
 *   +-------------------------------+-------------------------------+
 *   |      EtherType or length      |
 *   +-------------------------------+
 *
 * Preamble and frame check sequence never reach us: the network card takes them off.
 */
import { copyMac } from './address.js'
import { OK, TRUNCATED } from './reason.js'

/** Bytes of the header, without VLAN tags. */
export const HEADER_LENGTH = 14
/** The largest value of the EtherType field that is a length instead (IEEE 802.3 §3.2.6). */
export const MAX_LENGTH = 1500

/** EtherType of IPv4 (RFC 894). */
export const IPV4 = 0x0800
/** EtherType of ARP (IANA, "IEEE 802 Numbers"). */
export const ARP = 0x0806
/** The tag of IEEE 802.1Q. */
export const VLAN = 0x8100
/** EtherType of IPv6 (RFC 2464 §3). */
export const IPV6 = 0x86dd
/** The outer, service tag of IEEE 802.1ad (QinQ). */
export const SERVICE_VLAN = 0x88a8
/** The outer tag of QinQ before it was standardised; never registered for it, but met. */
export const OLD_QINQ = 0x9100

const DESTINATION = 0
const SOURCE = 6
const ETHER_TYPE = 12

/** Where the destination's MAC address stands. */
export function destination(at: number): number {
  return at + DESTINATION
}

/** Where the source's MAC address stands. */
export function source(at: number): number {
  return at + SOURCE
}

/** The EtherType, or the length of an 802.3 frame: `isLength` tells. With a VLAN tag, the tag's. */
export function etherType(b: Uint8Array, at: number): number {
  return (b[at + ETHER_TYPE] << 8) | b[at + ETHER_TYPE + 1]
}

/** Where the EtherType field stands: the first tag, where there is one. */
export function etherTypeAt(at: number): number {
  return at + ETHER_TYPE
}

/** Where the payload starts; in a tagged frame, what follows the first TPID. */
export function payload(at: number): number {
  return at + HEADER_LENGTH
}

/** Writes the MAC address at `fromAt` of `from` as the destination. */
export function setDestination(b: Uint8Array, at: number, from: Uint8Array, fromAt: number): void {
  copyMac(b, at + DESTINATION, from, fromAt)
}

/** Writes the MAC address at `fromAt` of `from` as the source. */
export function setSource(b: Uint8Array, at: number, from: Uint8Array, fromAt: number): void {
  copyMac(b, at + SOURCE, from, fromAt)
}

/** Takes an EtherType, from 0x600 on, or the length of an 802.3 frame, up to MAX_LENGTH. */
export function setEtherType(b: Uint8Array, at: number, type: number): void {
  b[at + ETHER_TYPE] = type >> 8
  b[at + ETHER_TYPE + 1] = type
}

/**
 * OK, or why the frame at `at` cannot be read; `end` is where it ends. More bytes than an 802.3 length says
 * are padding.
 *
 * Not checked: the addresses (a bridge has its own reasons for those), the minimum of 60 bytes (a frame is
 * padded by the card that sends it), and the values 1501 to 1535, which are neither length nor EtherType
 * and pass as an EtherType that nobody knows.
 */
export function check(b: Uint8Array, at: number, end: number): number {
  if (at + HEADER_LENGTH > end) return TRUNCATED
  const typeOrLength = etherType(b, at)
  if (isLength(typeOrLength) && at + HEADER_LENGTH + typeOrLength > end) return TRUNCATED
  return OK
}

/** Whether this value of the EtherType field is the length of an 802.3 frame, whose payload is LLC. */
export function isLength(typeOrLength: number): boolean {
  return typeOrLength <= MAX_LENGTH
}

/** EtherType → its name in printed frames (IANA, "IEEE 802 Numbers"). */
export const ETHERTYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [IPV4, 'IPv4'],
  [ARP, 'ARP'],
  [0x0842, 'Wake-on-LAN'],
  [0x22f0, 'AVTP'],
  [0x22f3, 'TRILL'],
  [0x6002, 'DEC MOP'],
  [0x6003, 'DECnet'],
  [0x6558, 'TEB'],
  [0x8035, 'RARP'],
  [0x809b, 'AppleTalk'],
  [0x80f3, 'AARP'],
  [VLAN, '802.1Q'],
  [0x8137, 'IPX'],
  [IPV6, 'IPv6'],
  [0x8808, 'flow control'],
  [0x8809, 'slow protocols'],
  [0x8847, 'MPLS'],
  [0x8848, 'MPLS multicast'],
  [0x8863, 'PPPoE discovery'],
  [0x8864, 'PPPoE session'],
  [0x888e, 'EAPOL'],
  [0x88a2, 'AoE'],
  [SERVICE_VLAN, '802.1ad'],
  [0x88b5, 'local experiment 1'],
  [0x88b6, 'local experiment 2'],
  [0x88cc, 'LLDP'],
  [0x88e5, 'MACsec'],
  [0x88e7, '802.1ah'],
  [0x88f7, 'PTP'],
  [0x8902, 'CFM'],
  [0x8906, 'FCoE'],
  [0x8914, 'FIP'],
  [0x8915, 'RoCE'],
  [0x894f, 'NSH'],
  [0x9000, 'loopback'],
  [OLD_QINQ, 'QinQ'],
])
