/**
 * Where a bridged packet goes whose destination rules have changed: to the node, or to a station that the node would
 * send it to by this bridge, with that one's MAC address (br_nf_pre_routing_finish). Others end here.
 */
import type { Drops } from '../core/drops.js'
import type { Arena } from '../packet/arena.js'
import { formatIpv4 } from '../wire/address.js'
import { HEADER_LENGTH as ETHERNET } from '../wire/ethernet.js'
import * as ipv4 from '../wire/ipv4.js'
import { OK } from '../wire/reason.js'
import { isForNode, nextHop } from './node-view.js'
import type { NodeDescription } from './node-view.js'

/** Gives the packet its new way: OK, or the reason why it has none. */
export type Reroute = (slot: number) => number

/**
 * The ways of this node. Neighbours are those that it was told of: it does not ask for any yet. What the node has no
 * way for ends in its own stack, so that the bridge learns from it: `learnFrom`.
 */
export function createReroute(
  { memory, start }: Arena,
  drops: Drops,
  node: NodeDescription,
  learnFrom: (slot: number) => void,
): Reroute {
  const { bytes } = memory
  const noRoute = drops.register('nat: no route')
  const noNeighbour = drops.register('nat: no neighbour')

  return function reroute(slot) {
    const at = start[slot]
    const source = ipv4.source(bytes, at + ETHERNET)
    const destination = ipv4.destination(bytes, at + ETHERNET)
    if (isForNode(node, source, destination)) return sendTo(at, node.mac, noRoute)
    const via = node.forwards ? nextHop(node, destination) : null
    if (via !== null) return sendTo(at, node.neighbours[formatIpv4(via)] ?? null, noNeighbour)
    learnFrom(slot)
    return noRoute
  }

  function sendTo(at: number, mac: Uint8Array | null, otherwise: number): number {
    if (mac === null) return otherwise
    bytes.set(mac, at)
    return OK
  }
}
