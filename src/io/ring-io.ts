/** Live ports on one io_uring: reads that go on by themselves, into slots that the ports have been given. */
import type { Sink } from '../core/port.js'
import { NONE, SMALL_ROOM } from '../packet/arena.js'
import type { Arena } from '../packet/arena.js'
import { Burst } from '../packet/burst.js'
import { MOST_PORTS } from './live.js'
import type { LiveIo } from './live.js'
import { DeviceError } from './native.js'
import type { Native } from './native.js'
import * as rings from './ring.js'
import type { BufferRing } from './ring.js'

// An imported constant is loaded and checked at each use.
const { FLAGS, KIND, MORE, RESULT, VALUE } = rings
const [room, none] = [SMALL_ROOM, NONE]
const RING_ENTRIES = 1024
/** Slots that a port has for frames to come. */
export const BUFFERS = 512
/** Kinds of what is asked of the ring; the lower bits are the port. */
const [READ, WRITE, WAKE, RETRY, CANCEL] = [1 << 16, 2 << 16, 3 << 16, 4 << 16, 5 << 16]
const PORT_BITS = 0xffff
const WORD = 2 ** 32
/** -ENOBUFS. */
const NO_BUFFERS = -105
/** After this a device is read again that could not be: it is down, for instance. */
const RETRY_NANOSECONDS = 100_000_000

interface RingPort {
  fd: number
  buffers: BufferRing
  /** By number of the buffer: the slot that it is. */
  slots: Int32Array
  /** Buffers that are waiting for a slot. */
  owed: number[]
}

/** Live ports for frames in this arena; `wake` is an event that ends a sleep. Throws a system error. */
export function createRingIo(native: Native, arena: Arena, wake: number): LiveIo {
  const { memory, start, length, port: ingress, take, free } = arena
  const ring = rings.createRing(native, RING_ENTRIES)
  const { words } = ring
  const base = native.addressOf(memory.bytes)
  if (base === 0n) throw new DeviceError('live ports: the frames have no address in memory')
  const [baseLow, baseHigh] = [Number(base & 0xffffffffn), Number(base >> 32n)]
  const ports: RingPort[] = []
  const files = new Int32Array(MOST_PORTS).fill(-1)
  const refused = new Float64Array(MOST_PORTS)
  const wakeAt = memory.reserve(8)
  const pauseAt = memory.reserve(16)
  memory.words[(pauseAt >> 2) + 2] = RETRY_NANOSECONDS
  /** Ports whose devices cannot be read. */
  const unreadable: number[] = []
  let inFlight = 0
  let isWoken = false
  const high = (at: number): number => (baseLow + at >= WORD ? baseHigh + 1 : baseHigh)
  const low = (at: number): number => (baseLow + at) | 0
  awaitWake()

  function awaitWake(): void {
    ring.read(wake, low(wakeAt), high(wakeAt), 8, WAKE, 0)
  }

  function addPort(fd: number, port: number): Sink {
    const buffers = rings.createBufferRing(native, ring.fd, BUFFERS, port)
    const one = { fd, buffers, slots: new Int32Array(BUFFERS), owed: [] }
    ports[port] = one
    files[port] = fd
    for (let buffer = 0; buffer < BUFFERS; buffer++) giveBuffer(one, buffer)
    ring.readAll(fd, port, READ | port, 0)
    return { transmit: (burst) => transmit(port, burst) }
  }

  /** A slot for the next frame; where none is free the port has one place less until there is. */
  function giveBuffer(port: RingPort, buffer: number): void {
    const slot = take(room)
    if (slot === none) {
      port.owed.push(buffer)
      return
    }
    port.slots[buffer] = slot
    port.buffers.give(buffer, low(start[slot]), high(start[slot]), room)
  }

  function transmit(port: number, { slots, count }: Burst): number {
    const fd = files[port]
    let bytes = 0
    for (let i = 0; i < count; i++) {
      const slot = slots[i]
      bytes += length[slot]
      ring.write(fd, low(start[slot]), high(start[slot]), length[slot], WRITE | port, slot)
    }
    inFlight += count
    return bytes
  }

  function receive(burst: Burst): void {
    drain(burst)
    if (burst.count > 0) return
    ring.enter(1)
    drain(burst)
  }

  function drain(burst: Burst): void {
    while (!burst.isFull) {
      const at = ring.next()
      if (at === -1) return
      const kind = words[at + KIND] & ~PORT_BITS
      const port = words[at + KIND] & PORT_BITS
      if (kind === WRITE) written(port, words[at + VALUE], words[at + RESULT])
      else if (kind === READ) received(burst, port, words[at + RESULT], words[at + FLAGS])
      else if (kind === RETRY) readAgain()
      else {
        isWoken = true
        awaitWake()
      }
    }
  }

  function written(port: number, slot: number, result: number): void {
    inFlight--
    if (result < 0) refused[port]++
    free(slot)
    const { owed } = ports[port]
    if (owed.length > 0) giveBuffer(ports[port], owed.pop()!)
  }

  function received(burst: Burst, port: number, result: number, flags: number): void {
    const one = ports[port]
    if (result > 0) {
      const buffer = flags >>> 16
      const slot = one.slots[buffer]
      length[slot] = result
      ingress[slot] = port
      burst.add(slot)
      giveBuffer(one, buffer)
    }
    if ((flags & MORE) !== 0) return
    // Frames came faster than they were taken: meanwhile their buffers have been given anew.
    const hasBuffers = one.owed.length < BUFFERS
    if (result > 0 || (result === NO_BUFFERS && hasBuffers)) ring.readAll(one.fd, port, READ | port, 0)
    else putOff(port)
  }

  /** No slot is free, or the device is down: both change. */
  function putOff(port: number): void {
    unreadable.push(port)
    if (unreadable.length === 1) ring.timeout(low(pauseAt), high(pauseAt), RETRY)
  }

  function readAgain(): void {
    for (const port of unreadable.splice(0)) {
      const one = ports[port]
      for (let left = one.owed.length; left > 0; left--) giveBuffer(one, one.owed.shift()!)
      ring.readAll(one.fd, port, READ | port, 0)
    }
  }

  function wasWoken(): boolean {
    const was = isWoken
    isWoken = false
    return was
  }

  /** Frames that come meanwhile come too late. */
  function finishWriting(): void {
    ring.enter(1)
    const late = new Burst()
    drain(late)
    arena.freeAll(late)
  }

  /** A file that the ring still reads would outlive being closed. */
  function close(): void {
    while (inFlight > 0) finishWriting()
    ring.cancelAll(CANCEL)
    let ends = unreadable.length > 0 ? 3 : 2 // the cancellation, the wake-up, the retry
    ends += ports.length - unreadable.length
    while (ends > 0) {
      ring.enter(1)
      for (let at = ring.next(); at !== -1; at = ring.next()) if ((words[at + FLAGS] & MORE) === 0) ends--
    }
    native.closeDescriptor(ring.fd)
  }

  return {
    means: 'uring',
    refused,
    addPort,
    receive,
    wasWoken,
    close,
  }
}
