/** The trackers of all protocols, each found by the number in the IPv4 header. */
import * as icmp from '../../wire/icmp.js'
import * as sctp from '../../wire/sctp.js'
import * as tcp from '../../wire/tcp.js'
import * as udp from '../../wire/udp.js'
import type { Packet } from '../packet.js'
import { createGeneric, createGre, createIcmp, createUdp, createUdplite } from './datagrams.js'
import { createSctp } from './sctp.js'
import type { ConnectionTable } from './table.js'
import { createTcp } from './tcp.js'
import type { ConntrackTimeouts } from './timeouts.js'
import type { ProtocolTracker } from './tracker.js'
import * as tuples from './tuple.js'

// An imported constant is loaded and checked at each use.
const { PROTOCOL: TCP } = tcp
const { PROTOCOL: UDP } = udp
const { PROTOCOL: ICMP } = icmp
const { PROTOCOL: SCTP } = sctp
const { GRE, UDPLITE, hasPorts } = tuples

/** Trackers, and what they say. */
export interface Protocols {
  trackerOf(protocol: number): ProtocolTracker
  /** Whether a packet's header is there and in order. */
  isSound(protocol: number, packet: Packet): boolean
  /** What becomes of a packet of the connection (tracker.ts). */
  outcomeOf(protocol: number, entry: number, direction: number, packet: Packet): number
}

/** For the connections of this table; `verifies` says whether the checksum of the packet at hand counts. */
export function createProtocols(
  table: ConnectionTable,
  timeouts: Readonly<ConntrackTimeouts>,
  verifies: () => boolean,
): Protocols {
  const tcpTracker = createTcp(table, timeouts, verifies)
  const udpTracker = createUdp(table, timeouts, verifies)
  const udpliteTracker = createUdplite(table, timeouts, verifies)
  const icmpTracker = createIcmp(table, timeouts, verifies)
  const sctpTracker = createSctp(table, timeouts, verifies)
  const greTracker = createGre(table, timeouts)
  const genericTracker = createGeneric(table, timeouts)

  function trackerOf(protocol: number): ProtocolTracker {
    if (protocol === TCP) return tcpTracker
    if (protocol === UDP) return udpTracker
    if (protocol === ICMP) return icmpTracker
    if (protocol === UDPLITE) return udpliteTracker
    if (protocol === SCTP) return sctpTracker
    return protocol === GRE ? greTracker : genericTracker
  }

  // V8 learns by the place of a call what is called there: the frequent ones have places of their own.
  function isSound(protocol: number, packet: Packet): boolean {
    if (protocol === TCP) return tcpTracker.isSound(packet)
    if (protocol === UDP) return udpTracker.isSound(packet)
    return hasPorts(protocol, packet.bytes, packet.l4, packet.end) && trackerOf(protocol).isSound(packet)
  }

  function outcomeOf(protocol: number, entry: number, direction: number, packet: Packet): number {
    if (protocol === TCP) return tcpTracker.packet(entry, direction, packet)
    if (protocol === UDP) return udpTracker.packet(entry, direction, packet)
    return trackerOf(protocol).packet(entry, direction, packet)
  }

  return { trackerOf, isSound, outcomeOf }
}
