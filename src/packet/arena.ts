/**
 * Where frames live: fixed slots in one memory. A packet is the number of its slot, its metadata stand in
 * parallel typed arrays under that number, and taking or freeing one is a push or a pop.
 *
 *   slot    | headroom 66 | frame …                          |   one of a class: small (2,112 bytes) or large
 *           ^             ^ start[slot]                      ^
 *           64 · k        64 · k + 66: 2 mod 4, so that the IPv4 header behind the 14 bytes of Ethernet is
 *                         4-byte aligned and addresses are read in one load
 *
 * The last bytes of the headroom are the frame's too: what its sender has left to others (offload.ts).
 *
 * A slot is an odd number of cache lines long: with 2,048 bytes the starts of all frames would fall into
 * two sets of a processor's first cache and evict one another.
 *
 * Ownership, in one sentence: who receives a slot transmits it or frees it.
 */
import type { Burst } from './burst.js'
import type { Memory } from './memory.js'
import { OFFLOAD_BYTES, clearOffload } from './offload.js'
import { guard, OwnershipError, POISON } from './ownership.js'

/** What `take` returns when no slot of the class is free. */
export const NONE = -1

/** Bytes in front of a frame, for a tag to be put there, and for what is known of the frame beside its bytes. */
export const HEADROOM = 66

const LINE = 64
/** Bytes from one small slot to the next. */
export const SMALL_BYTES = 33 * LINE
/** The longest frame of a small slot: an Ethernet frame of MTU 1500 with any tags. Whole pieces of `copyAll`. */
export const SMALL_ROOM = (SMALL_BYTES - HEADROOM) & ~15
/** The longest frame of a large slot unless the arena's options say otherwise: what a capture may hold. */
export const LARGE_ROOM = 262_144
/** The least that a large slot can have room for: an IPv4 datagram, and before it the longest headers, with any tags. */
export const DATAGRAM_ROOM = 65_664

/** Bytes from one slot to the next. */
function strideOf(room: number): number {
  return (Math.ceil((room + HEADROOM) / LINE) | 1) * LINE
}

/** How many slots of each class. */
export interface ArenaOptions {
  /** Slots for frames up to SMALL_ROOM bytes. */
  small: number
  /** Slots for longer frames, up to `largeRoom` bytes: DATAGRAM_ROOM to LARGE_ROOM, which is the default. */
  large: number
  largeRoom?: number
  /** Throw on double free and on use after free. Slow: for tests and for finding a leak. */
  debug?: boolean
}

/** 32-bit integers and doubles a slot has, its home included. */
const [INTEGERS, DOUBLES] = [13, 2]

/** Bytes of memory that an arena of these numbers reserves. */
export function arenaBytes({ small, large, largeRoom = LARGE_ROOM }: ArenaOptions): number {
  const slots = small + large
  const metadata = INTEGERS * arrayBytes(slots, 4) + DOUBLES * arrayBytes(slots, 8)
  return small * SMALL_BYTES + large * strideOf(largeRoom) + metadata + arrayBytes(small, 4) + LINE
}

function arrayBytes(elements: number, each: number): number {
  return Math.ceil((elements * each) / LINE) * LINE
}

/** Slots and their metadata; every array is indexed by slot number. */
export interface Arena {
  readonly memory: Memory
  /**
   * The free small slots, the first `count[0]` of these, which are taken from their end: for code that takes many
   * at once, where the arena lies in its memory. Null in debug mode, which has to see each.
   */
  readonly smallFree: { slots: Int32Array; count: Int32Array } | null
  /** The longest frame that a slot has room for. */
  readonly largeRoom: number
  /** Where the first small slot's frames start; the others' follow SMALL_BYTES apart. */
  readonly smallStart: number
  /** Offset in `memory` of the frame's first byte. */
  readonly start: Int32Array
  /** Bytes of the frame. */
  readonly length: Int32Array
  /** Number of the port it came in by. */
  readonly port: Int32Array
  /** The clock when it came in, microseconds. Never less than that of a frame before it. */
  readonly time: Float64Array
  /** The capture's own time stamp: seconds since 1970 and nanoseconds into the second. */
  readonly seconds: Float64Array
  readonly nanoseconds: Int32Array
  /**
   * What `locate` finds: the EtherType behind all tags; offsets from the frame's first byte of what follows it,
   * and of what follows an IPv4 header; its protocol. Not valid before it was called.
   */
  readonly etherType: Int32Array
  readonly l3: Int32Array
  readonly l4: Int32Array
  readonly protocol: Int32Array
  /** The mark that rules put on the packet (`-j MARK`), 32 bits. */
  readonly mark: Int32Array
  /** Its connection, for who tracks them, and what it is to that: 0 before anyone has looked. */
  readonly connection: Int32Array
  readonly connectionInfo: Int32Array
  /** 1 for a packet that rules trace (`-j TRACE`). */
  readonly traced: Int32Array
  /** The longest frame that this slot has room for. */
  roomOf(slot: number): number
  /** Slots that are free for frames of this length. */
  freeFor(length: number): number
  /** A free slot for a frame of `length` bytes, its start and length set, its bytes as they were; or NONE. */
  take(length: number): number
  /** Gives a slot back. */
  free(slot: number): void
  /** Gives the slots of a burst back, which itself stays as it is; returns the bytes of its frames. */
  freeAll(burst: Burst): number
  /** A second slot with the same frame and the same metadata; NONE when none is free. */
  clone(slot: number): number
}

/**
 * An arena whose slots are all free. Closures and not a class: V8 compiles what a function that is made once
 * has captured as constants, addresses of the arrays included.
 */
export function createArena(memory: Memory, options: ArenaOptions): Arena {
  const { small, large, largeRoom = LARGE_ROOM, debug = false } = options
  const slots = small + large
  const taken = debug ? new Uint8Array(slots) : null
  const integers = (field: string): Int32Array => guardIf(taken, field, memory.integers(slots))
  const doubles = (field: string): Float64Array => guardIf(taken, field, memory.doubles(slots))
  const start = integers('start')
  const length = integers('length')
  const port = integers('port')
  const time = doubles('time')
  const seconds = doubles('seconds')
  const nanoseconds = integers('nanoseconds')
  const etherType = integers('etherType')
  const l3 = integers('l3')
  const l4 = integers('l4')
  const protocol = integers('protocol')
  const mark = integers('mark')
  const traced = integers('traced')
  const connection = integers('connection')
  const connectionInfo = integers('connectionInfo')

  const home = memory.integers(slots)
  // Captured: an imported or exported constant is loaded and checked at each use.
  const [smallRoom, offloadBytes] = [SMALL_ROOM, OFFLOAD_BYTES]
  const { words } = memory
  const smallFree = memory.integers(small)
  const smallCount = memory.integers(1) // in the memory too, see smallFree
  const largeFree = new Int32Array(large)
  let largeCount = 0
  const smallBase = memory.reserve(small * SMALL_BYTES)
  const largeBytes = strideOf(largeRoom)
  const largeBase = memory.reserve(large * largeBytes)
  for (let i = small - 1; i >= 0; i--) {
    home[i] = smallBase + i * SMALL_BYTES + HEADROOM
    smallFree[smallCount[0]++] = i
  }
  for (let i = large - 1; i >= 0; i--) {
    home[small + i] = largeBase + i * largeBytes + HEADROOM
    largeFree[largeCount++] = small + i
  }

  function freeFor(bytes: number): number {
    if (bytes <= SMALL_ROOM) return smallCount[0]
    return bytes <= largeRoom ? largeCount : 0
  }

  function roomOf(slot: number): number {
    return slot < small ? smallRoom : largeRoom
  }

  function take(bytes: number): number {
    if (bytes > smallRoom) return takeLarge(bytes)
    if (smallCount[0] === 0) return -1
    const slot = smallFree[--smallCount[0]]
    if (taken !== null) taken[slot] = 1
    const at = home[slot]
    start[slot] = at
    length[slot] = bytes
    words[(at - offloadBytes) >> 2] = 0
    return slot
  }

  function takeLarge(bytes: number): number {
    if (bytes > largeRoom || largeCount === 0) return NONE
    const slot = largeFree[--largeCount]
    if (taken !== null) taken[slot] = 1
    start[slot] = home[slot]!
    length[slot] = bytes
    clearOffload(words, start[slot])
    return slot
  }

  function free(slot: number): void {
    if (taken !== null) giveUp(taken, slot)
    if (slot < small) smallFree[smallCount[0]++] = slot
    else largeFree[largeCount++] = slot
  }

  function freeAll({ slots: list, count }: Burst): number {
    let bytes = 0
    let tally = smallCount[0] // a local: the captured variable is loaded and stored each time
    for (let i = 0; i < count; i++) {
      const slot = list[i]
      bytes += length[slot]
      if (slot >= small || taken !== null) {
        smallCount[0] = tally
        free(slot)
        tally = smallCount[0]
      } else smallFree[tally++] = slot
    }
    smallCount[0] = tally
    return bytes
  }

  /** Debug mode: the frame's bytes are made unreadable, and the slot is nobody's. */
  function giveUp(owned: Uint8Array, slot: number): void {
    if (owned[slot] !== 1) throw new OwnershipError(`slot ${slot} is freed, but it is not taken`)
    memory.bytes.fill(POISON, start[slot], start[slot] + length[slot])
    owned[slot] = 0
  }

  function clone(slot: number): number {
    const bytes = length[slot]
    const copy = take(bytes)
    if (copy === NONE) return NONE
    memory.copy(start[copy] - offloadBytes, start[slot] - offloadBytes, bytes + offloadBytes)
    port[copy] = port[slot]!
    time[copy] = time[slot]!
    seconds[copy] = seconds[slot]!
    nanoseconds[copy] = nanoseconds[slot]!
    etherType[copy] = etherType[slot]!
    l3[copy] = l3[slot]!
    l4[copy] = l4[slot]!
    protocol[copy] = protocol[slot]!
    mark[copy] = mark[slot]!
    traced[copy] = traced[slot]!
    connection[copy] = connection[slot]!
    connectionInfo[copy] = connectionInfo[slot]!
    return copy
  }

  return {
    memory,
    smallFree: debug ? null : { slots: smallFree, count: smallCount },
    smallStart: smallBase + HEADROOM,
    start,
    length,
    port,
    time,
    seconds,
    nanoseconds,
    etherType,
    l3,
    l4,
    protocol,
    mark,
    traced,
    connection,
    connectionInfo,
    largeRoom,
    roomOf,
    freeFor,
    take,
    free,
    freeAll,
    clone,
  }
}

function guardIf<T extends Int32Array | Float64Array>(taken: Uint8Array | null, field: string, array: T): T {
  return taken === null ? array : guard(field, array, taken)
}
