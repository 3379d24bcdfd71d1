/**
 * The way of packets when rules stand on it: between the stages that the bridge takes a burst through at once, each
 * packet and each of its copies meets the hooks. One packet after another: what a rule remembers of one (a list, a
 * limit) may decide about the next, wherever on their way they meet rules.
 */
import type { Bridge, BridgeTotals } from '../bridge/bridge.js'
import { UNKNOWN } from '../bridge/fdb.js'
import { LINK_LOCAL, NO_SLOT } from '../core/drops.js'
import type { Drops } from '../core/drops.js'
import { NONE } from '../packet/arena.js'
import type { Arena } from '../packet/arena.js'
import { Burst } from '../packet/burst.js'
import { isGroup } from '../wire/address.js'
import { OK } from '../wire/reason.js'
import type { Hooks } from './hooks.js'
import { createRefragment } from './refragment.js'

/** Last byte of the group that PAUSE frames go to (IEEE 802.3 annex 31B). */
const PAUSE = 1

/** What the dataplane does for the path. */
export interface PathEnds {
  /** Takes over what leaves by the port. */
  transmit(port: number, leaving: Burst): void
  /** Counts frames that were received and are dropped. */
  refuse(why: number, frames?: number): void
  /** Takes over what the bridge has for the node itself. */
  deliver(): void
}

/** Packets through hooks. */
export interface GuardedPath {
  /**
   * What the bridge's totals lack: it has counted as forwarded, flooded or delivered what was dropped after all, and
   * a datagram that came in several frames as one.
   */
  readonly more: BridgeTotals
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
  const more = { forwarded: 0, flooded: 0, delivered: 0, dropped: 0 }
  const before = new Float64Array(drops.fixed.length)
  const refragment = createRefragment(arena, drops)

  function process(through: Hooks, { slots, count }: Burst): void {
    for (let i = 0; i < count; i++) {
      through.begin?.(slots[i])
      passPacket(through, slots[i])
      through.end?.()
    }
    for (let port = 0; port < outgoing.length; port++) flush(port)
  }

  function passPacket(through: Hooks, received: number): void {
    const ofBridge = bridge.refusalOf(received)
    if (ofBridge === LINK_LOCAL) passOwn(through, received)
    if (ofBridge !== OK) return passBridge(through, received, 1)
    const ofGuard = bridge.guards.refusalOf(received)
    if (ofGuard !== OK) return give(received, ofGuard, 1)
    const invalid = through.admit(received)
    if (invalid !== OK) return give(received, invalid, 1)
    const slot = through.gather(received)
    if (slot === NONE) return
    const frames = Math.max(1, through.pieces.count)
    const refusal = through.prerouting(slot)
    if (refusal === OK) passBridge(through, slot, frames)
    else give(slot, refusal, frames)
  }

  function give(slot: number, refusal: number, frames: number): void {
    arena.free(slot)
    refuse(refusal, frames)
  }

  /** `frames` is how many the packet came in. */
  function passBridge(through: Hooks, slot: number, frames: number): void {
    one.slots[0] = slot
    one.count = 1
    const { flooded } = bridge.totals
    if (frames > 1) before.set(drops.fixed)
    bridge.process(one)
    if (frames > 1) recountDrops(frames)
    passCopies(through, bridge.totals.flooded > flooded, frames)
  }

  /** What the bridge has just dropped came in several frames. */
  function recountDrops(frames: number): void {
    for (let i = 0; i < before.length; i++)
      if (drops.fixed[i] > before[i]) drops.fixed[i] = before[i] + (drops.fixed[i] - before[i]) * frames
  }

  /** PAUSE frames are nobody's; of the others the bridge learns before the port's own stack has them. */
  function passOwn(through: Hooks, slot: number): void {
    if (arena.memory.bytes[arena.start[slot] + 5] === PAUSE) return
    bridge.learnFrom(slot)
    through.ownOfPort(slot)
  }

  /**
   * What the bridge made of one packet: copies for ports, the one added last first, and then the node's. The last of
   * all is the packet itself, where the others are its clones.
   */
  function passCopies(through: Hooks, isFlood: boolean, frames: number): void {
    let copies = 0
    let passed = 0
    let [held, heldSlot] = [-1, NONE]
    for (let port = outgoing.length - 1; port >= 0; port--) {
      const leaving = bridge.leaving(port)
      if (leaving.count === 0) continue
      copies++
      if (held !== -1 && passForward(through, heldSlot, held, frames, false)) passed++
      held = port
      heldSlot = leaving.slots[0]
    }
    const isForNode = local.count > 0
    if (held !== -1 && passForward(through, heldSlot, held, frames, !isForNode)) passed++
    const isDelivered = isForNode && passInput(through, local.slots[0], frames)
    const was = copies === 0 ? (isForNode ? 'delivered' : 'dropped') : isFlood ? 'flooded' : 'forwarded'
    const is = passed > 0 ? was : isDelivered ? 'delivered' : 'dropped'
    if (is !== was || frames > 1) {
      more[was]--
      more[is] += frames
    }
    deliver()
  }

  /** `isLast`: the packet itself, whose clones have gone. */
  function passForward(through: Hooks, slot: number, port: number, frames: number, isLast: boolean): boolean {
    const refusal = through.forward(slot, port)
    if (refusal !== OK) {
      arena.free(slot)
      drops.count(refusal, frames)
    } else if (frames > 1)
      refragment(slot, through.pieces, isLast && !through.isPulled(slot), (piece) => sendBy(port, piece))
    else sendBy(port, slot)
    return refusal === OK
  }

  function passInput(through: Hooks, slot: number, frames: number): boolean {
    const refusal = through.input(slot)
    if (refusal !== OK) drops.count(refusal, frames)
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

  return { more, addPort: () => void outgoing.push(new Burst()), process, sendBy, sendFromNode }
}
