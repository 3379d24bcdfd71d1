/*
 * LLC (IEEE 802.2) and SNAP (RFC 1042): what an Ethernet frame carries whose EtherType field is a length.
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +---------------+---------------+---------------+---------------+
 *   |     DSAP      |     SSAP      |    control    |               |
 *   +---------------+---------------+---------------+               |
 *   |              OUI              |           protocol            |    DSAP, SSAP, control = aa aa 03
 *   +-------------------------------+-------------------------------+
 *
 * The OUI has three bytes, from the fourth on. Without SNAP the payload follows the control field.
 */
import { OK, TRUNCATED } from './reason.js'

/** Bytes of DSAP, SSAP and the shortest control field. */
export const HEADER_LENGTH = 3
/** Bytes of LLC and SNAP together. */
export const SNAP_LENGTH = 8
/** The SAP that says SNAP follows. */
export const SNAP = 0xaa
/** The SAP of bridge protocol data units: spanning tree. */
export const BRIDGE = 0x42
/** The control field of unnumbered information, which connectionless protocols use. */
export const UNNUMBERED_INFORMATION = 0x03

const DSAP = 0
const SSAP = 1
const CONTROL = 2
const OUI = 3
const PROTOCOL = 6

/** The destination's SAP as it stands; its lowest bit is not part of the address but marks a group. */
export function dsap(b: Uint8Array, at: number): number {
  return b[at + DSAP]
}

/** The source's SAP as it stands; its lowest bit is not part of the address but marks a response. */
export function ssap(b: Uint8Array, at: number): number {
  return b[at + SSAP]
}

/** The control field's first byte. */
export function control(b: Uint8Array, at: number): number {
  return b[at + CONTROL]
}

/** Bytes of the control field: 1 in unnumbered frames, 2 in information and supervisory ones. */
export function controlLength(b: Uint8Array, at: number): number {
  return (b[at + CONTROL] & 0x03) === 0x03 ? 1 : 2
}

/** Whether OUI and protocol follow. */
export function isSnap(b: Uint8Array, at: number): boolean {
  return b[at + DSAP] === SNAP && b[at + SSAP] === SNAP && b[at + CONTROL] === UNNUMBERED_INFORMATION
}

/** Who defines `protocol`, 24 bits: 0 means that it is an EtherType. Only where `isSnap`. */
export function oui(b: Uint8Array, at: number): number {
  return (b[at + OUI] << 16) | (b[at + OUI + 1] << 8) | b[at + OUI + 2]
}

/** Only where `isSnap`. */
export function protocol(b: Uint8Array, at: number): number {
  return (b[at + PROTOCOL] << 8) | b[at + PROTOCOL + 1]
}

/** Where the payload starts: behind SNAP where there is one, else behind the control field. */
export function payload(b: Uint8Array, at: number): number {
  return at + (isSnap(b, at) ? SNAP_LENGTH : CONTROL + controlLength(b, at))
}

/** Takes 8 bits, the group bit included. */
export function setDsap(b: Uint8Array, at: number, sap: number): void {
  b[at + DSAP] = sap
}

/** Takes 8 bits, the response bit included. */
export function setSsap(b: Uint8Array, at: number, sap: number): void {
  b[at + SSAP] = sap
}

/** Takes the control field's first byte; of one with two bytes the second is not touched. */
export function setControl(b: Uint8Array, at: number, value: number): void {
  b[at + CONTROL] = value
}

/** Takes 24 bits; 0 where an EtherType follows. */
export function setOui(b: Uint8Array, at: number, value: number): void {
  b[at + OUI] = value >> 16
  b[at + OUI + 1] = value >> 8
  b[at + OUI + 2] = value
}

/** Takes 16 bits, with OUI 0 an EtherType. */
export function setProtocol(b: Uint8Array, at: number, type: number): void {
  b[at + PROTOCOL] = type >> 8
  b[at + PROTOCOL + 1] = type
}

/**
 * OK, or why the LLC header at `at` cannot be read; `end` is where the 802.3 length ends, padding excluded.
 *
 * Not checked: the SAPs. Novell's raw 802.3 has no LLC header at all and reads as SAPs 0xff.
 */
export function check(b: Uint8Array, at: number, end: number): number {
  if (at + HEADER_LENGTH > end) return TRUNCATED
  return payload(b, at) > end ? TRUNCATED : OK
}

/** SAP → its name in printed frames. */
export const SAP_NAMES: ReadonlyMap<number, string> = new Map([
  [0x00, 'null'],
  [0x02, 'LLC management'],
  [0x04, 'SNA'],
  [0x06, 'IP'],
  [0x0e, 'PROWAY'],
  [BRIDGE, 'STP'],
  [0x7e, 'X.25'],
  [0x80, 'XNS'],
  [0x98, 'ARP'],
  [SNAP, 'SNAP'],
  [0xbc, 'VINES'],
  [0xe0, 'IPX'],
  [0xf0, 'NetBIOS'],
  [0xfe, 'OSI'],
  [0xff, 'global'],
])
