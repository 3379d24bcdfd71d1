/** A table of hashlimit: flows, each by its addresses and ports as far as the rule tells them apart, and a meter. */
import { maskOf } from '../numbers.js'
import type { Packet } from '../packet.js'
import * as tcp from '../../wire/tcp.js'
import * as udp from '../../wire/udp.js'
import { jiffiesAt, millisecondsToJiffies } from './jiffies.js'
import { RECORD, createMeter } from './meter.js'
import type { Meter, Metering } from './meter.js'
import { PORTS_LENGTH } from './ports.js'

/** Which flows are told apart, and how long each is remembered. */
export interface HashLimitTable {
  bySource: boolean
  bySourcePort: boolean
  byDestination: boolean
  byDestinationPort: boolean
  /** Bits of the addresses that count. */
  sourceBits: number
  destinationBits: number
  /** The kernel's hash buckets, from which it derives how many flows there may be; 0: it chooses. */
  size: number
  /** Flows at most; 0: 8 for each bucket. */
  most: number
  /** Milliseconds between two searches for flows to forget, and after which one that is silent is forgotten. */
  gcInterval: number
  expire: number
}

/** What the kernel chooses where there is a gigabyte of memory or more. */
const USUAL_SIZE = 8192
/** Where ports stand in a header that has some, by protocol: proto_ports_offset. */
const PORTS_AT: ReadonlyMap<number, number> = new Map([
  [tcp.PROTOCOL, 0],
  [udp.PROTOCOL, 0],
  [33, 0], // DCCP
  [50, 0], // ESP, whose SPI stands there
  [51, 4], // AH, likewise
  [132, 0], // SCTP
  [136, 0], // UDP-Lite
])
const LEAST_CAPACITY = 64
/** Of a flow: source, destination, ports. */
const KEY = 3
const NONE = -1

/** Bounded by `most`. A flow that does not fit in is dropped, as in the kernel. */
export class HashLimit {
  readonly #meter: Meter
  readonly #table: HashLimitTable
  readonly #most: number
  readonly #sourceMask: number
  readonly #destinationMask: number
  readonly #seed: number
  readonly #interval: number
  readonly #expire: number
  /** Chains of flows: the first of each bucket, the next of each flow; free flows are a chain too. */
  #buckets = new Int32Array(LEAST_CAPACITY).fill(NONE)
  #nextFlow = new Int32Array(LEAST_CAPACITY)
  #keys = new Int32Array(LEAST_CAPACITY * KEY)
  #records = new Float64Array(LEAST_CAPACITY * RECORD)
  #expires = new Float64Array(LEAST_CAPACITY)
  #free = NONE
  /** Flows that were ever in use; those behind it are free too. */
  #used = 0
  /** How many there are. */
  count = 0
  /** The jiffies of the first packet, and of the last search; not boxed. */
  readonly #times = Float64Array.of(NONE, 0)

  /** `seed` makes the hash one that senders cannot foresee. */
  constructor(table: HashLimitTable, metering: Metering, seed: number) {
    this.#table = table
    this.#meter = createMeter(metering)
    const size = table.size === 0 ? USUAL_SIZE : table.size
    this.#most = table.most === 0 ? 8 * size : Math.max(table.most, size)
    this.#sourceMask = table.bySource ? maskOf(table.sourceBits) : 0
    this.#destinationMask = table.byDestination ? maskOf(table.destinationBits) : 0
    this.#seed = seed | 0
    this.#interval = millisecondsToJiffies(table.gcInterval)
    this.#expire = millisecondsToJiffies(table.expire)
  }

  /** Whether the packet's flow is within the limit. A packet without the ports that are asked for is malformed. */
  allows(packet: Packet): boolean {
    const now = jiffiesAt(packet.now)
    this.#collect(now)
    const ports = this.#portsOf(packet)
    const flow = packet.isMalformed ? NONE : this.#flowOf(packet, ports, now)
    if (flow === NONE) {
      packet.isMalformed = true
      return false
    }
    this.#expires[flow] = now + this.#expire
    return this.#meter.allows(this.#records, flow * RECORD, packet.length)
  }

  /** As the kernel does, of a fragment too, whatever stands where ports would. */
  #portsOf(packet: Packet): number {
    const { bySourcePort, byDestinationPort } = this.#table
    if (!bySourcePort && !byDestinationPort) return 0
    const offset = PORTS_AT.get(packet.protocol)
    if (offset === undefined) return 0
    const at = packet.l4 + offset
    if (at + PORTS_LENGTH > packet.end) {
      packet.isMalformed = true
      return 0
    }
    const source = bySourcePort ? udp.sourcePort(packet.bytes, at) : 0
    const destination = byDestinationPort ? udp.destinationPort(packet.bytes, at) : 0
    return (source << 16) | destination
  }

  /** The packet's flow, as it is now; a new one where there is none and room for it, else NONE. */
  #flowOf(packet: Packet, ports: number, now: number): number {
    const source = packet.source & this.#sourceMask
    const destination = packet.destination & this.#destinationMask
    const found = this.#find(source, destination, ports)
    if (found !== NONE) {
      this.#meter.advance(this.#records, found * RECORD, now)
      return found
    }
    if (this.count >= this.#most) return NONE
    const flow = this.#add(source, destination, ports)
    this.#meter.begin(this.#records, flow * RECORD, now)
    return flow
  }

  #find(source: number, destination: number, ports: number): number {
    const keys = this.#keys
    for (
      let flow = this.#buckets[this.#bucketOf(source, destination, ports)];
      flow !== NONE;
      flow = this.#nextFlow[flow]
    ) {
      const at = flow * KEY
      if (keys[at] === source && keys[at + 1] === destination && keys[at + 2] === ports) return flow
    }
    return NONE
  }

  /** As many buckets as there is room for flows, a power of two. */
  #bucketOf(source: number, destination: number, ports: number): number {
    let hash = Math.imul(source ^ this.#seed, 0x9e3779b1)
    hash = Math.imul((hash ^ (hash >>> 15) ^ destination) + this.#seed, 0x85ebca6b)
    hash = Math.imul((hash ^ (hash >>> 13) ^ ports) + this.#seed, 0xc2b2ae35)
    return (hash ^ (hash >>> 16)) & (this.#buckets.length - 1)
  }

  #add(source: number, destination: number, ports: number): number {
    let flow = this.#free
    if (flow !== NONE) this.#free = this.#nextFlow[flow]
    else {
      if (this.#used === this.#buckets.length) this.#grow()
      flow = this.#used++
    }
    this.#keys[flow * KEY] = source
    this.#keys[flow * KEY + 1] = destination
    this.#keys[flow * KEY + 2] = ports
    this.#link(flow)
    this.count++
    return flow
  }

  #link(flow: number): void {
    const at = flow * KEY
    const bucket = this.#bucketOf(this.#keys[at], this.#keys[at + 1], this.#keys[at + 2])
    this.#nextFlow[flow] = this.#buckets[bucket]
    this.#buckets[bucket] = flow
  }

  /** Twice the room; every flow is in use then. */
  #grow(): void {
    const capacity = this.#buckets.length * 2
    const [keys, records, expires] = [this.#keys, this.#records, this.#expires]
    this.#keys = new Int32Array(capacity * KEY)
    this.#records = new Float64Array(capacity * RECORD)
    this.#expires = new Float64Array(capacity)
    this.#keys.set(keys)
    this.#records.set(records)
    this.#expires.set(expires)
    this.#nextFlow = new Int32Array(capacity)
    this.#buckets = new Int32Array(capacity).fill(NONE)
    for (let flow = 0; flow < this.#used; flow++) this.#link(flow)
  }

  /**
   * Forgets silent flows. The kernel looks for them at regular intervals, here since the first packet, and not when
   * they expire: until then they go on.
   */
  #collect(now: number): void {
    if (this.#times[0] === NONE) this.#times[0] = this.#times[1] = now
    const elapsed = now - this.#times[0]
    const last = now - (elapsed % this.#interval)
    if (last <= this.#times[1]) return
    this.#times[1] = last
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) this.#collectBucket(bucket, last)
  }

  #collectBucket(bucket: number, last: number): void {
    let flow = this.#buckets[bucket]
    this.#buckets[bucket] = NONE
    while (flow !== NONE) {
      const next = this.#nextFlow[flow]
      const isOver = this.#expires[flow] <= last
      this.#nextFlow[flow] = isOver ? this.#free : this.#buckets[bucket]
      if (isOver) {
        this.#free = flow
        this.count--
      } else this.#buckets[bucket] = flow
      flow = next
    }
  }
}
