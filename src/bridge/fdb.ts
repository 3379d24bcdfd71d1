/**
 * The forwarding database: which station is behind which port.
 *
 * An open-addressing table with linear probing, one entry 16 bytes, so that a look-up touches one cache line:
 *
 *   word 0   the address's last four bytes, as a little-endian word reads them
 *   word 1   bits 0-15 its first two bytes · bits 16-27 the port · bit 28 static · bit 29 in use
 *   words 2-3  when it was last seen, microseconds, a 64-bit float
 *
 * An address is handed over as (`high`, `low`): two bytes and four bytes in the machine's (little-endian)
 * order, because that is what aligned loads give. `high` therefore has the group bit as its bit 0.
 *
 * Time is exact: an entry whose age has reached the ageing time is not found any more, whether or not the
 * sweep that frees its place has come by.
 *
 * Why closures over constants and not a class: V8 compiles a function that is made once with what it captured
 * as constants, addresses and lengths of the typed arrays included. The bridge's loop takes 10.5 ns a frame
 * so, 15 as methods with everything in one function, 29 as small methods. For the same reason time is handed
 * over as the packet that carries it: a fractional number passed to a function that is not inlined is
 * allocated first.
 */
import { MICROSECONDS_PER_SECOND } from '../core/clock.js'
import type { Microseconds } from '../core/clock.js'

/** What `find` returns for a station that is not known. */
export const UNKNOWN = -1
/** The port number of the node itself: its own addresses are static entries with this port. */
export const LOCAL = 0xfff
/** No port has this number, nor has the node. */
const NOBODY = -1
/** The largest number of ports, as in the kernel's bridge (BR_MAX_PORTS). */
export const MAX_PORTS = 1024

const STATIC = 1 << 28
const IN_USE = 1 << 29
/** What the upper half of word 1 is for an entry that was learned: this or-ed with the port. */
const LEARNED_BITS = IN_USE >> 16
const STRIDE = 4
/** The kernel's bridge does not sweep more often either (br_fdb_cleanup). */
const SWEEP_INTERVAL: Microseconds = 10_000

/** How long and how many. */
export interface FdbOptions {
  /** Seconds after which a station that was not seen is forgotten; 0 = never. Default 300. */
  ageingTime?: number | undefined
  /** Stations learned at most; static entries do not count. Default 8,192. */
  maxLearned?: number | undefined
}

/** One entry, for people: low rate. */
export interface Station {
  /** Six bytes. */
  mac: Uint8Array
  port: number
  isStatic: boolean
  /** Microseconds since it was last seen; 0 for a static entry. */
  age: Microseconds
}

/** Stations and their ports; `high` and `low` are an address as the top of this file says. */
export interface ForwardingDatabase {
  /** Stations that were found behind another port than before. */
  readonly moved: number
  /** Frames whose source was not learned because the table was full. */
  readonly notLearned: number
  /** The port that the station is behind when packet `slot` comes, LOCAL for the node itself, or UNKNOWN. */
  find(high: number, low: number, slot: number): number
  /** What `learn` does for a station that is known behind this port, or static; false, and nothing, for others. */
  refresh(high: number, low: number, port: number, slot: number): boolean
  /** The station sent packet `slot`, which came in by `port`. Static entries stay as they are. */
  learn(high: number, low: number, port: number, slot: number): void
  /**
   * Enters a station that never moves and never ages; LOCAL as port for an address of the node itself.
   * Throws a RangeError beyond one entry a possible port.
   */
  addStatic(high: number, low: number, port: number): void
  /** Forgets every station behind this port, static ones too. */
  forget(port: number): void
  /** Frees the places of stations that have aged when packet `slot` comes, if some may have: once a burst. */
  sweep(slot: number): void
  /** Every entry that has not aged, by port and address: for reports. */
  stations(now: Microseconds): Station[]
  /** How many these are. */
  count(now: Microseconds): number
}

/** @param time when each packet came in, by its slot, microseconds: the arena's array */
export function createFdb(time: Float64Array, options: FdbOptions = {}): ForwardingDatabase {
  const { ageingTime = 300, maxLearned = 8192 } = options
  const ageing = ageingTime === 0 ? Infinity : ageingTime * MICROSECONDS_PER_SECOND
  // At most half full, with room for as many static entries as a bridge has ports.
  const bits = Math.ceil(Math.log2(2 * (maxLearned + MAX_PORTS)))
  const shift = 32 - bits
  const mask = (STRIDE << bits) - 1
  const table = new ArrayBuffer((STRIDE * 4) << bits)
  const words = new Int32Array(table)
  const seen = new Float64Array(table)
  const spare = new ArrayBuffer(table.byteLength)
  const spareWords = new Int32Array(spare)
  const spareSeen = new Float64Array(spare)
  // Captured: an exported constant is loaded and checked at each use.
  const [unknown, staticBit, learnedBits, inUse] = [UNKNOWN, STATIC, LEARNED_BITS, IN_USE]
  const keyBits = IN_USE | 0xffff
  // Random multipliers (multiply-shift hashing): nobody can prepare addresses that collide.
  const lowFactor = randomOdd()
  const highFactor = randomOdd()
  let learned = 0
  let statics = 0
  let moved = 0
  let notLearned = 0
  let nextSweep: Microseconds = Infinity // nothing that could age before then

  function home(high: number, low: number): number {
    return ((Math.imul(low, lowFactor) + Math.imul(high, highFactor)) >>> shift) << 2
  }

  function find(high: number, low: number, slot: number): number {
    const e = home(high, low)
    const meta = words[e + 1]
    return words[e] === low && (meta & keyBits) === (high | inUse)
      ? portAt(e, meta, slot)
      : findBehind(e, high, low, slot)
  }

  /** The entry is not where it belongs first. Apart, since a loop within keeps V8 from tidying the bridge's own. */
  function findBehind(first: number, high: number, low: number, slot: number): number {
    for (let e = first; words[e + 1] !== 0; e = (e + STRIDE) & mask) {
      const meta = words[e + 1]
      if (words[e] === low && (meta & keyBits) === (high | inUse)) return portAt(e, meta, slot)
    }
    return unknown
  }

  function portAt(e: number, meta: number, slot: number): number {
    return time[slot] - seen[(e >> 1) + 1] < ageing ? (meta >> 16) & 0xfff : unknown
  }

  function refresh(high: number, low: number, port: number, slot: number): boolean {
    const e = home(high, low)
    if (words[e] !== low || words[e + 1] !== (high | (port << 16) | inUse))
      return refreshBehind(e, high, low, port, slot)
    seen[(e >> 1) + 1] = time[slot]!
    return true
  }

  function refreshBehind(first: number, high: number, low: number, port: number, slot: number): boolean {
    const e = entryFrom(first, high, low)
    const meta = words[e + 1]
    if (meta >> 16 !== (port | learnedBits)) return (meta & staticBit) !== 0
    seen[(e >> 1) + 1] = time[slot]!
    return true
  }

  function learn(high: number, low: number, port: number, slot: number): void {
    if (refresh(high, low, port, slot)) return
    const e = entryOf(high, low)
    if (words[e + 1] === 0) learnNew(high, low, port, slot)
    else move(e, port, slot)
  }

  function learnNew(high: number, low: number, port: number, slot: number): void {
    if (learned >= maxLearned) sweep(slot)
    if (learned >= maxLearned) {
      notLearned++
      return
    }
    learned++
    nextSweep = Math.min(nextSweep, time[slot] + ageing)
    put(high, low, port << 16, time[slot])
  }

  /** The entry names another port. One that has aged is as good as none: that is no move. */
  function move(e: number, port: number, slot: number): void {
    const meta = words[e + 1]
    const now = time[slot]
    if (now - seen[(e >> 1) + 1] < ageing) moved++
    words[e + 1] = (meta & 0xffff) | (port << 16) | IN_USE
    seen[(e >> 1) + 1] = now
  }

  function addStatic(high: number, low: number, port: number): void {
    if (statics === MAX_PORTS) throw new RangeError(`more than ${MAX_PORTS} static stations`)
    statics++
    put(high, low, (port << 16) | STATIC, Infinity)
  }

  /** Where the entry of this address is, or would go. */
  function entryOf(high: number, low: number): number {
    return entryFrom(home(high, low), high, low)
  }

  function entryFrom(first: number, high: number, low: number): number {
    let e = first
    while (words[e + 1] !== 0 && !(words[e] === low && (words[e + 1] & 0xffff) === high))
      e = (e + STRIDE) & mask
    return e
  }

  /** Writes an entry into the first free place from its home on, or over the one of the same address. */
  function put(high: number, low: number, meta: number, when: Microseconds): void {
    const e = entryOf(high, low)
    words[e] = low
    words[e + 1] = (meta & ~0xffff) | high | IN_USE
    seen[(e >> 1) + 1] = when
  }

  function sweep(slot: number): void {
    if (time[slot] >= nextSweep) rebuild(time[slot], NOBODY)
  }

  function forget(port: number): void {
    rebuild(-Infinity, port)
  }

  /** Without those that have aged, and those behind the port `without`. */
  function rebuild(now: Microseconds, without: number): void {
    spareWords.set(words)
    words.fill(0)
    learned = statics = 0
    let oldest = Infinity
    for (let e = 0; e < spareWords.length; e += STRIDE) {
      const meta = spareWords[e + 1]
      const when = spareSeen[(e >> 1) + 1]
      if (meta === 0 || now - when >= ageing || ((meta >> 16) & 0xfff) === without) continue
      put(meta & 0xffff, spareWords[e], meta, when)
      if ((meta & STATIC) !== 0) {
        statics++
        continue
      }
      learned++
      if (when < oldest) oldest = when
    }
    nextSweep = Math.max(oldest + ageing, now + SWEEP_INTERVAL)
  }

  function count(now: Microseconds): number {
    let found = 0
    for (let e = 0; e < words.length; e += STRIDE) {
      const meta = words[e + 1]
      if (meta !== 0 && ((meta & STATIC) !== 0 || now - seen[(e >> 1) + 1] < ageing)) found++
    }
    return found
  }

  function stations(now: Microseconds): Station[] {
    const found: Station[] = []
    for (let e = 0; e < words.length; e += STRIDE) {
      const meta = words[e + 1]
      const isStatic = (meta & STATIC) !== 0
      const age = isStatic ? 0 : now - seen[(e >> 1) + 1]
      if (meta === 0 || age >= ageing) continue
      found.push({ mac: macBytes(meta & 0xffff, words[e]), port: (meta >> 16) & 0xfff, isStatic, age })
    }
    return found.sort((a, b) => a.port - b.port || Buffer.compare(a.mac, b.mac))
  }

  return {
    find,
    refresh,
    learn,
    addStatic,
    forget,
    sweep,
    stations,
    count,
    get moved() {
      return moved
    },
    get notLearned() {
      return notLearned
    },
  }
}

/** The first two bytes of a MAC address as `find` and `learn` take them. */
export function macHigh(mac: Uint8Array): number {
  return mac[0] | (mac[1] << 8)
}

/** The last four bytes of a MAC address as `find` and `learn` take them. */
export function macLow(mac: Uint8Array): number {
  return mac[2] | (mac[3] << 8) | (mac[4] << 16) | (mac[5] << 24)
}

function macBytes(high: number, low: number): Uint8Array {
  return Uint8Array.of(high, high >> 8, low, low >> 8, low >> 16, low >> 24)
}

function randomOdd(): number {
  return Math.floor(Math.random() * 0x100000000) | 1
}
