/**
 * Where bridged IPv4 frames meet rules, as with bridge-nf-call-iptables=1 (net/bridge/br_netfilter_hooks.c):
 *
 *   validate and trim → PREROUTING → learn, look up → for each copy FORWARD → POSTROUTING; the node's own INPUT
 *
 * Only untagged IPv4 enters; everything else passes without being asked. Interfaces are the bridge, ports the
 * physical devices.
 */
import type { Drops } from '../core/drops.js'
import { culpritText } from '../netfilter/engine.js'
import type { Engine } from '../netfilter/engine.js'
import { FORWARD, INPUT, POSTROUTING, PREROUTING } from '../netfilter/hook.js'
import type { Hook } from '../netfilter/hook.js'
import { BROADCAST, MULTICAST, Packet, UNICAST } from '../netfilter/packet.js'
import type { Chain, Rule } from '../netfilter/rule.js'
import { ACCEPT } from '../netfilter/verdict.js'
import { SMALL_ROOM } from '../packet/arena.js'
import type { Arena } from '../packet/arena.js'
import { locate } from '../packet/locate.js'
import { isBroadcast, isGroup, sameMac } from '../wire/address.js'
import { HEADER_LENGTH as ETHERNET, IPV4 } from '../wire/ethernet.js'
import * as ipv4 from '../wire/ipv4.js'
import { OK } from '../wire/reason.js'
import { isForNode } from './node-view.js'
import type { NodeDescription } from './node-view.js'

/** The hooks of a bridge. Each returns OK, or the reason why the packet is dropped. */
export interface Hooks {
  /** A packet comes, before the bridge has looked at it. */
  begin?(slot: number): void
  /** That packet has left, been delivered or dropped. */
  end?(): void
  /** Before anything is learned or looked up. */
  prerouting(slot: number): number
  /** For the copy that leaves by port `to`. */
  forward(slot: number, to: number): number
  /** For the node's own copy. */
  input(slot: number): number
}

/** The packet that rules are being asked about: what a rule answers takes its time from it. */
export interface CurrentPacket {
  slot: number
}

/** The hooks over these rules. `portNames` may grow. */
export function createHooks(
  arena: Arena,
  drops: Drops,
  engine: Engine,
  node: NodeDescription,
  portNames: readonly string[],
  current: CurrentPacket,
): Hooks {
  const { start, length, port, time, mark, etherType, l3 } = arena
  const { bytes } = arena.memory
  const packet = new Packet()
  const reasons = new Map<Chain | Rule, number>()
  const malformed = new Map<Chain | Rule, number>()

  const otherPorts = Object.entries(node.portMacs)

  const isIpv4 = (slot: number): boolean => etherType[slot] === IPV4 && l3[slot] === ETHERNET

  function prerouting(slot: number): number {
    locate(arena, slot)
    mark[slot] = 0
    if (!isIpv4(slot)) return OK
    const at = start[slot]
    const refusal = ipv4.check(bytes, at + ETHERNET, at + length[slot])
    if (refusal !== OK) return refusal
    length[slot] = ETHERNET + ipv4.totalLength(bytes, at + ETHERNET)
    return judge(PREROUTING, slot, node.bridge, '', -1)
  }

  function forward(slot: number, to: number): number {
    if (!isIpv4(slot)) return OK
    const refusal = judge(FORWARD, slot, node.bridge, node.bridge, to)
    return refusal === OK ? judge(POSTROUTING, slot, '', node.bridge, to) : refusal
  }

  function input(slot: number): number {
    if (!isIpv4(slot)) return OK
    const at = start[slot] + ETHERNET
    // INPUT is asked about whole datagrams (ip_local_deliver), and the node does not put fragments together yet.
    if (ipv4.isFragment(bytes, at)) return OK
    if (isForOtherPort(slot)) return OK
    if (!isForNode(node, ipv4.source(bytes, at), ipv4.destination(bytes, at))) return OK
    return judge(INPUT, slot, node.bridge, '', -1)
  }

  /** The bridge hands over what is for any of its ports; IP takes it only from the port itself (PACKET_OTHERHOST). */
  function isForOtherPort(slot: number): boolean {
    for (const [name, mac] of otherPorts)
      if (name !== portNames[port[slot]] && sameMac(bytes, start[slot], mac, 0)) return true
    return false
  }

  function judge(hook: Hook, slot: number, inInterface: string, outInterface: string, to: number): number {
    const at = start[slot]
    packet.read(bytes, at, at + ETHERNET)
    packet.room = SMALL_ROOM - length[slot]
    packet.inInterface = inInterface
    packet.outInterface = outInterface
    packet.physicalIn = portNames[port[slot]]
    packet.physicalOut = to === -1 ? '' : portNames[to]
    packet.isBridged = to !== -1
    packet.type = isBroadcast(bytes, at) ? BROADCAST : isGroup(bytes, at) ? MULTICAST : UNICAST
    packet.mark = mark[slot] >>> 0
    packet.now = time[slot]
    current.slot = slot
    const verdict = engine.judge(hook, packet)
    mark[slot] = packet.mark
    length[slot] = packet.end - at
    return verdict === ACCEPT ? OK : reasonOf()
  }

  /** The drop reason of the rule or policy that has just dropped, registered when it drops for the first time. */
  function reasonOf(): number {
    const { culprit } = engine
    const known = culprit.isMalformed ? malformed : reasons
    const key = culprit.rule ?? culprit.chain
    const reason = known.get(key) ?? drops.register(culpritText(culprit))
    known.set(key, reason)
    return reason
  }

  return { prerouting, forward, input }
}
