/**
 * The learning bridge (IEEE 802.1D, as net/bridge of Linux does it with STP off and without VLAN filtering).
 *
 * In: a burst of packets, each with its ingress port and time. Out: for every port a queue of packets that
 * leave there, and one burst for the node itself. A packet that goes nowhere is freed and its reason counted.
 *
 *   1. runt, bad source, link-local destination: dropped
 *   2. the source is learned, unless the port does not learn
 *   3. group address: to all ports and to the node; the node's own address: to the node; known station: to
 *      its port; unknown: to all ports
 *
 * A flood goes to the port added last first, to the node last. One slot for each copy; the last one gets the
 * original.
 */
import type { Arena } from '../packet/arena.js'
import { NONE } from '../packet/arena.js'
import { BURST, Burst } from '../packet/burst.js'
import * as reason from '../core/drops.js'
import type { Drops } from '../core/drops.js'
import { LOCAL, MAX_PORTS, UNKNOWN, createFdb, macHigh, macLow } from './fdb.js'
import type { FdbOptions, ForwardingDatabase } from './fdb.js'
import { createGuards } from './guard.js'
import type { Guards } from './guard.js'
import { BCAST_FLOOD, FLOOD, HAIRPIN, ISOLATED, LEARNING, MCAST_FLOOD, portFlags } from './port-options.js'
import type { BridgePortOptions } from './port-options.js'
import { SERVICE_VLAN, VLAN, etherType } from '../wire/ethernet.js'
import { OK, TRUNCATED } from '../wire/reason.js'

const ETHERNET_HEADER = 14
/** With a VLAN tag and the EtherType behind it: a tagged frame that ends before is dropped (skb_vlan_untag). */
const TAGGED_HEADER = 20
const [RECEIVED, FLOODED, DELIVERED, DROPPED] = [0, 1, 2, 3]

/** What became of the packets so far: each is counted in one of the four. */
export interface BridgeTotals {
  /** Went out of one port, because their station was known. */
  readonly forwarded: number
  /** Went to every port that takes floods, at least to one. */
  readonly flooded: number
  /** Went to the node and out of no port. */
  readonly delivered: number
  /** Went nowhere; the drop counters say why. */
  readonly dropped: number
}

/** A bridge: ports, a forwarding database, and what is on its way out of each port. */
export interface Bridge {
  readonly fdb: ForwardingDatabase
  /** What hosts may send. Whoever brings packets asks before `process`, and before rules, which may change them. */
  readonly guards: Guards
  readonly totals: BridgeTotals
  /** What goes to the node itself; whoever takes it over clears it. */
  readonly local: Burst
  /**
   * Adds a port and returns its number: 0, 1, 2 …, or that of one that was removed. Throws a RangeError beyond
   * MAX_PORTS.
   */
  addPort(options?: BridgePortOptions, removed?: number): number
  /** Nothing leaves by the port any more, and its stations are forgotten. Not while a burst is processed. */
  removePort(port: number): void
  /** Other switches for a port. */
  setOptions(port: number, options: BridgePortOptions): void
  /** An address of the node itself, six bytes: frames to it are delivered. */
  addLocalAddress(mac: Uint8Array): void
  /** A station, six bytes, that stays behind this port whatever is seen elsewhere. */
  addStaticStation(mac: Uint8Array, port: number): void
  /** Why no bridge forwards this packet, whatever it knows: RUNT, TRUNCATED, BAD_SOURCE, LINK_LOCAL; or OK. */
  refusalOf(slot: number): number
  /** Learns the packet's source if its port learns: for what the bridge will drop, but others answer before. */
  learnFrom(slot: number): void
  /** Whether unknown stations are looked for behind this port. */
  takesFlood(port: number): boolean
  /** The port that the packet's destination is behind, LOCAL, or UNKNOWN, which every group is. */
  portOf(slot: number): number
  /** Puts every packet of the burst into the queues it leaves by, or drops it. */
  process(burst: Burst): void
  /** What leaves by `port`: the caller takes it over before the next burst is processed. */
  leaving(port: number): Burst
}

/** A bridge without ports over the packets of this arena; closures for the reason that fdb.ts gives. */
export function createBridge(arena: Arena, drops: Drops, options: FdbOptions = {}): Bridge {
  const { start, length, port: ingress } = arena
  const { bytes, words } = arena.memory
  const fdb = createFdb(arena.time, options)
  const { find, refresh, learn } = fdb
  const guards = createGuards(arena)
  // An imported constant is loaded and checked at every use; a captured one is compiled in.
  const [header, unknown, node, burst] = [TAGGED_HEADER, UNKNOWN, LOCAL, BURST]
  const [learning, hairpin, isolated] = [LEARNING, HAIRPIN, ISOLATED]
  const flags = new Int32Array(MAX_PORTS)
  // A frame goes to a port at most once, so a queue never holds more than a burst.
  const queued = new Int32Array(MAX_PORTS * BURST)
  const queueLengths = new Int32Array(MAX_PORTS)
  const local = new Burst()
  const dropped = new Burst() // within one burst: freed together at its end
  const droppedSlots = dropped.slots
  const dropCounts = drops.fixed
  const counts = new Float64Array(4)
  const queues: Burst[] = []

  function process({ slots, count }: Burst): void {
    if (count === 0) return
    counts[RECEIVED] += count
    fdb.sweep(slots[0])
    for (let i = forwardKnown(slots, 0, count); i < count; i = forwardKnown(slots, i + 1, count))
      decide(slots[i])
    releaseDropped()
  }

  /**
   * What nearly every frame is: from a station that is where it was, to one that is known. Takes these, from
   * the index `from` on, and returns the index of the first that is something else. It calls nothing that is
   * rare: V8 inlines what was called while it watched, and the first frames of all are floods.
   */
  function forwardKnown(slots: Int32Array, from: number, count: number): number {
    let sameSide = 0
    let droppedCount = dropped.count // a local: the object's is loaded and stored each time
    let i = from | 0
    const end = count | 0
    for (; i < end; i++) {
      const slot = slots[i]
      // The frame starts at 2 mod 4: four aligned words, the first of them with two bytes of headroom, hold
      // the destination as 2 + 4 bytes and the source as 4 + 2.
      const w = (start[slot] - 2) >> 2
      const high = words[w] >>> 16
      const sourceFirst = words[w + 2]
      const port = ingress[slot]
      if (length[slot] < header || (high & 1) !== 0 || (flags[port] & learning) === 0) break
      if (!refresh(sourceFirst & 0xffff, (sourceFirst >>> 16) | (words[w + 3] << 16), port, slot)) break
      const to = find(high, words[w + 1], slot)
      if (to === unknown || to === node) break
      if (to === port ? (flags[to] & hairpin) === 0 : (flags[port] & flags[to] & isolated) !== 0) {
        droppedSlots[droppedCount++] = slot
        if (to === port) sameSide++
        else dropCounts[reason.ISOLATED]++
        continue
      }
      const n = queueLengths[to]
      queued[to * burst + n] = slot
      queueLengths[to] = n + 1
    }
    dropped.count = droppedCount
    dropCounts[reason.SAME_PORT] += sameSide
    return i
  }

  /** The same for any frame. */
  function decide(slot: number): void {
    const refusal = refusalOf(slot)
    if (refusal === reason.LINK_LOCAL) return dropLinkLocal(slot)
    if (refusal !== OK) return drop(slot, refusal)
    const w = (start[slot] - 2) >> 2
    const high = words[w] >>> 16
    const low = words[w + 1]
    const from = ingress[slot]
    learnFrom(slot)
    if ((high & 1) !== 0) return floodGroup(slot, high, low)
    const to = find(high, low, slot)
    if (to === UNKNOWN) return floodUnknown(slot)
    if (to === LOCAL) return deliver(slot)
    if (mayLeave(from, to)) return enqueue(slot, to)
    drop(slot, from === to ? reason.SAME_PORT : reason.ISOLATED)
  }

  function refusalOf(slot: number): number {
    if (length[slot] < ETHERNET_HEADER) return reason.RUNT
    if (length[slot] < TAGGED_HEADER && isTagged(slot)) return TRUNCATED
    const w = (start[slot] - 2) >> 2
    const sourceFirst = words[w + 2]
    if ((sourceFirst & 1) !== 0 || (sourceFirst | (words[w + 3] & 0xffff)) === 0) return reason.BAD_SOURCE
    return words[w] >>> 16 === 0x8001 && isLinkLocal(words[w + 1]) ? reason.LINK_LOCAL : OK
  }

  function isTagged(slot: number): boolean {
    const type = etherType(bytes, start[slot])
    return type === VLAN || type === SERVICE_VLAN
  }

  function portOf(slot: number): number {
    const w = (start[slot] - 2) >> 2
    const high = words[w] >>> 16
    return (high & 1) === 0 ? find(high, words[w + 1], slot) : UNKNOWN
  }

  function releaseDropped(): void {
    counts[DROPPED] += dropped.count
    arena.freeAll(dropped)
    dropped.clear()
  }

  function enqueue(slot: number, to: number): void {
    const n = queueLengths[to]
    queued[to * BURST + n] = slot
    queueLengths[to] = n + 1
  }

  function mayLeave(from: number, to: number): boolean {
    if (from === to) return (flags[to] & HAIRPIN) !== 0
    return (flags[from] & flags[to] & ISOLATED) === 0
  }

  /** The kernel learns from these as from any frame, but from PAUSE (…:01). */
  function dropLinkLocal(slot: number): void {
    const isPause = words[(start[slot] + 2) >> 2] >>> 24 === 1
    if (!isPause) learnFrom(slot)
    drop(slot, reason.LINK_LOCAL)
  }

  function learnFrom(slot: number): void {
    const w = (start[slot] - 2) >> 2
    const from = ingress[slot]
    if ((flags[from] & LEARNING) !== 0)
      learn(words[w + 2] & 0xffff, (words[w + 2] >>> 16) | (words[w + 3] << 16), from, slot)
  }

  function floodGroup(slot: number, high: number, low: number): void {
    const isBroadcast = high === 0xffff && low === -1
    const last = floodButLast(slot, isBroadcast ? BCAST_FLOOD : MCAST_FLOOD)
    if (last === NONE) return deliver(slot)
    enqueueCopy(slot, last)
    local.add(slot)
  }

  function floodUnknown(slot: number): void {
    const last = floodButLast(slot, FLOOD)
    if (last === NONE) return drop(slot, reason.NO_PORT)
    enqueue(slot, last)
  }

  /**
   * A copy to every port that has `flag` set but the last one, which is returned: it may get the original.
   * NONE when no port takes the packet.
   */
  function floodButLast(slot: number, flag: number): number {
    const from = ingress[slot]
    let held = NONE
    for (let to = queues.length - 1; to >= 0; to--) {
      if ((flags[to] & flag) === 0 || !mayLeave(from, to)) continue
      if (held !== NONE) enqueueCopy(slot, held)
      held = to
    }
    if (held !== NONE) counts[FLOODED]++
    return held
  }

  /** A copy that finds no slot is counted by its reason; its packet still went where the others went. */
  function enqueueCopy(slot: number, to: number): void {
    const copy = arena.clone(slot)
    if (copy === NONE) drops.count(reason.NO_SLOT)
    else enqueue(copy, to)
  }

  function deliver(slot: number): void {
    counts[DELIVERED]++
    local.add(slot)
  }

  function drop(slot: number, why: number): void {
    dropCounts[why]++
    dropped.slots[dropped.count++] = slot | 0
  }

  function addPort(portOptions: BridgePortOptions = {}, removed = queues.length): number {
    const port = removed
    if (port === MAX_PORTS) throw new RangeError(`a bridge has at most ${MAX_PORTS} ports`)
    setOptions(port, portOptions)
    if (port < queues.length) return port
    queues.push(new Burst(queued.subarray(port * BURST, (port + 1) * BURST)))
    return port
  }

  function removePort(port: number): void {
    flags[port] = 0
    guards.set(port, undefined)
    fdb.forget(port)
  }

  function setOptions(port: number, portOptions: BridgePortOptions): void {
    flags[port] = portFlags(portOptions)
    guards.set(port, portOptions.guard)
  }

  function addLocalAddress(mac: Uint8Array): void {
    fdb.addStatic(macHigh(mac), macLow(mac), LOCAL)
  }

  function addStaticStation(mac: Uint8Array, port: number): void {
    fdb.addStatic(macHigh(mac), macLow(mac), port)
  }

  function leaving(port: number): Burst {
    const queue = queues[port]
    queue.count = queueLengths[port]
    queueLengths[port] = 0
    return queue
  }

  const totals: BridgeTotals = {
    get forwarded() {
      return counts[RECEIVED] - counts[FLOODED] - counts[DELIVERED] - counts[DROPPED]
    },
    get flooded() {
      return counts[FLOODED]
    },
    get delivered() {
      return counts[DELIVERED]
    },
    get dropped() {
      return counts[DROPPED]
    },
  }
  return {
    fdb,
    guards,
    totals,
    local,
    addPort,
    removePort,
    setOptions,
    addLocalAddress,
    addStaticStation,
    refusalOf,
    learnFrom,
    takesFlood: (port) => (flags[port] & FLOOD) !== 0,
    portOf,
    process,
    leaving,
  }
}

/** Whether 01:80, followed by these four bytes, is 01:80:c2:00:00:01 … 0f; …:00 is forwarded while STP is off. */
function isLinkLocal(low: number): boolean {
  return (low & 0xf0ffffff) === 0x000000c2 && low !== 0x000000c2
}
