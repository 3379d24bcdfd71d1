/**
 * What nearly every packet is: one more of a connection that goes on, TCP's with nothing but ACK in the place where
 * it is expected, or UDP's that was answered. It is checked, found and taken in by one call into WebAssembly, over
 * frames and connections in one memory. Where anything else is the case nothing has happened, and the protocols'
 * trackers do all of it: they are the specification, and this is only faster (a test holds both against each other).
 */
import type { Memory } from '../../packet/memory.js'
import { compile } from '../../packet/wasm.js'
import * as tcp from '../../wire/tcp.js'
import * as udp from '../../wire/udp.js'
import * as packets from '../packet.js'
import type { Packet } from '../packet.js'
import { createEntryCode } from './entry-code.js'
import { establishedDatagram } from './established-udp.js'
import { establishedSegment } from './established-tcp.js'
import type { ConnectionTable } from './table.js'
import type { ConntrackTimeouts } from './timeouts.js'
import * as zones from './zone.js'

// An imported constant is loaded and checked at each use.
const { PROTOCOL: TCP } = tcp
const { PROTOCOL: UDP } = udp
const { ONE_SIDED } = zones
const { UNCHECKED } = packets

/** Takes in packets of established connections. */
export interface Established {
  /** Its one number is the time of the packet at hand, microseconds: as an argument it would be put on the heap. */
  readonly clock: Float64Array
  /**
   * Takes in a whole datagram that came from a wire, whose headers and end are there in the memory; `isChecked`: whose
   * checksum need not be looked at. The reference of its connection (table.ts); or 0, and nothing has changed.
   */
  take(l3: number, l4: number, end: number, protocol: number, isChecked: boolean): number
  /** The same for one that rules have seen already; 0, too, for what is not in the memory. */
  takePacket(packet: Packet): number
}

/** What a protocol exports: offsets in the memory, and the word PROTOCOL of an entry. */
type Take = (l3: number, l4: number, end: number, protocol: number) => number

/** For packets in this memory and connections in this table, which lies there too. */
export function createEstablished(
  table: ConnectionTable,
  memory: Memory,
  timeouts: Readonly<ConntrackTimeouts>,
  verifiesChecksums: boolean,
): Established {
  const { bytes } = memory
  const clock = memory.doubles(1)
  const entries = createEntryCode(table, clock)
  const functions = memory.instantiate(
    compile([
      establishedSegment('takeSegment', entries, timeouts, verifiesChecksums),
      establishedDatagram('takeDatagram', entries, timeouts, verifiesChecksums),
      establishedSegment('takeCheckedSegment', entries, timeouts, false),
      establishedDatagram('takeCheckedDatagram', entries, timeouts, false),
    ]),
  )
  const takeSegment = functions.takeSegment as Take
  const takeDatagram = functions.takeDatagram as Take
  const takeCheckedSegment = functions.takeCheckedSegment as Take
  const takeCheckedDatagram = functions.takeCheckedDatagram as Take

  function take(l3: number, l4: number, end: number, protocol: number, isChecked: boolean): number {
    if (isChecked) return takeChecked(l3, l4, end, protocol)
    if (protocol === TCP) return takeSegment(l3, l4, end, TCP)
    return protocol === UDP ? takeDatagram(l3, l4, end, UDP) : 0
  }

  function takeChecked(l3: number, l4: number, end: number, word: number): number {
    const protocol = word & 0xff
    if (protocol === TCP) return takeCheckedSegment(l3, l4, end, word)
    return protocol === UDP ? takeCheckedDatagram(l3, l4, end, word) : 0
  }

  function takePacket(packet: Packet): number {
    const { l3, l4, end, protocol, zone } = packet
    if (packet.bytes !== bytes || (zone & ONE_SIDED) !== 0) return 0
    clock[0] = packet.now
    if (packet.checksum !== UNCHECKED) return takeChecked(l3, l4, end, protocol | zone)
    if (protocol === TCP) return takeSegment(l3, l4, end, TCP | zone)
    return protocol === UDP ? takeDatagram(l3, l4, end, UDP | zone) : 0
  }

  return { clock, take, takePacket }
}
