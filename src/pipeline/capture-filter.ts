/** Asks about frames, as they come in or leave, whether a capture wants them. */
import { compile } from '../netfilter/compile/compile.js'
import { FORWARD } from '../netfilter/hook.js'
import { BROADCAST, MULTICAST, Packet, UNICAST } from '../netfilter/packet.js'
import type { RuleSet } from '../netfilter/rule.js'
import type { Runtime } from '../netfilter/runtime.js'
import { ACCEPT } from '../netfilter/verdict.js'
import type { Arena } from '../packet/arena.js'
import { locate } from '../packet/locate.js'
import { isBroadcast, isGroup } from '../wire/address.js'
import { IPV4 } from '../wire/ethernet.js'
import * as ipv4 from '../wire/ipv4.js'
import { OK } from '../wire/reason.js'
import { checksumState } from './partial-checksum.js'

/** Whether the frame is wanted, that came in or leaves by the port of this name; the other name is ''. */
export type CaptureFilter = (slot: number, cameBy: string, leavesBy: string) => boolean

/** What the rules of `parseFilter` accept: IPv4 in frames, behind VLAN tags too. */
export function createCaptureFilter(arena: Arena, rules: RuleSet, runtime: Runtime): CaptureFilter {
  const { start, length, etherType, l3, l4, protocol, time } = arena
  const { bytes } = arena.memory
  const engine = compile(rules, runtime)
  const packet = new Packet()
  return (slot, cameBy, leavesBy) => {
    locate(arena, slot)
    const at = start[slot]
    if (etherType[slot] !== IPV4 || ipv4.check(bytes, at + l3[slot], at + length[slot]) !== OK) return false
    packet.read(bytes, at, at + l3[slot], at + l4[slot], protocol[slot])
    packet.inInterface = packet.physicalIn = cameBy
    packet.outInterface = packet.physicalOut = leavesBy
    packet.type = isGroup(bytes, at) ? (isBroadcast(bytes, at) ? BROADCAST : MULTICAST) : UNICAST
    packet.now = time[slot]
    packet.checksum = checksumState(bytes, at)
    return engine.judge(FORWARD, packet) === ACCEPT
  }
}
