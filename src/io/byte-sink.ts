/** Where a capture's bytes go: a file, or standard output for '-', through a buffer in memory. */
import { closeSync, openSync } from 'node:fs'
import type { Memory } from '../packet/memory.js'
import { STDOUT, writeFully } from './write-fully.js'

/** Bytes that are gathered before they are written, and that a sink reserves of its memory. */
export const SINK_BYTES = 64 * 1024

/** What takes bytes from a sink: all of them, before it returns. */
export interface Destination {
  write(bytes: Uint8Array, from: number, length: number): void
  close(): void
}

/** A file that is made, or emptied; '-' is standard output. */
function fileAt(path: string): Destination {
  const file = path === '-' ? STDOUT : openSync(path, 'w')
  return {
    write: (bytes, from, length) => writeFully(file, path, bytes, from, length),
    close() {
      if (file !== STDOUT) closeSync(file)
    },
  }
}

/** Writes bytes in order; errors are the system's, their message with path and operation. */
export class ByteSink {
  readonly path: string
  readonly memory: Memory
  readonly #destination: Destination
  readonly #buffer: number
  readonly #view: DataView
  #filled = 0

  /** @param destination where they go, if it is no file: `path` is but a name then */
  constructor(path: string, memory: Memory, destination: Destination = fileAt(path)) {
    this.path = path
    this.memory = memory
    this.#destination = destination
    this.#buffer = memory.reserve(SINK_BYTES)
    this.#view = new DataView(memory.bytes.buffer)
  }

  /** A 32-bit number, little-endian. */
  word(value: number): void {
    if (this.#filled + 4 > SINK_BYTES) this.flush()
    this.#view.setUint32(this.#buffer + this.#filled, value, true)
    this.#filled += 4
  }

  /** Two 16-bit numbers, little-endian. */
  halves(first: number, second: number): void {
    this.word(((second << 16) | first) >>> 0)
  }

  /** `length` bytes of the memory from `at` on. */
  bytes(at: number, length: number): void {
    if (this.#filled + length > SINK_BYTES) this.flush()
    if (length > SINK_BYTES) return this.#write(this.memory.bytes, at, length)
    this.memory.copy(this.#buffer + this.#filled, at, length)
    this.#filled += length
  }

  /** Bytes from elsewhere: options, padding. */
  append(bytes: Uint8Array): void {
    if (this.#filled + bytes.length > SINK_BYTES) this.flush()
    if (bytes.length > SINK_BYTES) return this.#write(bytes, 0, bytes.length)
    this.memory.bytes.set(bytes, this.#buffer + this.#filled)
    this.#filled += bytes.length
  }

  /** Bytes from elsewhere, written at once. */
  text(bytes: Uint8Array): void {
    this.flush()
    this.#write(bytes, 0, bytes.length)
  }

  flush(): void {
    const length = this.#filled
    this.#filled = 0
    this.#write(this.memory.bytes, this.#buffer, length)
  }

  close(): void {
    try {
      this.flush()
    } finally {
      this.#destination.close()
    }
  }

  #write(bytes: Uint8Array, from: number, length: number): void {
    this.#destination.write(bytes, from, length)
  }
}
