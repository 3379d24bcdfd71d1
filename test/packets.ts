/** Packets for tests: short words for frames, and a bridge or dataplane to put them through. */
import type { FdbOptions } from '../src/bridge/fdb.js'
import type { BridgePortOptions } from '../src/bridge/port-options.js'
import { fromTimestamp } from '../src/core/clock.js'
import type { Sink } from '../src/core/port.js'
import { createArena, arenaBytes } from '../src/packet/arena.js'
import type { Arena } from '../src/packet/arena.js'
import { Burst } from '../src/packet/burst.js'
import { conntrackBytes } from '../src/netfilter/conntrack/conntrack.js'
import { Memory } from '../src/packet/memory.js'
import { createDataplane } from '../src/pipeline/dataplane.js'
import type { Dataplane } from '../src/pipeline/dataplane.js'

export const BROADCAST = 'ff:ff:ff:ff:ff:ff'

/** An Ethernet frame of `size` bytes; what is behind the header counts up, so that a mix-up shows. */
export function frame(destination: string, source: string, size = 60, seed = 0): Uint8Array {
  const b = Uint8Array.from({ length: size }, (_, i) => i + seed)
  b.set([...mac(destination), ...mac(source), 0x08, 0x00])
  return b
}

export function mac(text: string): Uint8Array {
  return Uint8Array.from(text.split(':'), (byte) => parseInt(byte, 16))
}

export interface LabOptions extends FdbOptions {
  ports: Record<string, BridgePortOptions>
  /** Addresses of the node itself. */
  local?: string[]
  /** Address → name of the port it stays behind. */
  stations?: Record<string, string>
  small?: number
  large?: number
}

/** A dataplane whose ports keep what leaves by them. Every slot is watched: double frees and leaks throw. */
export class Lab {
  readonly plane: Dataplane
  readonly arena: Arena
  /** What left by each port since it was last looked at. */
  readonly left: Record<string, Uint8Array[]> = {}
  /** The ports in the order in which frames left, one name a frame. */
  order: string[] = []
  /** Seconds. */
  now = 1000
  /** Datagrams of which fragments are waited for, each in a large slot. */
  waiting = 0
  /** What carries bursts: the dataplane. */
  process = (burst: Burst): void => this.plane.process(burst)
  readonly #slots: number
  readonly #large: number

  constructor({ ports, local = [], stations = {}, small = 600, large = 8, ...fdb }: LabOptions) {
    this.#slots = small
    this.#large = large
    this.arena = createArena(new Memory(arenaBytes({ small, large }) + conntrackBytes()), {
      small,
      large,
      debug: true,
    })
    this.plane = createDataplane(this.arena, fdb)
    for (const [name, options] of Object.entries(ports)) this.addPort(name, options)
    for (const address of local) this.plane.bridge.addLocalAddress(mac(address))
    for (const [address, port] of Object.entries(stations))
      this.plane.bridge.addStaticStation(mac(address), this.plane.portNumber(port))
  }

  /** Adds a port, in the place of one that was removed if that is said; its number. */
  addPort(name: string, options: BridgePortOptions, removed?: number): number {
    return this.plane.addPort(name, this.#sink(name), options, removed)
  }

  /** Sends frames into a port, as one burst; returns the names of the ports that frames left by, in order. */
  send(port: string, ...frames: Uint8Array[]): string[] {
    const burst = new Burst()
    for (const bytes of frames) burst.add(this.#packet(port, bytes))
    this.order = []
    this.process(burst)
    this.#checkSlots()
    return this.order
  }

  /** Reason → frames dropped for it, so far. */
  get drops(): Record<string, number> {
    return Object.fromEntries(this.plane.drops.entries())
  }

  /** Address → port of every station that is known now; the node's own have the port `node`. */
  get stations(): Record<string, string> {
    const known = this.plane.bridge.fdb.stations(fromTimestamp(this.now, 0))
    return Object.fromEntries(
      known.map(({ mac: address, port }) => [
        [...address].map((byte) => byte.toString(16).padStart(2, '0')).join(':'),
        this.plane.portNames[port] ?? 'node',
      ]),
    )
  }

  #packet(port: string, bytes: Uint8Array): number {
    const slot = this.arena.take(bytes.length)
    this.arena.memory.bytes.set(bytes, this.arena.start[slot])
    this.arena.port[slot] = this.plane.portNumber(port)
    this.arena.time[slot] = fromTimestamp(this.now, 0)
    this.plane.received(this.arena.port[slot], 1, bytes.length)
    return slot
  }

  #sink(name: string): Sink {
    this.left[name] = []
    const transmit = (burst: Burst): number => {
      for (let i = 0; i < burst.count; i++) {
        const at = this.arena.start[burst.slots[i]]
        this.left[name].push(this.arena.memory.bytes.slice(at, at + this.arena.length[burst.slots[i]]))
        this.order.push(name)
      }
      return this.arena.freeAll(burst)
    }
    return { transmit }
  }

  #checkSlots(): void {
    if (this.arena.freeFor(0) !== this.#slots || this.arena.freeFor(100_000) !== this.#large - this.waiting)
      throw new Error('a slot was not given back')
  }
}
