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

export class Dataplane {
  readonly arena: Arena
  readonly bridge: Bridge
  readonly drops = new Drops()
  readonly counters = new PortCounters()
  /** Name of each port, by its number. */
  readonly portNames: string[] = []
  readonly #sinks: Sink[] = []
  readonly #numbers = new Map<string, number>()
  #refused = 0

  constructor(arena: Arena, options: FdbOptions = {}) {
    this.arena = arena
    this.bridge = createBridge(arena, this.drops, options)
  }

  /** Adds a port; frames that leave by it go to `sink`. Returns its number. Throws a RangeError when there are too many. */
  addPort(name: string, sink: Sink, options: BridgePortOptions = {}): number {
    const port = this.bridge.addPort(options)
    this.counters.reserve(port)
    this.portNames.push(name)
    this.#sinks.push(sink)
    this.#numbers.set(name, port)
    return port
  }

  /** The number of the port of this name, or -1. */
  portNumber(name: string): number {
    return this.#numbers.get(name) ?? -1
  }

  /**
   * How many slots one frame may come to need: its own, and a copy for each port it is flooded to. A source
   * that takes no more frames than that leaves room for never meets `no-slot`.
   */
  get slotsPerFrame(): number {
    return this.#sinks.length + 1
  }

  /** Frames received and dropped before they could be a packet. */
  get dropped(): number {
    return this.bridge.totals.dropped + this.#refused
  }

  /** Counts a frame that came in by `port` and cannot become a packet. */
  refuse(port: number, bytes: number, why: number): void {
    this.counters.rxFrames[port]!++
    this.counters.rxBytes[port]! += bytes
    this.#refused++
    this.drops.count(why)
  }

  /** Carries the packets of the burst from their ports to where they go, and empties it. */
  process(burst: Burst): void {
    this.#countReceived(burst)
    this.bridge.process(burst)
    burst.clear()
    for (let port = 0; port < this.#sinks.length; port++) this.#transmit(port)
    this.#deliver()
  }

  #countReceived(burst: Burst): void {
    const { port, length } = this.arena
    const { rxFrames, rxBytes } = this.counters
    for (let i = 0; i < burst.count; i++) {
      const slot = burst.slots[i]!
      rxFrames[port[slot]!]!++
      rxBytes[port[slot]!]! += length[slot]!
    }
  }

  #transmit(port: number): void {
    const leaving = this.bridge.leaving(port)
    if (leaving.count === 0) return
    const { length } = this.arena
    let bytes = 0
    for (let i = 0; i < leaving.count; i++) bytes += length[leaving.slots[i]!]!
    this.counters.txFrames[port]! += leaving.count
    this.counters.txBytes[port]! += bytes
    this.#sinks[port]!.transmit(leaving)
  }

  /** What is for the node ends here: nothing listens on it yet. */
  #deliver(): void {
    const { local } = this.bridge
    for (let i = 0; i < local.count; i++) this.arena.free(local.slots[i]!)
    local.clear()
  }
}
