/**
 * What the node sends by itself because of a rule: the answers of REJECT. As the kernel's bridge does it, a RST
 * goes back by the port that the packet came by, with the MAC addresses swapped; an ICMP error goes the way of
 * everything that the node sends: OUTPUT, POSTROUTING, a neighbour's address, the bridge.
 */
import { NO_SLOT } from '../core/drops.js'
import type { Conntrack } from '../netfilter/conntrack/conntrack.js'
import { INPUT, OUTPUT, POSTROUTING } from '../netfilter/hook.js'
import type { Engine } from '../netfilter/engine.js'
import { Packet, UNICAST } from '../netfilter/packet.js'
import { LONGEST_REPLY, writeReset, writeUnreachable } from '../netfilter/reject-reply.js'
import { ACCEPT } from '../netfilter/verdict.js'
import { NONE } from '../packet/arena.js'
import { copyMac, formatIpv4 } from '../wire/address.js'
import * as ethernet from '../wire/ethernet.js'
import type { Dataplane } from './dataplane.js'
import type { CurrentPacket } from './judge.js'
import type { Effects } from './world.js'
import { addressType, isLoopback, isReachable } from './node-view.js'
import type { NodeDescription } from './node-view.js'

const HEADER = ethernet.HEADER_LENGTH
const EVERYBODY = new Uint8Array(6).fill(0xff)

/** Sends answers from a node; `engine` is asked what becomes of them. They belong to the connection of what they answer. */
export function createReplies(
  plane: Dataplane,
  node: NodeDescription,
  engine: () => Engine,
  connections: () => Conntrack | null,
  current: CurrentPacket,
): Effects['reject'] {
  const { arena } = plane
  const { bytes } = arena.memory

  /** For `Effects.reject`. */
  return function reject(packet: Packet, type: string): void {
    if (!isReachable(node, packet.source) || !isAnswerable(node, packet, type)) return
    const slot = arena.take(HEADER + LONGEST_REPLY)
    if (slot === NONE) return plane.drops.count(NO_SLOT)
    const length = type === 'tcp-reset' ? reset(packet, slot) : unreachable(packet, type, slot)
    if (length === 0) arena.free(slot)
  }

  function reset(packet: Packet, slot: number): number {
    const at = arena.start[slot]
    const length = writeReset(packet, bytes, at + HEADER)
    if (length === 0 || isLoopback(packet.destination)) return 0
    connections()?.close(packet)
    // What did not come by the bridge is answered as the node answers everything else.
    if (packet.physicalIn === '') return route(packet, slot, length)
    const port = plane.portNumber(packet.physicalIn)
    copyMac(bytes, at, bytes, packet.frame + 6)
    copyMac(bytes, at + 6, bytes, packet.frame)
    ethernet.setEtherType(bytes, at, ethernet.IPV4)
    stamp(slot, length)
    plane.sendBy(port, slot)
    return length
  }

  function unreachable(packet: Packet, type: string, slot: number): number {
    const at = arena.start[slot]
    const source = sourceFor(packet)
    const length = source === 0 ? 0 : writeUnreachable(packet, type, source, bytes, at + HEADER)
    return length === 0 ? 0 : route(packet, slot, length)
  }

  /** Where nobody's MAC address is known an answer passes the hooks and ends there: the node does not ask for one yet. */
  function route(packet: Packet, slot: number, length: number): number {
    const at = arena.start[slot]
    if (!passOutput(slot, packet)) return 0
    const neighbour = neighbourOf(packet.source)
    if (neighbour === undefined || node.mac === null) return 0
    bytes.set(neighbour, at)
    bytes.set(node.mac, at + 6)
    ethernet.setEtherType(bytes, at, ethernet.IPV4)
    stamp(slot, length)
    plane.sendFromNode(slot)
    return length
  }

  function neighbourOf(address: number): Uint8Array | undefined {
    if (addressType(node, address, '') === 'BROADCAST') return EVERYBODY
    return node.neighbours[formatIpv4(address)]
  }

  /** The address that was written to, if it is the node's; else the node's own on the way back. */
  function sourceFor(packet: Packet): number {
    const { destination } = packet
    if (addressType(node, destination, '') === 'LOCAL' && !isLoopback(destination)) return destination
    const own = node.addresses.find((one) => isReachable({ ...node, addresses: [one] }, packet.source))
    return own?.address ?? 0
  }

  function passOutput(slot: number, about: Packet): boolean {
    const packet = new Packet()
    packet.read(bytes, -1, arena.start[slot] + HEADER)
    packet.outInterface = node.bridge
    packet.now = about.now
    connections()?.attach(packet, about)
    if (engine().judge(OUTPUT, packet) !== ACCEPT) return false
    return engine().judge(POSTROUTING, packet) === ACCEPT
  }

  function stamp(slot: number, length: number): void {
    const { seconds, nanoseconds, time } = arena
    arena.length[slot] = HEADER + length
    time[slot] = time[current.slot]
    seconds[slot] = seconds[current.slot]
    nanoseconds[slot] = nanoseconds[current.slot]
  }
}

/**
 * Nobody is answered who wrote to many (icmp_send, nf_send_reset). What a frame that is only bridged is to the
 * node, its MAC address alone says, and a RST does not ask even that.
 */
function isAnswerable(node: NodeDescription, packet: Packet, type: string): boolean {
  if (type !== 'tcp-reset' && packet.type !== UNICAST) return false
  return packet.hook !== INPUT || addressType(node, packet.destination, '') === 'LOCAL'
}
