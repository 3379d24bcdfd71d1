/** Live ports on one io_uring: reads that go on by themselves, into slots that the ports have been given. */
import type { Sink } from '../core/port.js'
import { HEADROOM, NONE } from '../packet/arena.js'
import type { Arena } from '../packet/arena.js'
import { Burst } from '../packet/burst.js'
import { OFFLOAD_BYTES } from '../packet/offload.js'
import { createMakePlain } from '../packet/plain.js'
import { MOST_PORTS, lostByPacketSockets, roomFor } from './live.js'
import type { LiveFile, LiveIo, Loss } from './live.js'
import { DeviceError } from './native.js'
import type { Native } from './native.js'
import { MESSAGE_BYTES, restoreTag, wasCut, writeMessage } from './packet-socket.js'
import * as rings from './ring.js'
import type { BufferRing } from './ring.js'

// An imported constant is loaded and checked at each use.
const { FLAGS, KIND, MORE, RESULT, VALUE } = rings
const none = NONE
const RING_ENTRIES = 1024
/** Places of files: ports have their numbers, the event has the one behind. */
const [PLACES, WAKE_PLACE] = [MOST_PORTS + 1, MOST_PORTS]
/** Slots that a port has for frames to come, a power of two. */
export const BUFFERS = 256
/** Kinds of what is asked of the ring; the lower bits are the port. */
const [READ, WRITE, WAKE, RETRY, CANCEL] = [1 << 16, 2 << 16, 3 << 16, 4 << 16, 5 << 16]
const PORT_BITS = 0xffff
const WORD = 2 ** 32
/** -ENOBUFS; -EINVAL: a packet socket has a frame of which a virtio header cannot tell how it is to be cut. */
const [NO_BUFFERS, INEXPRESSIBLE] = [-105, -22]
/** So many of them one after another are the device's own fault. */
const MOST_FAILURES = 64
/** After this a device is read again that could not be: it is down, for instance. */
const RETRY_NANOSECONDS = 100_000_000
const [TX_FULL, RX_CUT] = [0, 1]

interface RingPort {
  file: LiveFile
  buffers: BufferRing
  /** By number of the buffer: the slot that it is. */
  slots: Int32Array
  /** Buffers that are waiting for a slot. */
  owed: number[]
  /** The longest frame, and bytes of a buffer before the frame. */
  room: number
  before: number
  failures: number
  isThere: boolean
  isReading: boolean
  /** Frames that are being written. */
  writing: number
  /** What is to be called when it has come to an end; null where it goes on, or has ended. */
  ended: (() => void) | null
}

/** Live ports for frames in this arena; `wake` is an event that ends a sleep. Throws a system error. */
export function createRingIo(native: Native, arena: Arena, wake: number): LiveIo {
  const { memory, start, length, port: ingress, take, free } = arena
  const ring = rings.createRing(native, RING_ENTRIES, PLACES)
  const { words } = ring
  const base = native.addressOf(memory.bytes)
  if (base === 0n) throw new DeviceError('live ports: the frames have no address in memory')
  const [baseLow, baseHigh] = [Number(base & 0xffffffffn), Number(base >> 32n)]
  /** By number; ports without a file leave holes. */
  const ports: RingPort[] = []
  const lost = new Float64Array(2)
  let lostByReceivers = 0
  const wakeAt = memory.reserve(8)
  const pauseAt = memory.reserve(16)
  const messageAt = memory.reserve(MESSAGE_BYTES)
  memory.words[(pauseAt >> 2) + 2] = RETRY_NANOSECONDS
  writeMessage(memory.bytes, messageAt)
  const makePlain = createMakePlain(arena)
  const offloadBytes = OFFLOAD_BYTES
  /** Ports whose devices cannot be read. */
  const unreadable: number[] = []
  let inFlight = 0
  let isWoken = false
  let isRetrying = false
  const high = (at: number): number => (baseLow + at >= WORD ? baseHigh + 1 : baseHigh)
  const low = (at: number): number => (baseLow + at) | 0
  ring.setFile(WAKE_PLACE, wake)
  awaitWake()

  function awaitWake(): void {
    ring.read(WAKE_PLACE, low(wakeAt), high(wakeAt), 8, WAKE, 0)
  }

  function addPort(file: LiveFile, port: number): Sink {
    const { fd, kind, offload, hasHeader } = file
    const buffers = rings.createBufferRing(native, ring.fd, BUFFERS, port)
    const before = kind === 'packet' ? HEADROOM : hasHeader ? OFFLOAD_BYTES : 0
    const slots = new Int32Array(BUFFERS)
    const state = { failures: 0, isThere: true, isReading: false, writing: 0, ended: null }
    const one = { file, buffers, slots, owed: [], room: roomFor(file, arena), before, ...state }
    ports[port] = one
    ring.setFile(port, fd)
    for (let buffer = 0; buffer < BUFFERS; buffer++) giveBuffer(one, buffer)
    readAll(port)
    return { transmit: (burst) => (offload ? transmit(port, burst) : transmitPlain(port, burst)) }
  }

  function readAll(port: number): void {
    ports[port].isReading = true
    if (ports[port].file.kind === 'packet')
      ring.receiveAll(port, port, low(messageAt), high(messageAt), READ | port, 0)
    else ring.readAll(port, port, READ | port, 0)
  }

  function removePort(port: number, done: () => void): void {
    const one = ports[port]
    one.ended = done
    const at = unreadable.indexOf(port)
    if (at !== -1) unreadable.splice(at, 1)
    if (one.isReading) ring.cancel(port, CANCEL)
    endIfDone(port)
  }

  function endIfDone(port: number): void {
    const one = ports[port]
    const { ended, isReading, writing, file, slots, owed } = one
    if (ended === null || isReading || writing > 0) return
    lostByReceivers += lostByPacketSockets(native, [file])
    const isOwed = new Set(owed)
    for (let buffer = 0; buffer < BUFFERS; buffer++) if (!isOwed.has(buffer)) free(slots[buffer])
    native.unregisterBuffers(ring.fd, port)
    ring.setFile(port, -1)
    one.isThere = false
    one.ended = null
    ended()
  }

  /** A slot for the next frame; where none is free the port has one place less until there is. */
  function giveBuffer(port: RingPort, buffer: number): void {
    const { room, before } = port
    const slot = take(room)
    if (slot === none) {
      port.owed.push(buffer)
      return
    }
    const at = start[slot] - before
    port.slots[buffer] = slot
    port.buffers.give(buffer, low(at), high(at), room + before)
  }

  function transmit(port: number, { slots, count }: Burst): number {
    let bytes = 0
    for (let i = 0; i < count; i++) {
      const slot = slots[i]
      const at = start[slot] - offloadBytes
      bytes += length[slot]
      ring.write(port, low(at), high(at), length[slot] + offloadBytes, WRITE | port, slot)
    }
    inFlight += count
    ports[port].writing += count
    return bytes
  }

  function transmitPlain(port: number, { slots, count }: Burst): number {
    const before = ports[port].file.hasHeader ? offloadBytes : 0
    let bytes = 0
    const send = (slot: number): void => {
      const at = start[slot] - before
      bytes += length[slot]
      ring.write(port, low(at), high(at), length[slot] + before, WRITE | port, slot)
      inFlight++
      ports[port].writing++
    }
    for (let i = 0; i < count; i++) if (!makePlain(slots[i], send)) lost[TX_FULL]++
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
      else if (kind === WAKE) {
        isWoken = true
        awaitWake()
      }
    }
  }

  function written(port: number, slot: number, result: number): void {
    inFlight--
    if (result < 0) lost[TX_FULL]++
    free(slot)
    const one = ports[port]
    one.writing--
    if (one.ended !== null) endIfDone(port)
    else if (one.owed.length > 0) giveBuffer(one, one.owed.pop()!)
  }

  function received(burst: Burst, port: number, result: number, flags: number): void {
    const one = ports[port]
    if (result > 0) takeFrame(burst, port, result, flags >>> 16)
    if ((flags & MORE) !== 0) return
    one.isReading = false
    if (one.ended !== null) return endIfDone(port)
    // Frames came faster than they were taken: meanwhile their buffers have been given anew.
    const hasBuffers = one.owed.length < BUFFERS
    if (result === INEXPRESSIBLE) lost[RX_CUT]++
    const goesOn =
      result > 0 ||
      (result === NO_BUFFERS && hasBuffers) ||
      (result === INEXPRESSIBLE && one.failures++ < MOST_FAILURES)
    if (goesOn) readAll(port)
    else putOff(port)
  }

  function takeFrame(burst: Burst, port: number, bytes: number, buffer: number): void {
    const one = ports[port]
    const slot = one.slots[buffer]
    one.failures = 0
    length[slot] = bytes - one.before
    if (one.ended !== null) free(slot)
    else if (one.file.kind === 'tap' || takeMessage(slot)) {
      ingress[slot] = port
      burst.add(slot)
    }
    giveBuffer(one, buffer)
  }

  /** What a packet socket says beside the frame. */
  function takeMessage(slot: number): boolean {
    if (wasCut(arena, slot)) {
      lost[RX_CUT]++
      free(slot)
      return false
    }
    restoreTag(arena, slot)
    return true
  }

  /** No slot is free, or the device is down: both change. */
  function putOff(port: number): void {
    unreadable.push(port)
    if (!isRetrying) ring.timeout(low(pauseAt), high(pauseAt), RETRY)
    isRetrying = true
  }

  function readAgain(): void {
    isRetrying = false
    for (const port of unreadable.splice(0)) {
      const one = ports[port]
      for (let left = one.owed.length; left > 0; left--) giveBuffer(one, one.owed.shift()!)
      readAll(port)
    }
  }

  function wasWoken(): boolean {
    const was = isWoken
    isWoken = false
    return was
  }

  function losses(): Record<Loss, number> {
    const there = ports.filter(({ isThere }) => isThere)
    lostByReceivers += lostByPacketSockets(
      native,
      there.map(({ file }) => file),
    )
    return { 'tx-full': lost[TX_FULL], 'rx-full': lostByReceivers, 'rx-cut': lost[RX_CUT] }
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
    let ends = isRetrying ? 3 : 2 // the cancellation, the wake-up, the retry
    ports.forEach(({ isReading }) => (ends += isReading ? 1 : 0))
    while (ends > 0) {
      ring.enter(1)
      for (let at = ring.next(); at !== -1; at = ring.next()) if ((words[at + FLAGS] & MORE) === 0) ends--
    }
    ports.forEach(({ isThere }, place) => {
      if (isThere) ring.setFile(place, -1)
    })
    native.closeDescriptor(ring.fd)
  }

  return {
    means: 'uring',
    addPort,
    removePort,
    receive,
    wasWoken,
    losses,
    close,
  }
}
