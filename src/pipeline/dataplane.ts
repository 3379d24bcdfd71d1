/**
 * The way of a packet, in the order its stages meet (src/README.md draws it). One call carries one burst all
 * the way: what comes back has been transmitted, delivered or dropped, and every slot is free again or owned
 * by a port.
 */
import { createBridge } from '../bridge/bridge.js'
import type { Bridge, BridgeTotals } from '../bridge/bridge.js'
import type { FdbOptions } from '../bridge/fdb.js'
import type { BridgePortOptions } from '../bridge/port-options.js'
import { UNKNOWN } from '../bridge/fdb.js'
import { Drops, LINK_LOCAL, NO_SLOT } from '../core/drops.js'
import { PortCounters } from '../core/port.js'
import type { Sink } from '../core/port.js'
import { NONE } from '../packet/arena.js'
import type { Arena } from '../packet/arena.js'
import { Burst } from '../packet/burst.js'
import { isGroup } from '../wire/address.js'
import { OK } from '../wire/reason.js'
import type { Hooks } from './hooks.js'

/** Last byte of the group that PAUSE frames go to (IEEE 802.3 annex 31B). */
const PAUSE = 1

/** Ports joined by a bridge, and everything that is counted on the way. */
export interface Dataplane {
  readonly arena: Arena
  readonly bridge: Bridge
  readonly drops: Drops
  readonly counters: PortCounters
  /** Name of each port, by its number. */
  readonly portNames: readonly string[]
  /**
   * How many slots one frame may come to need: its own, and a copy for each port it is flooded to. A source
   * that takes no more frames than that leaves room for never meets `no-slot`.
   */
  readonly slotsPerFrame: number
  /** What became of the frames received: each is counted in one of the four. Of a dropped flood every copy is lost. */
  readonly totals: BridgeTotals
  /** Adds a port; frames that leave by it go to `sink`. Returns its number. Throws a RangeError when there are too many. */
  addPort(name: string, sink: Sink, options?: BridgePortOptions): number
  /** From the next burst on packets pass these rules; null: none. */
  setHooks(through: Hooks | null): void
  /** While a packet passes hooks: another one leaves by a port, unasked. Takes the slot over. */
  sendBy(port: number, slot: number): void
  /** While a packet passes hooks: the node sends one by its bridge, to where its destination is. Takes the slot over. */
  sendFromNode(slot: number): void
  /** The number of the port of this name, or -1. */
  portNumber(name: string): number
  /** Counts frames that came in by `port`: called by whoever makes packets of them, once for many. */
  received(port: number, frames: number, bytes: number): void
  /** Drops a frame that was received and cannot become a packet. */
  refuse(why: number): void
  /** Carries the packets of the burst, which were counted by `received`, to where they go, and empties it. */
  process(burst: Burst): void
}

/** A dataplane without ports over the packets of this arena. */
export function createDataplane(arena: Arena, options: FdbOptions = {}): Dataplane {
  const drops = new Drops()
  const counters = new PortCounters()
  const bridge = createBridge(arena, drops, options)
  const { freeAll } = arena
  const { local } = bridge
  const portNames: string[] = []
  const sinks: Sink[] = []
  /** What leaves by each port, once rules have let it pass. */
  const outgoing: Burst[] = []
  const one = new Burst(new Int32Array(1))
  const changed = { forwarded: 0, flooded: 0, delivered: 0 }
  let hooks: Hooks | null = null
  let refused = 0

  function addPort(name: string, sink: Sink, portOptions: BridgePortOptions = {}): number {
    const port = bridge.addPort(portOptions)
    outgoing.push(new Burst())
    counters.reserve(port)
    portNames.push(name)
    sinks.push(sink)
    return port
  }

  function received(port: number, frames: number, bytes: number): void {
    counters.rxFrames[port] += frames
    counters.rxBytes[port] += bytes
  }

  function refuse(why: number): void {
    refused++
    drops.count(why)
  }

  function process(burst: Burst): void {
    if (hooks !== null) passHooks(hooks, burst)
    else {
      bridge.process(burst)
      for (let port = 0; port < sinks.length; port++) transmit(port, bridge.leaving(port))
      deliver()
    }
    burst.clear()
  }

  function transmit(port: number, leaving: Burst): void {
    if (leaving.count === 0) return
    counters.txFrames[port] += leaving.count
    counters.txBytes[port] += sinks[port].transmit(leaving)
  }

  /** What is for the node ends here: nothing listens on it yet. */
  function deliver(): void {
    if (local.count > 0) freeAll(local)
    local.clear()
  }

  /**
   * One packet after another: what a rule remembers of one (a list, a limit) may decide about the next, wherever
   * on their way they meet rules.
   */
  function passHooks(through: Hooks, { slots, count }: Burst): void {
    for (let i = 0; i < count; i++) {
      through.begin?.(slots[i])
      passPacket(through, slots[i])
      through.end?.()
    }
    for (let port = 0; port < sinks.length; port++) flush(port)
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
    let lost = 0
    for (let port = sinks.length - 1; port >= 0; port--) {
      const leaving = bridge.leaving(port)
      if (leaving.count === 0) continue
      copies++
      const refusal = through.forward(leaving.slots[0], port)
      if (refusal === OK) sendBy(port, leaving.slots[0])
      else {
        arena.free(leaving.slots[0])
        drops.count(refusal)
        lost++
      }
    }
    const isDelivered = local.count > 0 && passInput(through, local.slots[0])
    if (copies > lost || (copies === 0 && (isDelivered || local.count === 0))) return deliver()
    // It left nowhere after all.
    if (copies === 0) changed.delivered--
    else if (isFlood) changed.flooded--
    else changed.forwarded--
    if (isDelivered) changed.delivered++
    else refused++
    deliver()
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
      if (to < sinks.length) sendBy(to, slot)
      else arena.free(slot)
      return
    }
    const isToMany = isGroup(arena.memory.bytes, arena.start[slot])
    for (let port = sinks.length - 1; port >= 0; port--) {
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

  function passInput(through: Hooks, slot: number): boolean {
    const refusal = through.input(slot)
    if (refusal !== OK) drops.count(refusal)
    return refusal === OK
  }

  return {
    arena,
    bridge,
    drops,
    counters,
    portNames,
    get slotsPerFrame() {
      return (sinks.length + 1) * (hooks === null ? 1 : 2) // a rule may answer each copy
    },
    get totals() {
      return {
        forwarded: bridge.totals.forwarded + changed.forwarded,
        flooded: bridge.totals.flooded + changed.flooded,
        delivered: bridge.totals.delivered + changed.delivered,
        dropped: bridge.totals.dropped + refused,
      }
    },
    setHooks: (through) => (hooks = through),
    addPort,
    sendBy,
    sendFromNode,
    portNumber: (name) => portNames.indexOf(name),
    received,
    refuse,
    process,
  }
}
