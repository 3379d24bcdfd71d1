/**
 * Live ports where io_uring is not to be had: the kernel older than 6.7, or told not to. One call sleeps for all
 * files, and one for each file reads or writes many frames.
 */
import type { Sink } from '../core/port.js'
import { NONE, SMALL_ROOM } from '../packet/arena.js'
import type { Arena } from '../packet/arena.js'
import { BURST } from '../packet/burst.js'
import type { Burst } from '../packet/burst.js'
import { MOST_PORTS } from './live.js'
import type { LiveIo } from './live.js'
import type { Native } from './native.js'

/** Frames that one port may bring before the next one has its turn. */
const TURN = 64
/** After so many milliseconds a device is read again that could not be. */
const RETRY = 100
const FOREVER = -1

/** Live ports for frames in this arena; `wake` is an event that ends a sleep. */
export function createRwIo(native: Native, arena: Arena, wake: number): LiveIo {
  const { memory, start, length, port: ingress, take, free, freeAll } = arena
  const { bytes } = memory
  const refused = new Float64Array(MOST_PORTS)
  const ports: number[] = []
  /** The files that are waited for, the event first, and which of them can be read. */
  let files = Int32Array.of(wake)
  let ready = new Int32Array(1)
  const unreadable = new Set<number>()
  const [offsets, lengths] = [new Int32Array(BURST), new Int32Array(BURST)]
  const slots = new Int32Array(TURN)
  const [wakeAt, wakeLength] = [Int32Array.of(memory.reserve(8)), new Int32Array(1)]
  let isWoken = false

  function watch(): void {
    files = Int32Array.from([wake, ...ports.map((fd, port) => (unreadable.has(port) ? -1 : fd))])
    ready = new Int32Array(files.length)
  }

  function addPort(fd: number, port: number): Sink {
    ports[port] = fd
    watch()
    return { transmit: (burst) => transmit(fd, port, burst) }
  }

  function transmit(fd: number, port: number, burst: Burst): number {
    const { count } = burst
    for (let i = 0; i < count; i++) {
      offsets[i] = start[burst.slots[i]]
      lengths[i] = length[burst.slots[i]]
    }
    refused[port] += count - native.writeFrames(fd, bytes, offsets, lengths, count)
    return freeAll(burst)
  }

  function receive(burst: Burst): void {
    const found = native.waitReadable(files, ready, unreadable.size > 0 ? RETRY : FOREVER)
    if (unreadable.size > 0 && found <= 0) readAgain()
    if (found <= 0) return
    if (ready[0] !== 0) beWoken()
    for (let port = 0; port < ports.length && !burst.isFull; port++)
      if (ready[port + 1] !== 0) readFrom(port, burst)
  }

  function beWoken(): void {
    wakeLength[0] = 8
    native.readFrames(wake, bytes, wakeAt, wakeLength, 1)
    isWoken = true
  }

  function readFrom(port: number, burst: Burst): void {
    const most = Math.min(TURN, burst.slots.length - burst.count)
    let taken = 0
    for (; taken < most; taken++) {
      const slot = take(SMALL_ROOM)
      if (slot === NONE) break
      slots[taken] = slot
      offsets[taken] = start[slot]
      lengths[taken] = SMALL_ROOM
    }
    const read = native.readFrames(ports[port], bytes, offsets, lengths, taken)
    for (let i = 0; i < taken; i++) {
      if (i >= read) free(slots[i])
      else {
        length[slots[i]] = lengths[i]
        ingress[slots[i]] = port
        burst.add(slots[i])
      }
    }
    if (read >= 0) return
    unreadable.add(port) // it is down, for instance
    watch()
  }

  function readAgain(): void {
    unreadable.clear()
    watch()
  }

  function wasWoken(): boolean {
    const was = isWoken
    isWoken = false
    return was
  }

  return { means: 'rw', refused, addPort, receive, wasWoken, close: () => {} }
}
