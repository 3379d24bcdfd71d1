/** Writes pcap files (draft-ietf-opsawg-pcap): Ethernet, nanoseconds, little-endian, version 2.4. */
import type { Memory } from '../packet/memory.js'
import { ByteSink, SINK_BYTES } from './byte-sink.js'
import { MAX_CAPTURED_LENGTH } from './capture.js'
import { ETHERNET } from './link-type.js'

/** Memory that a writer reserves. */
export const WRITER_BYTES = SINK_BYTES

const NANOSECOND_MAGIC = 0xa1b23c4d

/** A pcap file that is being written; system errors are thrown as they come. */
export class PcapWriter {
  /** As it was given; '-' is standard output. */
  readonly path: string
  readonly #sink: ByteSink

  constructor(path: string, memory: Memory) {
    this.path = path
    this.#sink = new ByteSink(path, memory)
    this.#sink.word(NANOSECOND_MAGIC)
    this.#sink.halves(2, 4)
    this.#sink.word(0) // time zone and accuracy: always 0
    this.#sink.word(0)
    this.#sink.word(MAX_CAPTURED_LENGTH)
    this.#sink.word(ETHERNET)
  }

  /** A record: `length` bytes of the memory from `frameAt` on, of a frame that had `originalLength`. */
  write(frameAt: number, length: number, originalLength: number, seconds: number, nanoseconds: number): void {
    const sink = this.#sink
    sink.word(seconds)
    sink.word(nanoseconds)
    sink.word(length)
    sink.word(originalLength)
    sink.bytes(frameAt, length)
  }

  /** Writes what is still in the buffer and closes the file. */
  close(): void {
    this.#sink.close()
  }
}
