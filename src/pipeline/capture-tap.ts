/**
 * One capture, in the worker: frames are copied where they come in and where they leave, and handed over a burst at a
 * time. Whoever reads them is never waited for: what it has not taken yet is bounded, and what comes beyond is lost and
 * counted.
 */
import type { MessagePort } from 'node:worker_threads'
import type { Arena } from '../packet/arena.js'
import type { Burst } from '../packet/burst.js'
import type { CaptureFilter } from './capture-filter.js'
import { IN, INTERFACE, OUT, RECORDS_FULL, createRecordWriter } from './capture-records.js'

/** Bytes of records that may wait for the reader. */
export const MOST_WAITING = 16 << 20

/** What is handed over: records (capture-records.ts), and how many frames of each interface were lost until now. */
export interface CaptureMessage {
  records: ArrayBuffer
  lost: number[]
  isLast: boolean
}

/** A capture at work. */
export interface CaptureTap {
  /** A frame has come in, and nothing has looked at it yet. */
  enters(slot: number): void
  /** What leaves by a port. */
  leaves(port: number, leaving: Burst): void
  /** The way of the frame that came in last is over; `why` says what was dropped of it. */
  isOver(why: string): void
  /** Hands over what there is. */
  flush(): void
  /** Hands over the rest. */
  close(): void
}

/** Who wants frames, and which. */
export interface TapOptions {
  /** The one port, or null for all. */
  port: string | null
  filter: CaptureFilter | null
  /** How many bytes of records the reader has taken, modulo 2³². */
  taken: Int32Array
  out: MessagePort
}

/** Frames of this arena, by ports of these names, which may change. */
export function createCaptureTap(
  { memory, start, length, port: ingress, time }: Arena,
  portNames: readonly string[],
  { port: wanted, filter, taken, out }: TapOptions,
): CaptureTap {
  const { bytes } = memory
  const records = createRecordWriter()
  const interfaces = new Map<string, number>()
  /** By interface. */
  const lost: number[] = []
  let handedOver = 0
  let entered = -1
  for (const name of portNames) if (isWanted(name)) interfaceOf(name)
  flush()

  /** A port that was removed has no name any more. */
  function isWanted(name: string): boolean {
    return name !== '' && (wanted === null || name === wanted)
  }

  function interfaceOf(name: string): number {
    const known = interfaces.get(name)
    if (known !== undefined) return known
    const text = Buffer.from(name)
    const number = interfaces.size
    if (records.add(INTERFACE, number, 0, text, 0, text.length) === -1) return -1
    interfaces.set(name, number)
    lost.push(0)
    return number
  }

  const hasRoom = (): boolean => ((handedOver - Atomics.load(taken, 0)) | 0) + records.filled() < MOST_WAITING

  /** Where its record stands, or -1. */
  function record(kind: number, name: string, slot: number): number {
    const number = interfaceOf(name)
    if (number === -1) return -1
    const at = hasRoom() ? records.add(kind, number, time[slot], bytes, start[slot], length[slot]) : -1
    if (at === -1) lost[number]++
    return at
  }

  function enters(slot: number): void {
    entered = -1
    const name = portNames[ingress[slot]]
    if (isWanted(name) && (filter === null || filter(slot, name, ''))) entered = record(IN, name, slot)
  }

  function leaves(port: number, { slots, count }: Burst): void {
    const name = portNames[port]
    if (!isWanted(name)) return
    for (let i = 0; i < count; i++)
      if (filter === null || filter(slots[i], '', name)) record(OUT, name, slots[i])
  }

  function isOver(why: string): void {
    if (entered !== -1 && why !== '') records.setComment(entered, why)
    entered = -1
    if (records.filled() > RECORDS_FULL) flush()
  }

  function flush(): void {
    if (records.filled() > 0) handOver(false)
  }

  function handOver(isLast: boolean): void {
    const message: CaptureMessage = { records: records.take(), lost: [...lost], isLast }
    handedOver = (handedOver + message.records.byteLength) | 0
    out.postMessage(message, [message.records])
  }

  return { enters, leaves, isOver, flush, close: () => handOver(true) }
}
