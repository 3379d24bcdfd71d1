/** What the pipeline wants of a place where frames enter and leave. */
import type { Burst } from '../packet/burst.js'
import type { Microseconds } from './clock.js'

/** The far side of a port for frames that leave. */
export interface Sink {
  /**
   * Sends the packets of the burst in their order. It takes over their slots: it frees each, now or when it
   * has been sent. The burst itself stays the caller's, who clears it. Returns the bytes of what it took.
   */
  transmit(burst: Burst): number
}

/** A place where frames both enter and leave. */
export interface Port extends Sink {
  /**
   * Adds packets that have come in to the burst, as many as are there, the burst has room for and `room`
   * allows; their time is `now`. The caller owns their slots, and counts them.
   */
  receive(burst: Burst, room: number, now: Microseconds): void
}

/** Frames and bytes of each port, by port number. Bytes count from the destination address to the payload's end. */
export class PortCounters {
  rxFrames = new Float64Array(16)
  rxBytes = new Float64Array(16)
  txFrames = new Float64Array(16)
  txBytes = new Float64Array(16)

  /** The counters of port number `port`, from 0 on. */
  begin(port: number): void {
    this.#reserve(port)
    this.rxFrames[port] = this.rxBytes[port] = this.txFrames[port] = this.txBytes[port] = 0
  }

  #reserve(port: number): void {
    while (port >= this.rxFrames.length) {
      this.rxFrames = doubled(this.rxFrames)
      this.rxBytes = doubled(this.rxBytes)
      this.txFrames = doubled(this.txFrames)
      this.txBytes = doubled(this.txBytes)
    }
  }
}

function doubled(counts: Float64Array): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(counts.length * 2)
  grown.set(counts)
  return grown
}
