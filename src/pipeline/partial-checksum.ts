/** Checksums that a packet's sender has left to others, while rules look at it: what they see, and what they may do to it. */
import { CHECKED, PARTIAL, PARTIAL_SEGMENTS, UNCHECKED } from '../netfilter/packet.js'
import type { Packet } from '../netfilter/packet.js'
import {
  checksumField,
  checksumStart,
  isChecked,
  isPartial,
  isToBeCut,
  renewPartial,
  setChecked,
} from '../packet/offload.js'
import * as checksums from '../wire/checksum.js'
import * as ipv4 from '../wire/ipv4.js'

/** What rules are told of the checksum of the frame at `at`. */
export function checksumState(b: Uint8Array, at: number): number {
  if (!isChecked(b, at)) return UNCHECKED
  if (!isPartial(b, at)) return CHECKED
  return isToBeCut(b, at) ? PARTIAL_SEGMENTS : PARTIAL
}

/**
 * What rules have changed of the packet they have changed in its partial checksum too, as if that were whole: it gets
 * the pseudo header's sum again, unless a rule has made it whole. That of a header in a tunnel they have not touched.
 */
export function renewChecksum(b: Uint8Array, at: number, packet: Packet): void {
  const { l3, l4, end, protocol, checksum } = packet
  if (checksumStart(b, at) !== l4 || checksumField(b, at) + 2 > end) return
  if (checksum === CHECKED) setChecked(b, at)
  else renewPartial(b, at, checksums.pseudoHeader(b, ipv4.addresses(l3), protocol, end - l4))
}
