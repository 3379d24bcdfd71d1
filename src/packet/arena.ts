/**
 * Where frames live: fixed slots in one memory. A packet is the number of its slot, its metadata stand in
 * parallel typed arrays under that number, and taking or freeing one is a push or a pop.
 *
 *   slot    | headroom 66 | frame …                          |   one of a class: small (2,112 bytes) or large
 *           ^             ^ start[slot]                      ^
 *           64 · k        64 · k + 66: 2 mod 4, so that the IPv4 header behind the 14 bytes of Ethernet is
 *                         4-byte aligned and addresses are read in one load
 *
 * A slot is an odd number of cache lines long: with 2,048 bytes the starts of all frames would fall into
 * two sets of a processor's first cache and evict one another.
 *
 * Ownership, in one sentence: who receives a slot transmits it or frees it.
 */
import type { Memory } from './memory.js'
import { guard, OwnershipError, POISON } from './ownership.js'

/** What `take` returns when no slot of the class is free. */
export const NONE = -1

/** Bytes in front of a frame, for a tag or a virtio header to be put there. */
export const HEADROOM = 66

const LINE = 64
const SMALL_BYTES = 33 * LINE
/** The longest frame of a small slot: an Ethernet frame of MTU 1500 with any tags. */
export const SMALL_ROOM = SMALL_BYTES - HEADROOM
/** The longest frame of a large slot: what a capture may hold, and more than a 64 KiB GSO segment. */
export const LARGE_ROOM = 262_144
const LARGE_BYTES = (Math.ceil((LARGE_ROOM + HEADROOM) / LINE) | 1) * LINE

export interface ArenaOptions {
  /** Slots for frames up to SMALL_ROOM bytes. */
  small: number
  /** Slots for frames up to LARGE_ROOM bytes. */
  large: number
  /** Throw on double free and on use after free. Slow: for tests and for finding a leak. */
  debug?: boolean
}

/** Bytes of memory that an arena of these numbers reserves. */
export function arenaBytes(small: number, large: number): number {
  return small * SMALL_BYTES + large * LARGE_BYTES
}

export class Arena {
  readonly memory: Memory
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

  readonly #taken: Uint8Array | null
  readonly #home: Int32Array
  readonly #small: Int32Array
  readonly #large: Int32Array
  #smallFree = 0
  #largeFree = 0

  constructor(memory: Memory, { small, large, debug = false }: ArenaOptions) {
    const slots = small + large
    this.memory = memory
    const taken = debug ? new Uint8Array(slots) : null
    const integers = (field: string): Int32Array => guardIf(taken, field, new Int32Array(slots))
    const doubles = (field: string): Float64Array => guardIf(taken, field, new Float64Array(slots))
    this.start = integers('start')
    this.length = integers('length')
    this.port = integers('port')
    this.time = doubles('time')
    this.seconds = doubles('seconds')
    this.nanoseconds = integers('nanoseconds')
    this.#taken = taken
    this.#home = new Int32Array(slots)
    this.#small = new Int32Array(small)
    this.#large = new Int32Array(large)
    const smallBase = memory.reserve(small * SMALL_BYTES)
    const largeBase = memory.reserve(large * LARGE_BYTES)
    for (let i = small - 1; i >= 0; i--) {
      this.#home[i] = smallBase + i * SMALL_BYTES + HEADROOM
      this.#small[this.#smallFree++] = i
    }
    for (let i = large - 1; i >= 0; i--) {
      this.#home[small + i] = largeBase + i * LARGE_BYTES + HEADROOM
      this.#large[this.#largeFree++] = small + i
    }
  }

  /** Slots that are free for frames of this length. */
  freeFor(length: number): number {
    if (length <= SMALL_ROOM) return this.#smallFree
    return length <= LARGE_ROOM ? this.#largeFree : 0
  }

  /** A free slot for a frame of `length` bytes, its start and length set, its bytes as they were; or NONE. */
  take(length: number): number {
    let slot: number
    if (length <= SMALL_ROOM) {
      if (this.#smallFree === 0) return NONE
      slot = this.#small[--this.#smallFree]!
    } else {
      if (length > LARGE_ROOM || this.#largeFree === 0) return NONE
      slot = this.#large[--this.#largeFree]!
    }
    if (this.#taken !== null) this.#taken[slot] = 1
    this.start[slot] = this.#home[slot]!
    this.length[slot] = length
    return slot
  }

  /** Gives a slot back. */
  free(slot: number): void {
    if (this.#taken !== null) this.#giveUp(this.#taken, slot)
    if (slot < this.#small.length) this.#small[this.#smallFree++] = slot
    else this.#large[this.#largeFree++] = slot
  }

  /** Debug mode: the frame's bytes are made unreadable, and the slot is nobody's. */
  #giveUp(taken: Uint8Array, slot: number): void {
    if (taken[slot] !== 1) throw new OwnershipError(`slot ${slot} is freed, but it is not taken`)
    const at = this.start[slot]!
    this.memory.bytes.fill(POISON, at, at + this.length[slot]!)
    taken[slot] = 0
  }

  /** A second slot with the same frame and the same metadata; NONE when none is free. */
  clone(slot: number): number {
    const length = this.length[slot]!
    const copy = this.take(length)
    if (copy === NONE) return NONE
    this.memory.copy(this.start[copy]!, this.start[slot]!, length)
    this.port[copy] = this.port[slot]!
    this.time[copy] = this.time[slot]!
    this.seconds[copy] = this.seconds[slot]!
    this.nanoseconds[copy] = this.nanoseconds[slot]!
    return copy
  }
}

function guardIf<T extends Int32Array | Float64Array>(taken: Uint8Array | null, field: string, array: T): T {
  return taken === null ? array : guard(field, array, taken)
}
