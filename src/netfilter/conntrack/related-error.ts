/** ICMP errors, which quote a packet of the connection that they are about. */
import * as icmp from '../../wire/icmp.js'
import * as ipv4 from '../../wire/ipv4.js'
import type { Packet } from '../packet.js'
import { DESTINATION, RELATED, TUPLE_WORDS } from './entry.js'
import type { ConnectionTable } from './table.js'
import { hasAnswers, hasPorts, invertedPorts, portsOf } from './tuple.js'

/** Relates an error to the connection of the packet that it quotes, if it goes to who has sent that. */
export function createRelate(table: ConnectionTable): (error: Packet) => void {
  const { words } = table
  return (packet) => {
    const { bytes: b, l4, end, zone, now } = packet
    const inner = icmp.embedded(l4)
    if (inner + ipv4.HEADER_LENGTH > end) return
    const protocol = ipv4.protocol(b, inner)
    const innerL4 = ipv4.payload(b, inner)
    // Not checked, as in the kernel: that the quoted header is 20 bytes at least.
    if (innerL4 > end || ipv4.fragmentOffset(b, inner) !== 0 || !hasPorts(protocol, b, innerL4, end)) return
    const ports = portsOf(protocol, b, innerL4, end)
    if (!hasAnswers(protocol, ports)) return
    const [source, destination] = [ipv4.source(b, inner), ipv4.destination(b, inner)]
    // An answer to the quoted packet is looked for: the error comes from the other side.
    const reference = table.find(destination, source, invertedPorts(protocol, ports), protocol | zone, now)
    if (reference === 0) return
    const entry = reference & ~1
    const direction = reference & 1
    if (words[entry + direction * TUPLE_WORDS + DESTINATION] !== (packet.destination | 0)) return
    packet.connection = entry
    packet.direction = direction
    packet.connectionState = RELATED
  }
}
