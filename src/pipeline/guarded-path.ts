/**
 * The way of packets when rules stand on it: between the stages that the bridge takes a burst through at once, each
 * packet and each of its copies meets the hooks. One packet after another: what a rule remembers of one (a list, a
 * limit) may decide about the next, wherever on their way they meet rules.
 */
import type { Bridge } from '../bridge/bridge.js'
import { UNKNOWN } from '../bridge/fdb.js'
import { LINK_LOCAL, NO_SLOT } from '../core/drops.js'
import type { Drops } from '../core/drops.js'
import { NONE } from '../packet/arena.js'
import type { Arena } from '../packet/arena.js'
import { Burst } from '../packet/burst.js'
import { isGroup } from '../wire/address.js'
import { OK } from '../wire/reason.js'
import type { Hooks } from './hooks.js'

/** Last byte of the group that PAUSE frames go to (IEEE 802.3 annex 31B). */
const PAUSE = 1

/** What the dataplane does for the path. */
export interface PathEnds {
  /** Takes over what leaves by the port. */
  transmit(port: number, leaving: Burst): void
  /** Counts a packet that was received and is dropped. */
  refuse(why: number): void
  /** Takes over what the bridge has for the node itself. */
  deliver(): void
}

/** Packets through hooks. */
export interface GuardedPath {
  /** What the bridge has counted as forwarded, flooded or delivered and is no more, and is dropped instead. */
  readonly lost: { forwarded: number; flooded: number; delivered: number; dropped: number }
  /** The bridge has one more port. */
  addPort(): void
  /** Carries the packets of the burst to where they go. */
  process(through: Hooks, burst: Burst): void
  /** While a packet passes hooks: another one leaves by a port, unasked. Takes the slot over. */
  sendBy(port: number, slot: number): void
  /** While a packet passes hooks: the node sends one by its bridge, to where its destination is. Takes the slot over. */
  sendFromNode(slot: number): void
}

/** The path through this bridge. */
export function createGuardedPath(
  arena: Arena,
  bridge: Bridge,
  drops: Drops,
  { transmit, refuse, deliver }: PathEnds,
): GuardedPath {
  const { local } = bridge
  /** What leaves by each port, once rules have let it pass. */
  const outgoing: Burst[] = []
  const one = new Burst(new Int32Array(1))
  const lost = { forwarded: 0, flooded: 0, delivered: 0, dropped: 0 }

  function process(through: Hooks, { slots, count }: Burst): void {
    for (let i = 0; i < count; i++) {
      through.begin?.(slots[i])
      passPacket(through, slots[i])
      through.end?.()
    }
    for (let port = 0; port < outgoing.length; port++) flush(port)
  }

  function passPacket(through: Hooks, slot: number): void {
    const ofBridge = bridge.refusalOf(slot)
    if (ofBridge === LINK_LOCAL) passOwn(through, slot)
    const refusal = ofBridge === OK ? through.prerouting(slot) : OK
    if (refusal !== OK) {
      arena.free(slot)
      return refuse(refusal)
    }
    one.slots[0] = slot
    one.count = 1
    const { flooded } = bridge.totals
    bridge.process(one)
    passCopies(through, bridge.totals.flooded > flooded)
  }

  /** PAUSE frames are nobody's; of the others the bridge learns before the port's own stack has them. */
  function passOwn(through: Hooks, slot: number): void {
    if (arena.memory.bytes[arena.start[slot] + 5] === PAUSE) return
    bridge.learnFrom(slot)
    through.ownOfPort(slot)
  }

  /** What the bridge made of one packet: copies for ports, the one added last first, and then the node's. */
  function passCopies(through: Hooks, isFlood: boolean): void {
    let copies = 0
    let dropped = 0
    for (let port = outgoing.length - 1; port >= 0; port--) {
      const leaving = bridge.leaving(port)
      if (leaving.count === 0) continue
      copies++
      if (!passForward(through, leaving.slots[0], port)) dropped++
    }
    const isForNode = local.count > 0
    const isDelivered = isForNode && passInput(through, local.slots[0])
    const isGone = copies === 0 ? isForNode && !isDelivered : copies === dropped
    if (isGone) recount(copies, isFlood, isDelivered)
    deliver()
  }

  /** It left nowhere after all. */
  function recount(copies: number, isFlood: boolean, isDelivered: boolean): void {
    if (copies === 0) lost.delivered++
    else if (isFlood) lost.flooded++
    else lost.forwarded++
    if (isDelivered) lost.delivered--
    else lost.dropped++
  }

  function passForward(through: Hooks, slot: number, port: number): boolean {
    const refusal = through.forward(slot, port)
    if (refusal === OK) sendBy(port, slot)
    else {
      arena.free(slot)
      drops.count(refusal)
    }
    return refusal === OK
  }

  function passInput(through: Hooks, slot: number): boolean {
    const refusal = through.input(slot)
    if (refusal !== OK) drops.count(refusal)
    return refusal === OK
  }

  function sendBy(port: number, slot: number): void {
    if (outgoing[port].isFull) flush(port)
    outgoing[port].add(slot)
  }

  /**
   * Floods count as nothing: what the node sends was not received. A group is flooded by every port, whatever its
   * switches say of frames that came in; an unknown station is looked for behind those that take floods (br_flood).
   */
  function sendFromNode(slot: number): void {
    const to = bridge.portOf(slot)
    if (to !== UNKNOWN) {
      if (to < outgoing.length) sendBy(to, slot)
      else arena.free(slot)
      return
    }
    const isToMany = isGroup(arena.memory.bytes, arena.start[slot])
    for (let port = outgoing.length - 1; port >= 0; port--) {
      if (!isToMany && !bridge.takesFlood(port)) continue
      const copy = arena.clone(slot)
      if (copy === NONE) drops.count(NO_SLOT)
      else sendBy(port, copy)
    }
    arena.free(slot)
  }

  function flush(port: number): void {
    transmit(port, outgoing[port])
    outgoing[port].clear()
  }

  return { lost, addPort: () => void outgoing.push(new Burst()), process, sendBy, sendFromNode }
}
