/**
 * Live ports where io_uring is not to be had: the kernel older than 6.7, or told not to. One call sleeps for all
 * files, and one for each file reads or writes many frames.
 */
import type { Sink } from '../core/port.js'
import { NONE } from '../packet/arena.js'
import type { Arena } from '../packet/arena.js'
import { BURST } from '../packet/burst.js'
import type { Burst } from '../packet/burst.js'
import { OFFLOAD_BYTES } from '../packet/offload.js'
import { createMakePlain } from '../packet/plain.js'
import { lostByPacketSockets, roomFor } from './live.js'
import type { LiveFile, LiveIo, Loss } from './live.js'
import type { Native } from './native.js'
import { restoreTag } from './packet-socket.js'

/** Frames that one port may bring before the next one has its turn. */
const TURN = 64
/** After so many milliseconds a device is read again that could not be. */
const RETRY = 100
const FOREVER = -1

/** Live ports for frames in this arena; `wake` is an event that ends a sleep. */
export function createRwIo(native: Native, arena: Arena, wake: number): LiveIo {
  const { memory, start, length, port: ingress, take, free } = arena
  const { bytes } = memory
  const makePlain = createMakePlain(arena)
  const ports: Array<LiveFile | null> = []
  let lostByWriting = 0
  let lostByReceivers = 0
  /** The files that are waited for, the event first, and which of them can be read. */
  let files = Int32Array.of(wake)
  let ready = new Int32Array(1)
  const unreadable = new Set<number>()
  const [offsets, lengths] = [new Int32Array(BURST), new Int32Array(BURST)]
  const slots = new Int32Array(BURST)
  const [wakeAt, wakeLength] = [Int32Array.of(memory.reserve(8)), new Int32Array(1)]
  let isWoken = false

  function watch(): void {
    files = Int32Array.from([
      wake,
      ...ports.map((file, port) => (file === null || unreadable.has(port) ? -1 : file.fd)),
    ])
    ready = new Int32Array(files.length)
  }

  function addPort(file: LiveFile, port: number): Sink {
    while (ports.length < port) ports.push(null) // numbers between are those of ports without a file
    ports[port] = file
    watch()
    return { transmit: (burst) => (file.offload ? transmit(file, burst) : transmitPlain(file, burst)) }
  }

  function removePort(port: number, done: () => void): void {
    lostByReceivers += lostByPacketSockets(native, [ports[port]!])
    ports[port] = null
    unreadable.delete(port)
    watch()
    done()
  }

  function transmit({ fd }: LiveFile, burst: Burst): number {
    let sum = 0
    for (let i = 0; i < burst.count; i++) sum += put(i, burst.slots[i], OFFLOAD_BYTES)
    write(fd, burst.count)
    return sum
  }

  /** A frame for `write`, with so many bytes before it. Its own bytes. */
  function put(place: number, slot: number, before: number): number {
    slots[place] = slot
    offsets[place] = start[slot] - before
    lengths[place] = length[slot] + before
    return length[slot]
  }

  function write(fd: number, count: number): void {
    lostByWriting += count - native.writeFrames(fd, bytes, offsets, lengths, count)
    for (let i = 0; i < count; i++) free(slots[i])
  }

  function transmitPlain({ fd, hasHeader }: LiveFile, burst: Burst): number {
    const before = hasHeader ? OFFLOAD_BYTES : 0
    let sum = 0
    let count = 0
    const send = (slot: number): void => {
      sum += put(count++, slot, before)
      if (count < BURST) return
      write(fd, count)
      count = 0
    }
    for (let i = 0; i < burst.count; i++) if (!makePlain(burst.slots[i], send)) lostByWriting++
    write(fd, count)
    return sum
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
    const { fd, kind, hasHeader } = ports[port]!
    const before = hasHeader ? OFFLOAD_BYTES : 0
    const taken = takeSlots(port, Math.min(TURN, burst.slots.length - burst.count), before)
    const read =
      kind === 'packet'
        ? native.receiveFrames(fd, bytes, offsets, lengths, taken)
        : native.readFrames(fd, bytes, offsets, lengths, taken)
    for (let i = 0; i < taken; i++) {
      if (i >= read) free(slots[i])
      else {
        length[slots[i]] = lengths[i] - before
        ingress[slots[i]] = port
        if (kind === 'packet') restoreTag(arena, slots[i])
        burst.add(slots[i])
      }
    }
    if (read >= 0) return
    unreadable.add(port) // it is down, for instance
    watch()
  }

  /** Slots to read into, at most so many. */
  function takeSlots(port: number, most: number, before: number): number {
    const room = roomFor(ports[port]!, arena)
    let taken = 0
    for (; taken < most; taken++) {
      const slot = take(room)
      if (slot === NONE) break
      put(taken, slot, before)
    }
    return taken
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

  function losses(): Record<Loss, number> {
    lostByReceivers += lostByPacketSockets(
      native,
      ports.filter((file) => file !== null),
    )
    return { 'tx-full': lostByWriting, 'rx-full': lostByReceivers, 'rx-cut': 0 }
  }

  return { means: 'rw', addPort, removePort, receive, wasWoken, losses, close: () => {} }
}
