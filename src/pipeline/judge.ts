/** Asks the rules about a packet at a hook: what they see of it, what becomes of it, and what a drop is called. */
import type { Drops } from '../core/drops.js'
import { culpritText } from '../netfilter/engine.js'
import type { Engine } from '../netfilter/engine.js'
import type { Hook } from '../netfilter/hook.js'
import { BROADCAST, MULTICAST, PARTIAL, Packet, UNICAST } from '../netfilter/packet.js'
import type { Chain, Rule } from '../netfilter/rule.js'
import { ACCEPT } from '../netfilter/verdict.js'
import type { Arena } from '../packet/arena.js'
import { isBroadcast, isGroup } from '../wire/address.js'
import { HEADER_LENGTH as ETHERNET } from '../wire/ethernet.js'
import { OK } from '../wire/reason.js'
import type { NodeDescription } from './node-view.js'
import { checksumState, renewChecksum } from './partial-checksum.js'

// An imported constant is loaded and checked at each use.
const [broadcast, multicast, unicast] = [BROADCAST, MULTICAST, UNICAST]
const [ethernet, accept, ok, partial] = [ETHERNET, ACCEPT, OK, PARTIAL]

/** The packet that rules are being asked about: what a rule answers takes its time from it. */
export interface CurrentPacket {
  slot: number
}

/**
 * OK, or the reason why the packet is dropped. It was located (packet/locate.ts) when it came in. `physicalOut` is ''
 * for what does not leave by a port.
 */
export type Judge = (
  hook: Hook,
  slot: number,
  inInterface: string,
  physicalIn: string,
  physicalOut: string,
) => number

/** Asks these rules, which stand in this node. */
export function createJudge(
  arena: Arena,
  drops: Drops,
  engine: Engine,
  node: NodeDescription,
  current: CurrentPacket,
): Judge {
  const { start, length, time, mark, traced, connection, connectionInfo, l3, l4, protocol, roomOf } = arena
  const { bytes } = arena.memory
  const packet = new Packet()
  const reasons = new Map<Chain | Rule, number>()
  const malformed = new Map<Chain | Rule, number>()

  function judge(
    hook: Hook,
    slot: number,
    inInterface: string,
    physicalIn: string,
    physicalOut: string,
  ): number {
    const at = start[slot]
    const isUntagged = l3[slot] === ethernet
    packet.read(bytes, at, at + l3[slot], at + l4[slot], protocol[slot])
    packet.inInterface = inInterface
    packet.outInterface = physicalOut === '' ? '' : node.bridge
    packet.physicalIn = physicalIn
    packet.physicalOut = physicalOut
    packet.isBridged = physicalOut !== ''
    packet.type = isGroup(bytes, at) ? (isBroadcast(bytes, at) ? broadcast : multicast) : unicast
    packet.mark = mark[slot] >>> 0
    packet.isTraced = traced[slot] !== 0
    if (connectionInfo[slot] !== 0) {
      packet.connection = connection[slot]!
      packet.direction = connectionInfo[slot] & 1
      packet.connectionState = connectionInfo[slot] >> 1
    }
    packet.now = time[slot]
    packet.room = isUntagged ? roomOf(slot) - length[slot] : 0
    const known = checksumState(bytes, at)
    packet.checksum = known
    current.slot = slot
    const verdict = engine.judge(hook, packet)
    mark[slot] = packet.mark
    traced[slot] = packet.isTraced ? 1 : 0
    connection[slot] = packet.connection
    connectionInfo[slot] = (packet.connectionState << 1) | packet.direction
    if (isUntagged) length[slot] = packet.end - at
    if (known >= partial) renewChecksum(bytes, at, packet)
    return verdict === accept ? ok : reasonOf()
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

  return judge
}
