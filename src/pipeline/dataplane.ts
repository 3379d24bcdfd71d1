/**
 * The way of a packet, in the order its stages meet (src/README.md draws it). One call carries one burst all
 * the way: what comes back has been transmitted, delivered or dropped, and every slot is free again or owned
 * by a port.
 */
import { createBridge } from '../bridge/bridge.js'
import type { Bridge } from '../bridge/bridge.js'
import type { FdbOptions } from '../bridge/fdb.js'
import type { BridgePortOptions } from '../bridge/port-options.js'
import { Drops } from '../core/drops.js'
import { PortCounters } from '../core/port.js'
import type { Sink } from '../core/port.js'
import type { Arena } from '../packet/arena.js'
import type { Burst } from '../packet/burst.js'

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
  /** Frames received and dropped, those that never became a packet included. */
  readonly dropped: number
  /** Adds a port; frames that leave by it go to `sink`. Returns its number. Throws a RangeError when there are too many. */
  addPort(name: string, sink: Sink, options?: BridgePortOptions): number
  /** The number of the port of this name, or -1. */
  portNumber(name: string): number
  /** Counts a frame of this many bytes that came in by `port` and cannot become a packet. */
  refuse(port: number, bytes: number, why: number): void
  /** Carries the packets of the burst from their ports to where they go, and empties it. */
  process(burst: Burst): void
}

/** A dataplane without ports over the packets of this arena. */
export function createDataplane(arena: Arena, options: FdbOptions = {}): Dataplane {
  const drops = new Drops()
  const counters = new PortCounters()
  const bridge = createBridge(arena, drops, options)
  const { length, port: ingress, freeAll } = arena
  const { local } = bridge
  const portNames: string[] = []
  const sinks: Sink[] = []
  let refused = 0

  function addPort(name: string, sink: Sink, portOptions: BridgePortOptions = {}): number {
    const port = bridge.addPort(portOptions)
    counters.reserve(port)
    portNames.push(name)
    sinks.push(sink)
    return port
  }

  function refuse(port: number, bytes: number, why: number): void {
    counters.rxFrames[port]++
    counters.rxBytes[port] += bytes
    refused++
    drops.count(why)
  }

  function process(burst: Burst): void {
    countReceived(burst)
    bridge.process(burst)
    burst.clear()
    for (let port = 0; port < sinks.length; port++) transmit(port)
    deliver()
  }

  /** Frames of one port follow one another, mostly: they are summed up before their counter is touched. */
  function countReceived({ slots, count }: Burst): void {
    let i = 0
    while (i < count) {
      let slot = slots[i]
      const port = ingress[slot]
      const first = i
      let bytes = 0
      do {
        bytes += length[slot]
        slot = slots[++i]!
      } while (i < count && ingress[slot] === port)
      counters.rxFrames[port] += i - first
      counters.rxBytes[port] += bytes
    }
  }

  function transmit(port: number): void {
    const leaving = bridge.leaving(port)
    const { slots, count } = leaving
    if (count === 0) return
    let bytes = 0
    for (let i = 0; i < count; i++) bytes += length[slots[i]]
    counters.txFrames[port] += count
    counters.txBytes[port] += bytes
    sinks[port].transmit(leaving)
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
      return sinks.length + 1
    },
    get dropped() {
      return bridge.totals.dropped + refused
    },
    addPort,
    portNumber: (name) => portNames.indexOf(name),
    refuse,
    process,
  }
}
