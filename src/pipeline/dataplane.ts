/**
 * The way of a packet, in the order its stages meet (src/README.md draws it). One call carries one burst all
 * the way: what comes back has been transmitted, delivered or dropped, and every slot is free again or owned
 * by a port.
 */
import { createBridge } from '../bridge/bridge.js'
import type { Bridge, BridgeTotals } from '../bridge/bridge.js'
import type { FdbOptions } from '../bridge/fdb.js'
import type { BridgePortOptions } from '../bridge/port-options.js'
import { Drops } from '../core/drops.js'
import { PortCounters } from '../core/port.js'
import type { Sink } from '../core/port.js'
import type { Arena } from '../packet/arena.js'
import type { Burst } from '../packet/burst.js'
import { OK } from '../wire/reason.js'
import { createGuardedPath } from './guarded-path.js'
import type { Hooks } from './hooks.js'

/** Sees what leaves by a port, before the port takes it over. */
export type Tap = (port: number, leaving: Burst) => void

/** Ports joined by a bridge, and everything that is counted on the way. */
export interface Dataplane {
  readonly arena: Arena
  readonly bridge: Bridge
  readonly drops: Drops
  readonly counters: PortCounters
  /** Name of each port, by its number; '' for one that was removed. */
  readonly portNames: readonly string[]
  /**
   * How many slots one frame may come to need: its own, and a copy for each port it is flooded to. A source
   * that takes no more frames than that leaves room for never meets `no-slot`.
   */
  readonly slotsPerFrame: number
  /** What became of the frames received: each is counted in one of the four. Of a dropped flood every copy is lost. */
  readonly totals: BridgeTotals
  /**
   * Adds a port; frames that leave by it go to `sink`. Returns its number, the next one or that of a port that was
   * removed. Throws a RangeError when there are too many.
   */
  addPort(name: string, sink: Sink, options?: BridgePortOptions, removed?: number): number
  /** Nothing leaves by the port any more, and nothing may come in by it. Not while a burst is processed. */
  removePort(port: number): void
  /** From the next burst on packets pass these rules; null: none. */
  setHooks(through: Hooks | null): void
  /** From now on this sees all that leaves; null: nobody does. */
  setTap(watching: Tap | null): void
  /** While a packet passes hooks: another one leaves by a port, unasked. Takes the slot over. */
  sendBy(port: number, slot: number): void
  /** While a packet passes hooks: the node sends one by its bridge, to where its destination is. Takes the slot over. */
  sendFromNode(slot: number): void
  /** The number of the port of this name, or -1. */
  portNumber(name: string): number
  /** Counts frames that came in by `port`: called by whoever makes packets of them, once for many. */
  received(port: number, frames: number, bytes: number): void
  /** Drops frames that were received and cannot become a packet. */
  refuse(why: number, frames?: number): void
  /** Carries the packets of the burst, which were counted by `received`, to where they go, and empties it. */
  process(burst: Burst): void
}

/** A dataplane without ports over the packets of this arena. */
export function createDataplane(arena: Arena, options: FdbOptions = {}): Dataplane {
  const drops = new Drops()
  const counters = new PortCounters()
  const bridge = createBridge(arena, drops, options)
  const { free, freeAll } = arena
  const { local } = bridge
  const portNames: string[] = []
  const sinks: Sink[] = []
  const guarded = createGuardedPath(arena, bridge, drops, { transmit, refuse, deliver })
  let hooks: Hooks | null = null
  let tap: Tap | null = null
  let refused = 0

  function addPort(name: string, sink: Sink, portOptions: BridgePortOptions = {}, removed?: number): number {
    const port = bridge.addPort(portOptions, removed)
    if (port === sinks.length) guarded.addPort()
    counters.begin(port)
    portNames[port] = name
    sinks[port] = sink
    return port
  }

  function removePort(port: number): void {
    bridge.removePort(port)
    portNames[port] = ''
    sinks[port] = { transmit: freeAll }
  }

  function received(port: number, frames: number, bytes: number): void {
    counters.rxFrames[port] += frames
    counters.rxBytes[port] += bytes
  }

  function refuse(why: number, frames = 1): void {
    refused += frames
    drops.count(why, frames)
  }

  function process(burst: Burst): void {
    if (hooks !== null) guarded.process(hooks, burst)
    else {
      if (bridge.guards.areAny) refuseSpoofed(burst)
      bridge.process(burst)
      for (let port = 0; port < sinks.length; port++) transmit(port, bridge.leaving(port))
      deliver()
    }
    burst.clear()
  }

  /** What no bridge forwards is refused for that, and a port's guard is not asked. */
  function refuseSpoofed(burst: Burst): void {
    const { slots, count } = burst
    burst.clear()
    for (let i = 0; i < count; i++) {
      const slot = slots[i]
      const why = bridge.guards.refusalOf(slot)
      if (why === OK || bridge.refusalOf(slot) !== OK) burst.add(slot)
      else {
        free(slot)
        refuse(why)
      }
    }
  }

  function transmit(port: number, leaving: Burst): void {
    if (leaving.count === 0) return
    if (tap !== null) tap(port, leaving)
    counters.txFrames[port] += leaving.count
    counters.txBytes[port] += sinks[port].transmit(leaving)
  }

  /** What is for the node ends here: nothing listens on it yet. */
  function deliver(): void {
    if (local.count > 0) freeAll(local)
    local.clear()
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
        forwarded: bridge.totals.forwarded + guarded.more.forwarded,
        flooded: bridge.totals.flooded + guarded.more.flooded,
        delivered: bridge.totals.delivered + guarded.more.delivered,
        dropped: bridge.totals.dropped + refused + guarded.more.dropped,
      }
    },
    setHooks: (through) => (hooks = through),
    setTap: (watching) => (tap = watching),
    addPort,
    removePort,
    sendBy: guarded.sendBy,
    sendFromNode: guarded.sendFromNode,
    portNumber: (name) => portNames.indexOf(name),
    received,
    refuse,
    process,
  }
}
