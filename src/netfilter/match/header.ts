/** Whether a packet has the header that a match wants to read. */
import type { Packet } from '../packet.js'

/**
 * Whether `length` bytes of the protocol's header are there. A later fragment has none and does not match. A
 * header that is cut cannot be judged and is dropped on the spot, as xt_tcpudp and its kin do.
 */
export function hasHeader(packet: Packet, length: number): boolean {
  return packet.fragmentOffset === 0 && isWhole(packet, length)
}

/** The same for a match that does not ask whether the packet is a later fragment. */
export function isWhole(packet: Packet, length: number): boolean {
  if (packet.l4 + length <= packet.end) return true
  packet.isMalformed = true
  return false
}
