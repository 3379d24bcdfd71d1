/**
 * A capture, in the main thread: what the worker has copied becomes pcapng, an interface a port, and goes to its
 * reader as fast as that reads. What it does not read waits here, as much as the worker allows (capture-tap.ts).
 */
import { MessageChannel } from 'node:worker_threads'
import { MICROSECONDS_PER_SECOND, timeOfDay } from '../core/clock.js'
import type { Microseconds } from '../core/clock.js'
import { SINK_BYTES } from '../io/byte-sink.js'
import { PcapngWriter } from '../io/pcapng-writer.js'
import { Memory } from '../packet/memory.js'
import { INTERFACE, OUT, readRecords } from './capture-records.js'
import type { CaptureRecord } from './capture-records.js'
import type { CaptureMessage } from './capture-tap.js'
import type { LiveBridge } from './live.js'

/** Which frames are wanted. */
export interface CaptureWanted {
  /** By this port; null: by all. */
  port: string | null
  /** Words of a rule's matches, as of `-p udp --dport 67`; none: all frames. */
  filter: readonly string[]
  /** After so many the capture ends; null: when it is stopped. */
  count: number | null
}

/** Who reads a capture. */
export interface CaptureReader {
  /** Takes the bytes over; whether it wants more at once. */
  write(bytes: Uint8Array): boolean
  /** That was all. */
  end(): void
}

/** A capture at work. */
export interface Capture {
  /** From now on it is read. */
  start(reader: CaptureReader): void
  /** The reader wants more. */
  resume(): void
  /** No more frames; those that were captured until now still reach the reader. */
  stop(): void
  /** Nobody reads any more. */
  abandon(): void
}

let captures = 0

/** Begins a capture. Rejects with what is wrong with it. */
export async function startCapture(
  bridge: LiveBridge,
  { port, filter, count }: CaptureWanted,
): Promise<Capture> {
  const id = ++captures
  const { port1: messages, port2: out } = new MessageChannel()
  const taken = new SharedArrayBuffer(4)
  const waiting: CaptureMessage[] = []
  let reader: CaptureReader | null = null
  let wantsMore = true
  let isOver = false
  const memory = new Memory(SINK_BYTES)
  const destination = { write: handOver, close: () => {} }
  let writer: PcapngWriter | null = null
  /** Frames written, by interface. */
  const delivered: number[] = []
  let left = count ?? Infinity

  messages.on('message', (message: CaptureMessage) => {
    waiting.push(message)
    pump()
  })
  // The worker has come to an end without a word.
  messages.once('close', () => {
    if (!isOver) reader?.end()
  })
  try {
    await bridge.beginCapture({ id, port, filter, taken, out })
  } catch (error) {
    messages.close()
    throw error
  }

  function handOver(bytes: Uint8Array, from: number, length: number): void {
    if (length > 0) wantsMore = reader!.write(Buffer.from(bytes.subarray(from, from + length)))
  }

  function pump(): void {
    if (writer === null) return
    while (!isOver && wantsMore && waiting.length > 0) {
      const message = waiting.shift()!
      for (const record of readRecords(message.records)) writeRecord(writer, record)
      Atomics.add(new Int32Array(taken), 0, message.records.byteLength)
      if (message.isLast || left === 0) finish(writer, message.lost)
      writer.flush()
    }
  }

  function writeRecord(
    to: PcapngWriter,
    { kind, interface: number, time, frame, comment }: CaptureRecord,
  ): void {
    if (kind === INTERFACE) {
      delivered[to.addInterface(Buffer.from(frame).toString())] = 0
      return
    }
    if (left === 0) return
    left--
    delivered[number]++
    const notes = kind === OUT ? { outbound: true } : { inbound: true }
    to.writeFrame(number, frame, ...stampOf(time), comment === '' ? notes : { ...notes, comment })
  }

  /** What says that the capture is whole: each interface has its statistics. */
  function finish(to: PcapngWriter, lost: readonly number[]): void {
    const now = stampOf(timeOfDay())
    for (const [number, frames] of delivered.entries())
      to.writeStatistics(number, ...now, frames, lost[number])
    to.close()
    abandon()
    reader!.end()
  }

  function abandon(): void {
    if (isOver) return
    isOver = true
    bridge.endCapture(id)
    messages.close()
  }

  return {
    start(who) {
      reader = who
      writer = new PcapngWriter('capture', memory, [], destination)
      writer.flush()
      pump()
    },
    resume() {
      wantsMore = true
      pump()
    },
    stop: () => bridge.endCapture(id),
    abandon,
  }
}

/** Seconds and nanoseconds, of which the last three digits say nothing. */
function stampOf(time: Microseconds): [seconds: number, nanoseconds: number] {
  const seconds = Math.floor(time / MICROSECONDS_PER_SECOND)
  return [seconds, Math.floor(time - seconds * MICROSECONDS_PER_SECOND) * 1000]
}
