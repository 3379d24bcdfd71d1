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
import type { PlainRecords } from '../io/capture.js'
import { NOW, TAKER_BYTES, UNTIL, createRecordTaker } from '../io/pcap-records.js'
import type { RecordTaker } from '../io/pcap-records.js'
import { LARGE_ROOM, SMALL_ROOM } from '../packet/arena.js'
import { BURST, Burst } from '../packet/burst.js'
import type { Dataplane } from './dataplane.js'

/** Memory that a merge reserves, alignment included. */
export const MERGE_BYTES = BURST * 16 + 3 * 64 + TAKER_BYTES

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
  /** Number of the port by interface of the capture; what is not in it yet is asked for by `meet`. */
  ports: number[]
  /** Called when a frame of an interface came that `ports` does not have: it has it afterwards. */
  meet(): void
}

/** Fills its burst from captures in the order of time, slots and clock included. */
export interface CaptureMerge {
  /** Frames that a pcapng file says had left by the interface: they did not come in. */
  readonly outbound: number
  /** The clock: the latest time stamp so far. */
  readonly now: Microseconds
  /** After EARLY: when the next frame is. */
  readonly nextTime: Microseconds
  /** Where `fill` puts packets; whoever processes them empties it. */
  readonly burst: Burst
  /** Adds packets to the burst, none later than `until`. */
  fill(until: Microseconds): number
  /** Reads on where bytes ran out. */
  replenish(): Promise<void>
}

/** Merges the captures into the arena of this dataplane. */
export function createMerge(plane: Dataplane, inputs: readonly MergeInput[]): CaptureMerge {
  const { arena } = plane
  const { start, port: ingress, time, seconds, nanoseconds, take } = arena
  const { copy, copyAll, words } = arena.memory
  // An imported constant is loaded and checked at every use; a captured one is compiled in.
  const [record, small] = [RECORD, SMALL_ROOM]
  /** What each reader's last `next` returned: RECORD while its frame waits to be taken. */
  const states = Int32Array.from(inputs, ({ reader }) => reader.next())
  const clock = arena.memory.doubles(3)
  const NEXT = 2
  clock[NOW] = -Infinity
  const burst = new Burst(arena.memory.integers(BURST))
  /** What takePlain copies at its end: to, from, length of each frame. */
  const list = arena.memory.reserve(BURST * 12)
  const taker = createRecordTaker(arena, clock)
  let smallBudget = 0
  let largeBudget = 0
  let outbound = 0

  function fill(until: Microseconds): number {
    const { slotsPerFrame } = plane
    clock[UNTIL] = until
    smallBudget = Math.max(1, Math.floor(arena.freeFor(0) / slotsPerFrame))
    largeBudget = Math.max(1, Math.floor(arena.freeFor(LARGE_ROOM) / slotsPerFrame))
    for (;;) {
      if (states.includes(STARVED)) return HUNGRY
      const first = earliest(-1)
      if (first === -1) return DONE
      const stopped = takeRun(first)
      if (stopped !== 0) return stopped
    }
  }

  async function replenish(): Promise<void> {
    for (const [i, { reader }] of inputs.entries()) {
      while (states[i] === STARVED) {
        await reader.fill()
        states[i] = reader.next()
      }
    }
  }

  /** The input whose waiting frame comes first, leaving out one; -1 when none has a frame. */
  function earliest(except: number): number {
    let best = -1
    for (let i = 0; i < inputs.length; i++) {
      if (i === except || states[i] !== RECORD) continue
      if (best === -1 || isBefore(inputs[i].reader, inputs[best].reader)) best = i
    }
    return best
  }

  /** Takes frames of one input for as long as they come before those of all others; 0, or why it stopped. */
  function takeRun(from: number): number {
    const input = inputs[from]
    const { reader } = input
    const second = earliest(from)
    const rival = second === -1 ? null : inputs[second].reader
    const winsTies = from < second
    const index = reader.interfaceIndex
    const port = portOf(input)
    for (;;) {
      const state =
        taker !== null && reader.plain !== null
          ? takeRecords(taker, reader, reader.plain, port, rival, winsTies)
          : takePlain(reader, index, port, rival, winsTies)
      states[from] = state
      if (state !== RECORD || !isFirst(reader, rival, winsTies)) return 0
      const stopped = takeAny(input)
      if (stopped !== 0) return stopped
      states[from] = reader.next()
      if (states[from] !== RECORD) return 0
    }
  }

  /** What takePlain does, for records of a pcap file. */
  function takeRecords(
    by: RecordTaker,
    reader: CaptureReader,
    records: PlainRecords,
    port: number,
    rival: CaptureReader | null,
    winsTies: boolean,
  ): number {
    const most = Math.min(BURST - burst.count, smallBudget)
    const taken = by.take(reader, records, burst, most, port, rival, winsTies)
    plane.received(port, taken, by.bytes)
    smallBudget -= taken
    burst.count += taken
    return reader.next()
  }

  /**
   * What nearly every frame is: whole, short, received by the interface `index`, due, and with a place in the
   * burst. Takes these and returns the reader's state at the first frame that is something else.
   */
  function takePlain(
    reader: CaptureReader,
    index: number,
    ingressPort: number,
    rival: CaptureReader | null,
    winsTies: boolean,
  ): number {
    const { slots } = burst
    const last = burst.count + Math.min(BURST - burst.count, smallBudget)
    const until = clock[UNTIL]
    let now = clock[NOW]
    let count = burst.count
    let bytes = 0
    let entry = list >> 2
    let state: number = record
    while (count < last && isFirst(reader, rival, winsTies)) {
      const length = reader.capturedLength
      const stamp = reader.seconds * 1_000_000 + reader.nanoseconds * 0.001
      if (length > small || length !== reader.originalLength || stamp > until) break
      if (reader.interfaceIndex !== index || reader.outbound === true) break
      if (stamp > now) now = stamp
      const slot = take(length)
      words[entry] = start[slot]!
      words[entry + 1] = reader.frameAt
      words[entry + 2] = length
      entry += 3
      ingress[slot] = ingressPort
      time[slot] = now
      seconds[slot] = reader.seconds
      nanoseconds[slot] = reader.nanoseconds
      slots[count++] = slot
      bytes += length
      state = reader.next()
      if (state !== record) break
    }
    if (count > burst.count) copyAll(list, entry << 2)
    plane.received(ingressPort, count - burst.count, bytes)
    smallBudget -= count - burst.count
    burst.count = count
    clock[NOW] = now
    return state
  }

  /** Makes the waiting frame a packet, unless it is skipped, dropped or has to wait; 0, or why it waits. */
  function takeAny(input: MergeInput): number {
    const { reader } = input
    const when = Math.max(clock[NOW], fromTimestamp(reader.seconds, reader.nanoseconds))
    if (when > clock[UNTIL]) return tooEarly(when)
    const length = reader.capturedLength
    if (reader.outbound || length < reader.originalLength) return passOver(input, when)
    if (burst.isFull || (length <= SMALL_ROOM ? smallBudget-- : largeBudget--) === 0) return FULL
    const slot = take(length)
    copy(start[slot], reader.frameAt, length)
    ingress[slot] = portOf(input)
    time[slot] = clock[NOW] = when
    seconds[slot] = reader.seconds
    nanoseconds[slot] = reader.nanoseconds
    burst.add(slot)
    plane.received(arena.port[slot], 1, length)
    return 0
  }

  function tooEarly(when: Microseconds): number {
    clock[NEXT] = when
    return EARLY
  }

  /** A frame that had not come in, or of which only a part was captured. */
  function passOver(input: MergeInput, when: Microseconds): number {
    const { reader } = input
    if (reader.outbound) outbound++
    else {
      clock[NOW] = when
      plane.received(portOf(input), 1, reader.originalLength)
      plane.refuse(CUT_CAPTURE)
    }
    return 0
  }

  return {
    burst,
    get outbound() {
      return outbound
    },
    get now() {
      return clock[NOW]
    },
    get nextTime() {
      return clock[NEXT]
    },
    fill,
    replenish,
  }
}

function portOf(input: MergeInput): number {
  const { interfaceIndex } = input.reader
  if (interfaceIndex >= input.ports.length) input.meet()
  return input.ports[interfaceIndex]
}

/** Whether the frame that waits in `reader` comes before its rival's. */
function isFirst(reader: CaptureReader, rival: CaptureReader | null, winsTies: boolean): boolean {
  if (rival === null) return true
  return winsTies ? !isBefore(rival, reader) : isBefore(reader, rival)
}

function isBefore(a: CaptureReader, b: CaptureReader): boolean {
  return a.seconds < b.seconds || (a.seconds === b.seconds && a.nanoseconds < b.nanoseconds)
}
