/**
 * A stretch of a capture in memory, which moves on through it:
 *
 *   | room for a tail | chunk         |
 *               ^from           ^to
 *
 * What is left over of one chunk is copied in front of the next, so that a record is in one piece.
 */
import type { Memory } from '../packet/memory.js'
import type { ByteSource } from './byte-source.js'

/** The longest piece that can be in one piece: a frame of 256 KiB with its block and options. */
export const MAX_RECORD = 384 * 1024

/** Bytes read at a time: small enough to be in the processor's caches when they are parsed. */
export const CHUNK_BYTES = 1024 * 1024

/** Memory that a window reserves. */
export function windowBytes(chunkBytes: number = CHUNK_BYTES): number {
  return MAX_RECORD + chunkBytes + 64
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
  /** Where the chunk begins. */
  readonly #chunk: number
  /** Bytes of the stream up to `to`. */
  #streamed = 0

  constructor(source: ByteSource, memory: Memory, chunkBytes: number) {
    this.source = source
    this.memory = memory
    this.#chunkBytes = chunkBytes
    this.#chunk = memory.reserve(MAX_RECORD + chunkBytes) + MAX_RECORD
  }

  /** How far into the (decompressed) stream the byte at `at` of the memory is. */
  offsetOf(at: number): number {
    return this.#streamed - (this.to - at)
  }

  /** Makes the next chunk follow the bytes that are left, of which there are at most MAX_RECORD. */
  async advance(): Promise<void> {
    if (this.atEnd) return
    const left = this.to - this.from
    const chunk = this.#chunk
    this.memory.copy(chunk - left, this.from, left)
    const length = await this.source.read(this.memory.bytes.subarray(chunk, chunk + this.#chunkBytes))
    this.from = chunk - left
    this.to = chunk + length
    this.#streamed += length
    this.atEnd = length === 0
  }
}
