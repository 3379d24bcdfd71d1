/** What the tracking of connections wants of a protocol. */
import type { Packet } from '../packet.js'

/**
 * What becomes of a packet: it is its connection's; it is no connection's; the connection is over and the packet
 * begins another one; it is its connection's, which is not refreshed by it and does not count it.
 */
export const [TRACKED, UNTRACKABLE, AGAIN, UNCOUNTED] = [0, 1, 2, 3]

/** A protocol. */
export interface ProtocolTracker {
  /** Whether the header is there and in order; of others there is no connection. */
  isSound(packet: Packet): boolean
  /** Whether the packet can begin a connection; what it says is entered. */
  begin(entry: number, packet: Packet): boolean
  /** Takes in a packet of the connection, and says when that ends. */
  packet(entry: number, direction: number, packet: Packet): number
}
