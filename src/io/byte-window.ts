/**
 * A stretch of a capture in memory, which moves on through it. While one half is being parsed the other is
 * being filled, in another thread where the source is a file:
 *
 *   | room for a tail | chunk A |        | room for a tail | chunk B |
 *               ^from      ^to
 *
 * What is left over at the end of one chunk is copied in front of the next, so that a record is in one piece.
 */
import type { Memory } from '../packet/memory.js'
import type { ByteSource } from './byte-source.js'

/** The longest piece that can be in one piece: a frame of 256 KiB with its block and options. */
export const MAX_RECORD = 384 * 1024

/** Bytes read at a time: small enough to be in the processor's second cache when they are parsed. */
export const CHUNK_BYTES = 512 * 1024

/** Memory that a window reserves. */
export function windowBytes(chunkBytes: number = CHUNK_BYTES): number {
  return 2 * (MAX_RECORD + chunkBytes) + 256
}

/** The bytes from `from` to `to` of the memory are the stream's next; whoever parses moves `from` on. */
export class ByteWindow {
  readonly memory: Memory
  from = 0
  to = 0
  /** The source has no more bytes behind `to`. */
  atEnd = false
  readonly source: ByteSource
  readonly #chunkBytes: number
  /** Where each half's chunk begins. */
  readonly #chunks: [number, number]
  #current = 1
  /** Bytes of the stream up to `to`. */
  #streamed = 0
  #pending: Promise<number>

  constructor(source: ByteSource, memory: Memory, chunkBytes: number) {
    this.source = source
    this.memory = memory
    this.#chunkBytes = chunkBytes
    const half = (): number => memory.reserve(MAX_RECORD + chunkBytes) + MAX_RECORD
    this.#chunks = [half(), half()]
    this.#pending = this.#read(0)
  }

  /** How far into the (decompressed) stream the byte at `at` of the memory is. */
  offsetOf(at: number): number {
    return this.#streamed - (this.to - at)
  }

  /** Makes the next chunk follow the bytes that are left, of which there are at most MAX_RECORD. */
  async advance(): Promise<void> {
    if (this.atEnd) return
    const length = await this.#pending
    const left = this.to - this.from
    const next = 1 - this.#current
    const chunk = this.#chunks[next]
    this.memory.copy(chunk - left, this.from, left)
    this.from = chunk - left
    this.to = chunk + length
    this.#streamed += length
    this.atEnd = length < this.#chunkBytes
    this.#current = next
    if (!this.atEnd) this.#pending = this.#read(1 - next)
  }

  async close(): Promise<void> {
    await this.#pending.catch(() => {}) // a read under way must not outlive its file
    await this.source.close()
  }

  #read(half: number): Promise<number> {
    const at = this.#chunks[half]
    const reading = this.source.read(this.memory.bytes.subarray(at, at + this.#chunkBytes))
    reading.catch(() => {}) // it is reported where it is awaited
    return reading
  }
}
