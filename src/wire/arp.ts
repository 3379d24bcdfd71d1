/*
 * ARP (RFC 826) for IPv4 on Ethernet
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-------------------------------+-------------------------------+
 *   |         hardware type         |         protocol type         |
 *   +---------------+---------------+-------------------------------+
 *   |     hlen      |     plen      |           operation           |
 *   +---------------+---------------+-------------------------------+
 *   |                              sha                              |
 *   |                               +-------------------------------+
 *   |                               |              spa              |
 *   +-------------------------------+-------------------------------+
 *   |              spa              |              tha              |
 *   +-------------------------------+                               |
 *   |                                                               |
 *   +---------------------------------------------------------------+
 *   |                              tpa                              |
 *   +---------------------------------------------------------------+
 *
 * s is the sender, t the target; ha its hardware address, pa its protocol address.
 */
import { IPV4_LENGTH, MAC_LENGTH, copyMac, ipv4At, setIpv4At } from './address.js'
import { IPV4 } from './ethernet.js'
import { BAD_LENGTH, BAD_VERSION, OK, TRUNCATED } from './reason.js'

/** Bytes of the packet; what follows in an Ethernet frame is padding. */
export const PACKET_LENGTH = 28
/** Hardware type of Ethernet. */
export const ETHERNET = 1
/** Hardware type of the other IEEE 802 networks, with the same addresses (RFC 1042). */
export const IEEE_802 = 6
/** Operation that asks who has an address, mostly sent as broadcast (RFC 826). */
export const REQUEST = 1
/** Operation that answers, sent to the asker alone (RFC 826). */
export const REPLY = 2

const HARDWARE_TYPE = 0
const PROTOCOL_TYPE = 2
const HLEN = 4
const PLEN = 5
const OPERATION = 6
const SHA = 8
const SPA = 14
const THA = 18
const TPA = 24

/** Kind of network, 16 bits: ETHERNET, IEEE_802, or another that `check` refuses. */
export function hardwareType(b: Uint8Array, at: number): number {
  return (b[at + HARDWARE_TYPE] << 8) | b[at + HARDWARE_TYPE + 1]
}

/** An EtherType. */
export function protocolType(b: Uint8Array, at: number): number {
  return (b[at + PROTOCOL_TYPE] << 8) | b[at + PROTOCOL_TYPE + 1]
}

/** Bytes of a hardware address. */
export function hlen(b: Uint8Array, at: number): number {
  return b[at + HLEN]
}

/** Bytes of a protocol address. */
export function plen(b: Uint8Array, at: number): number {
  return b[at + PLEN]
}

/** What is wanted, 16 bits: REQUEST, REPLY, or one of OPERATION_NAMES. */
export function operation(b: Uint8Array, at: number): number {
  return (b[at + OPERATION] << 8) | b[at + OPERATION + 1]
}

/** Where the sender's MAC address stands. */
export function sha(at: number): number {
  return at + SHA
}

/** The sender's IPv4 address, unsigned; 0.0.0.0 in a probe (RFC 5227 §1.1). */
export function spa(b: Uint8Array, at: number): number {
  return ipv4At(b, at + SPA)
}

/** Where the target's MAC address stands; in a request it means nothing. */
export function tha(at: number): number {
  return at + THA
}

/** The target's IPv4 address, unsigned. */
export function tpa(b: Uint8Array, at: number): number {
  return ipv4At(b, at + TPA)
}

/** Takes 16 bits: ETHERNET, or IEEE_802. */
export function setHardwareType(b: Uint8Array, at: number, type: number): void {
  b[at + HARDWARE_TYPE] = type >> 8
  b[at + HARDWARE_TYPE + 1] = type
}

/** Takes an EtherType: that of IPv4. */
export function setProtocolType(b: Uint8Array, at: number, type: number): void {
  b[at + PROTOCOL_TYPE] = type >> 8
  b[at + PROTOCOL_TYPE + 1] = type
}

/** Takes bytes: 6 for a MAC address. */
export function setHlen(b: Uint8Array, at: number, bytes: number): void {
  b[at + HLEN] = bytes
}

/** Takes bytes: 4 for an IPv4 address. */
export function setPlen(b: Uint8Array, at: number, bytes: number): void {
  b[at + PLEN] = bytes
}

/** Takes 16 bits: REQUEST or REPLY. */
export function setOperation(b: Uint8Array, at: number, value: number): void {
  b[at + OPERATION] = value >> 8
  b[at + OPERATION + 1] = value
}

/** Writes the MAC address at `fromAt` of `from` as the sender's. */
export function setSha(b: Uint8Array, at: number, from: Uint8Array, fromAt: number): void {
  copyMac(b, at + SHA, from, fromAt)
}

/** Takes an IPv4 address, unsigned or signed; 0 in a probe. */
export function setSpa(b: Uint8Array, at: number, address: number): void {
  setIpv4At(b, at + SPA, address)
}

/** Writes the MAC address at `fromAt` of `from` as the target's. */
export function setTha(b: Uint8Array, at: number, from: Uint8Array, fromAt: number): void {
  copyMac(b, at + THA, from, fromAt)
}

/** Takes an IPv4 address, unsigned or signed. */
export function setTpa(b: Uint8Array, at: number, address: number): void {
  setIpv4At(b, at + TPA, address)
}

/**
 * OK, or why the packet at `at` is not ARP for IPv4 on Ethernet. IEEE_802 passes as Ethernet, as Linux
 * takes it.
 *
 * Not checked: the operation (whoever answers knows which it answers), and whether the addresses make sense.
 */
export function check(b: Uint8Array, at: number, end: number): number {
  if (at + PACKET_LENGTH > end) return TRUNCATED
  const hardware = hardwareType(b, at)
  if (hardware !== ETHERNET && hardware !== IEEE_802) return BAD_VERSION
  if (protocolType(b, at) !== IPV4) return BAD_VERSION
  if (hlen(b, at) !== MAC_LENGTH || plen(b, at) !== IPV4_LENGTH) return BAD_LENGTH
  return OK
}

/**
 * Writes a whole request: who has `targetAddress`? Tell the MAC address at `fromAt` of `from`,
 * `senderAddress`.
 */
export function writeRequest(
  b: Uint8Array,
  at: number,
  from: Uint8Array,
  fromAt: number,
  senderAddress: number,
  targetAddress: number,
): void {
  setHardwareType(b, at, ETHERNET)
  setProtocolType(b, at, IPV4)
  setHlen(b, at, MAC_LENGTH)
  setPlen(b, at, IPV4_LENGTH)
  setOperation(b, at, REQUEST)
  setSha(b, at, from, fromAt)
  setSpa(b, at, senderAddress)
  for (let i = 0; i < MAC_LENGTH; i++) b[at + THA + i] = 0
  setTpa(b, at, targetAddress)
}

/**
 * Makes the request at `at` the reply to it: `tpa` is at the MAC address at `fromAt` of `from`. RFC 826,
 * "Packet Reception": "Swap hardware and protocol fields, putting the local hardware and protocol addresses
 * in the sender fields."
 */
export function turnIntoReply(b: Uint8Array, at: number, from: Uint8Array, fromAt: number): void {
  const asked = tpa(b, at)
  setTha(b, at, b, sha(at))
  setTpa(b, at, spa(b, at))
  setSha(b, at, from, fromAt)
  setSpa(b, at, asked)
  setOperation(b, at, REPLY)
}

/** Operation → its name in printed frames (IANA, "ARP Parameters"). */
export const OPERATION_NAMES: readonly string[] = [
  'reserved',
  'request',
  'reply',
  'reverse-request',
  'reverse-reply',
  'DRARP-request',
  'DRARP-reply',
  'DRARP-error',
  'InARP-request',
  'InARP-reply',
  'ARP-NAK',
]
