/**
 * The one block of memory that frames live in. It is a shared WebAssembly memory: typed arrays see it, a
 * worker can be handed it, WebAssembly code runs over it, and its address never changes, so that the kernel
 * can be given it too.
 *
 * What reads or writes frames in bulk (arena slots, capture windows) reserves its region here, because
 * `copy` works only inside the memory: 8 ns for 60 bytes and 58 ns for 1,514 on a machine where
 * `copyWithin` took 43 and 522 and a loop over 64-bit words 18 and 362.
 */

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
  /** Copies `length` bytes at offset `from` to offset `to`; they may overlap. Traps outside the memory. */
  readonly copy: (to: number, from: number, length: number) => void
  #next = CACHE_LINE // offset 0 stays unused: a zeroed offset is a mistake, not a frame

  /** @param size bytes needed in all. Pages are touched, and so count as resident, only when written. */
  constructor(size: number) {
    const pages = Math.ceil((size + CACHE_LINE) / PAGE)
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
    this.bytes = new Uint8Array(memory.buffer)
    this.halves = new Uint16Array(memory.buffer)
    this.words = new Int32Array(memory.buffer)
    this.copy = instantiateCopy(memory, pages)
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
}

/**
 * The WebAssembly module behind `copy`, as bytes because it is one instruction long:
 *
 *   (module (import "br100" "memory" (memory PAGES PAGES shared))
 *     (func (export "copy") (param $to i32) (param $from i32) (param $length i32)
 *       (memory.copy (local.get $to) (local.get $from) (local.get $length))))
 */
function instantiateCopy(memory: WebAssembly.Memory, pages: number): Memory['copy'] {
  const limits = [0x03, ...leb128(pages), ...leb128(pages)] // shared, with a maximum
  const module = new WebAssembly.Module(
    Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, [1, 0x60, 3, 0x7f, 0x7f, 0x7f, 0]), // type 0: (i32, i32, i32) → ()
      ...section(2, [1, ...name('br100'), ...name('memory'), 0x02, ...limits]),
      ...section(3, [1, 0]), // one function of type 0
      ...section(7, [1, ...name('copy'), 0x00, 0]),
      ...section(10, [1, 12, 0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 0x0a, 0, 0, 0x0b]),
    ]),
  )
  const instance = new WebAssembly.Instance(module, { br100: { memory } })
  return instance.exports['copy'] as Memory['copy']
}

function section(id: number, content: number[]): number[] {
  return [id, ...leb128(content.length), ...content]
}

function name(text: string): number[] {
  return [text.length, ...Buffer.from(text, 'ascii')]
}

/** An unsigned integer in WebAssembly's variable-length form. */
function leb128(value: number): number[] {
  const low = value & 0x7f
  return value < 0x80 ? [low] : [low | 0x80, ...leb128(value >>> 7)]
}
