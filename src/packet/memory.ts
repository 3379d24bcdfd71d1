/**
 * The one block of memory that frames live in. It is a shared WebAssembly memory: typed arrays see it, a
 * worker can be handed it, WebAssembly code runs over it, and its address never changes, so that the kernel
 * can be given it too.
 *
 * What reads or writes frames in bulk (arena slots, capture windows) reserves its region here, because copying
 * (copy.ts) works only inside the memory.
 */
import { instantiateCopy } from './copy.js'
import type { Copying } from './copy.js'
import { instantiate } from './wasm.js'
import type { Compiled } from './wasm.js'

const PAGE = 65_536
const CACHE_LINE = 64

/** Thrown when a region does not fit any more: memory is sized once, when the program knows its ports. */
export class OutOfMemory extends Error {
  override name = 'OutOfMemory'
}

/** A block of memory that hands out regions of itself, once each. */
export class Memory {
  /** The whole memory as bytes, 16-bit and 32-bit words: machine order, offsets aligned accordingly. */
  readonly bytes: Uint8Array
  readonly halves: Uint16Array
  readonly words: Int32Array
  readonly copy: Copying['copy']
  readonly copyAll: Copying['copyAll']
  readonly #memory: WebAssembly.Memory
  #next = CACHE_LINE // offset 0 stays unused: a zeroed offset is a mistake, not a frame

  /** @param size bytes needed in all. Pages are touched, and so count as resident, only when written. */
  constructor(size: number) {
    const pages = Math.ceil((size + CACHE_LINE) / PAGE)
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
    this.#memory = memory
    this.bytes = new Uint8Array(memory.buffer)
    this.halves = new Uint16Array(memory.buffer)
    this.words = new Int32Array(memory.buffer)
    ;({ copy: this.copy, copyAll: this.copyAll } = instantiateCopy(memory))
  }

  /** The functions of a module, over this memory. */
  instantiate(compiled: Compiled): Record<string, unknown> {
    return instantiate(compiled, this.#memory)
  }

  /** Bytes not reserved yet. */
  get available(): number {
    return this.bytes.length - this.#next
  }

  /** Reserves `length` bytes for good and returns their offset, aligned to a cache line. */
  reserve(length: number): number {
    if (length > this.available)
      throw new OutOfMemory(`memory: ${length} bytes wanted, ${this.available} of ${this.bytes.length} left`)
    const at = this.#next
    this.#next = Math.ceil((at + length) / CACHE_LINE) * CACHE_LINE
    return at
  }

  /** An array of integers in a region of its own, zeroed. */
  integers(count: number): Int32Array {
    return new Int32Array(this.bytes.buffer, this.reserve(count * 4), count)
  }

  /** An array of doubles in a region of its own, zeroed. */
  doubles(count: number): Float64Array {
    return new Float64Array(this.bytes.buffer, this.reserve(count * 8), count)
  }
}
