/** Where frames leave into a capture file: the far side of a port in a replay. */
import type { Sink } from '../core/port.js'
import type { Arena } from '../packet/arena.js'
import type { Burst } from '../packet/burst.js'
import type { PcapWriter } from './pcap-writer.js'

/** Writes each packet under its own time stamp, and frees it. */
export class PcapPort implements Sink {
  readonly #arena: Arena
  readonly #writer: PcapWriter

  constructor(arena: Arena, writer: PcapWriter) {
    this.#arena = arena
    this.#writer = writer
  }

  transmit(burst: Burst): number {
    const { slots, count } = burst
    const { start, length, seconds, nanoseconds } = this.#arena
    for (let i = 0; i < count; i++) {
      const slot = slots[i]
      const bytes = length[slot]
      this.#writer.write(start[slot], bytes, bytes, seconds[slot], nanoseconds[slot])
    }
    return this.#arena.freeAll(burst)
  }
}

/** Takes packets and frees them: a replay whose output nobody wants. */
export class NullPort implements Sink {
  readonly #arena: Arena

  constructor(arena: Arena) {
    this.#arena = arena
  }

  transmit(burst: Burst): number {
    return this.#arena.freeAll(burst)
  }
}
