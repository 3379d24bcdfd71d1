/** Whether a packet has the header that a match wants to read. */
import type { Packet } from '../packet.js'

/**
 * Whether `length` bytes of the protocol's header are there. A later fragment has none and does not match. A
 * fragment at offset 8 would overwrite the header of the one before it, and a header that is cut cannot be
 * judged: both are dropped on the spot, as xt_tcpudp does.
 */
export function hasHeader(packet: Packet, length: number): boolean {
  if (packet.fragmentOffset !== 0) {
    if (packet.fragmentOffset === 8 && packet.protocol === 6) packet.isMalformed = true
    return false
  }
  if (packet.l4 + length > packet.end) packet.isMalformed = true
  return !packet.isMalformed
}
