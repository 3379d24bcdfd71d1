/**
 * Several captures as one stream of packets, as if all ports had been listened to at once: the earliest frame
 * first, ties by the order of the captures, the frames of one capture in its own order whatever their time
 * stamps say. The clock never goes back.
 */
import { fromTimestamp } from '../core/clock.js'
import type { Microseconds } from '../core/clock.js'
import { CUT_CAPTURE } from '../core/drops.js'
import { RECORD, STARVED } from '../io/capture-reader.js'
import type { CaptureReader } from '../io/capture-reader.js'
import { LARGE_ROOM, SMALL_ROOM } from '../packet/arena.js'
import type { Burst } from '../packet/burst.js'
import type { Dataplane } from './dataplane.js'

/** All captures have ended. */
export const DONE = 0
/** The burst is full, or takes no more frames without being processed first. */
export const FULL = 1
/** A capture needs bytes: `await replenish()`. */
export const HUNGRY = 2
/** The next frame is later than asked for: its time is `nextTime`. */
export const EARLY = 3

/** A capture, and the ports that its frames came in by. */
export interface MergeInput {
  reader: CaptureReader
  /** The number of the port that frames of this interface of the capture came in by. */
  portOf(interfaceIndex: number): number
}

/** Fills bursts from captures in the order of time, slots and clock included. */
export class CaptureMerge {
  /** Frames that a pcapng file says had left by the interface: they did not come in. */
  outbound = 0
  /** The clock: the latest time stamp so far. */
  now: Microseconds = -Infinity
  nextTime: Microseconds = 0

  readonly #plane: Dataplane
  readonly #inputs: MergeInput[]
  /** What each reader's last `next` returned: RECORD while its frame waits to be taken. */
  readonly #states: Int32Array
  #smallBudget = 0
  #largeBudget = 0

  constructor(plane: Dataplane, inputs: MergeInput[]) {
    this.#plane = plane
    this.#inputs = inputs
    this.#states = Int32Array.from(inputs, ({ reader }) => reader.next())
  }

  /** Adds packets to the burst, none later than `until`. Throws a CaptureError where a file is malformed. */
  fill(burst: Burst, until: Microseconds): number {
    const { arena, slotsPerFrame } = this.#plane
    this.#smallBudget = Math.max(1, Math.floor(arena.freeFor(0) / slotsPerFrame))
    this.#largeBudget = Math.max(1, Math.floor(arena.freeFor(LARGE_ROOM) / slotsPerFrame))
    for (;;) {
      if (this.#states.includes(STARVED)) return HUNGRY
      const first = this.#earliest(-1)
      if (first === -1) return DONE
      const stopped = this.#takeRun(first, burst, until)
      if (stopped !== 0) return stopped
    }
  }

  /** Reads on where bytes ran out. */
  async replenish(): Promise<void> {
    for (const [i, { reader }] of this.#inputs.entries()) {
      while (this.#states[i] === STARVED) {
        await reader.fill()
        this.#states[i] = reader.next()
      }
    }
  }

  /** The input whose waiting frame comes first, leaving out one; -1 when none has a frame. */
  #earliest(except: number): number {
    let best = -1
    for (let i = 0; i < this.#inputs.length; i++) {
      if (i === except || this.#states[i] !== RECORD) continue
      if (best === -1 || isBefore(this.#inputs[i].reader, this.#inputs[best].reader)) best = i
    }
    return best
  }

  /** Takes frames of one input for as long as they come before those of all others; 0, or why it stopped. */
  #takeRun(from: number, burst: Burst, until: Microseconds): number {
    const input = this.#inputs[from]
    const { reader } = input
    const second = this.#earliest(from)
    const rival = second === -1 ? null : this.#inputs[second].reader
    let state: number = RECORD
    let stopped = 0
    while (state === RECORD) {
      if (rival !== null && (from < second ? isBefore(rival, reader) : !isBefore(reader, rival))) break
      stopped = this.#take(input, burst, until)
      if (stopped !== 0) break
      state = reader.next()
    }
    this.#states[from] = state
    return stopped
  }

  /** Makes the waiting frame of `input` a packet, unless it is skipped, dropped or has to wait; 0, or why it waits. */
  #take(input: MergeInput, burst: Burst, until: Microseconds): number {
    const { reader } = input
    const time = Math.max(this.now, fromTimestamp(reader.seconds, reader.nanoseconds))
    if (time > until) {
      this.nextTime = time
      return EARLY
    }
    if (reader.outbound) {
      this.outbound++
      return 0
    }
    const { capturedLength } = reader
    const port = input.portOf(reader.interfaceIndex)
    if (capturedLength < reader.originalLength) {
      this.now = time
      this.#plane.refuse(port, reader.originalLength, CUT_CAPTURE)
      return 0
    }
    if (burst.isFull || !this.#hasBudget(capturedLength)) return FULL
    this.now = time
    this.#admit(reader, burst, port)
    return 0
  }

  #hasBudget(length: number): boolean {
    return length <= SMALL_ROOM ? this.#smallBudget-- > 0 : this.#largeBudget-- > 0
  }

  #admit(reader: CaptureReader, burst: Burst, port: number): void {
    const { arena } = this.#plane
    const length = reader.capturedLength
    const slot = arena.take(length)
    arena.memory.copy(arena.start[slot], reader.frameAt, length)
    arena.port[slot] = port
    arena.time[slot] = this.now
    arena.seconds[slot] = reader.seconds
    arena.nanoseconds[slot] = reader.nanoseconds
    burst.add(slot)
  }
}

function isBefore(a: CaptureReader, b: CaptureReader): boolean {
  return a.seconds < b.seconds || (a.seconds === b.seconds && a.nanoseconds < b.nanoseconds)
}
