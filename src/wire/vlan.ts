/*
 * VLAN tag (IEEE 802.1Q clause 9), also stacked (802.1ad, QinQ)
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-------------------------------+-----+-+-----------------------+
 *   |             TPID              | PCP |D|          VID          |
 *   +-------------------------------+-----+-+-----------------------+
 *
 * The tag stands where the EtherType stood, and the EtherType, or another tag, after it. So `at` is the
 * offset of the TPID: `ethernet.etherTypeAt` of the frame for the first tag.
 */
import { OLD_QINQ, SERVICE_VLAN, VLAN, etherTypeAt } from './ethernet.js'
import { BAD_VERSION, OK, TRUNCATED } from './reason.js'

/** Bytes that a tag adds to the frame. */
export const HEADER_LENGTH = 4
/** Tags followed at most. Nobody stacks so many: two are QinQ, three are met in transit. */
export const MAX_TAGS = 8

const TPID = 0
const TCI = 2
const ETHER_TYPE = 4

/** Tag protocol identifier, the EtherType of the tag itself. */
export function tpid(b: Uint8Array, at: number): number {
  return (b[at + TPID] << 8) | b[at + TPID + 1]
}

/** Priority code point, 0 to 7; higher is not always more urgent: 1 is the lowest, 0 the default. */
export function priority(b: Uint8Array, at: number): number {
  return b[at + TCI] >> 5
}

/** Whether the frame may be dropped first under congestion. Before 802.1ad this bit was the CFI. */
export function dropEligible(b: Uint8Array, at: number): boolean {
  return (b[at + TCI] & 0x10) !== 0
}

/** VLAN identifier; 0 means no VLAN, only a priority. */
export function identifier(b: Uint8Array, at: number): number {
  return ((b[at + TCI] & 0x0f) << 8) | b[at + TCI + 1]
}

/** What follows the tag: an EtherType, a length, or the TPID of the next tag. */
export function etherType(b: Uint8Array, at: number): number {
  return (b[at + ETHER_TYPE] << 8) | b[at + ETHER_TYPE + 1]
}

/** Takes an EtherType for which `isTag` holds. */
export function setTpid(b: Uint8Array, at: number, type: number): void {
  b[at + TPID] = type >> 8
  b[at + TPID + 1] = type
}

/** Takes 0 to 7; the other bits of the tag stay. */
export function setPriority(b: Uint8Array, at: number, value: number): void {
  b[at + TCI] = (b[at + TCI] & 0x1f) | (value << 5)
}

/** Sets or clears the one bit; the other bits of the tag stay. */
export function setDropEligible(b: Uint8Array, at: number, isEligible: boolean): void {
  b[at + TCI] = (b[at + TCI] & 0xef) | (isEligible ? 0x10 : 0)
}

/** Takes 0 to 4094; priority and drop eligibility stay. */
export function setIdentifier(b: Uint8Array, at: number, value: number): void {
  b[at + TCI] = (b[at + TCI] & 0xf0) | (value >> 8)
  b[at + TCI + 1] = value
}

/** Takes what follows the tag: an EtherType, a length, or the TPID of the next tag. */
export function setEtherType(b: Uint8Array, at: number, type: number): void {
  b[at + ETHER_TYPE] = type >> 8
  b[at + ETHER_TYPE + 1] = type
}

/**
 * OK, or why there is no tag to be read at `at`: the tag and the EtherType after it must be there.
 *
 * Not checked: the identifier 0xfff, which 802.1Q reserves (table 9-2). A bridge that does not filter by
 * VLAN forwards it like any other.
 */
export function check(b: Uint8Array, at: number, end: number): number {
  if (at + ETHER_TYPE + 2 > end) return TRUNCATED
  return isTag(tpid(b, at)) ? OK : BAD_VERSION
}

/** Whether an EtherType is that of a tag. */
export function isTag(type: number): boolean {
  return type === VLAN || type === SERVICE_VLAN || type === OLD_QINQ
}

/**
 * From the Ethernet header at `at`, the offset of the EtherType behind all tags, or -1 when the frame ends
 * before it. Without a tag that is the header's own. After MAX_TAGS the walk stops, and what stands
 * there, tag or not, is the answer.
 */
export function innerTypeAt(b: Uint8Array, at: number, end: number): number {
  let type = etherTypeAt(at)
  for (let tags = 0; tags < MAX_TAGS; tags++) {
    if (type + 2 > end || !isTag(tpid(b, type))) break
    type += HEADER_LENGTH
  }
  return type + 2 > end ? -1 : type
}
