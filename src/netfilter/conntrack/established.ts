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

/**
 * Takes in a packet that came from a wire and goes on in an established connection: its reference (table.ts); or 0,
 * and nothing has changed.
 */
export type TakeEstablished = (packet: Packet) => number

/** What a protocol exports: offsets in the memory, and the word PROTOCOL of an entry. */
type Take = (l3: number, l4: number, end: number, protocol: number) => number

/** For packets in this memory and connections in this table, which lies there too. */
export function createEstablished(
  table: ConnectionTable,
  memory: Memory,
  timeouts: Readonly<ConntrackTimeouts>,
  verifiesChecksums: boolean,
): TakeEstablished {
  const { bytes } = memory
  const clock = memory.doubles(1)
  const entries = createEntryCode(table, clock)
  const functions = memory.instantiate(
    compile([
      establishedSegment(entries, timeouts, verifiesChecksums),
      establishedDatagram(entries, timeouts, verifiesChecksums),
    ]),
  )
  const takeSegment = functions.takeSegment as Take
  const takeDatagram = functions.takeDatagram as Take

  return (packet) => {
    const { l3, l4, end, protocol, zone } = packet
    if (packet.bytes !== bytes || packet.fragmentOffset !== 0 || (zone & ONE_SIDED) !== 0) return 0
    clock[0] = packet.now
    if (protocol === TCP) return takeSegment(l3, l4, end, TCP | zone)
    return protocol === UDP ? takeDatagram(l3, l4, end, UDP | zone) : 0
  }
}
