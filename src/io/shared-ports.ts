/** Live ports whose far ends are in the main thread (shared-link.ts), as the thread sees them that carries frames. */
import type { Sink } from '../core/port.js'
import { NONE } from '../packet/arena.js'
import type { Arena } from '../packet/arena.js'
import type { Burst } from '../packet/burst.js'
import { createMakePlain } from '../packet/plain.js'
import { NOWHERE } from './frame-ring.js'
import {
  BRIDGE_TOLD,
  FAR_TOLD,
  LOST,
  PEER,
  WAITS_FOR_ROOM,
  createLink,
  isFirstToTell,
} from './shared-link.js'
import type { SharedLink } from './shared-link.js'

/** Frames that one port may bring before the next one has its turn. */
const TURN = 64
/** A frame starts so many bytes behind a word. */
const BEHIND_WORD = 2

/** What is told to others. */
export interface SharedCalls {
  /** The far side is to look. */
  tellFar(): void
  /** More is to be read than there was room for: the thread is not to sleep before that. */
  stayAwake(): void
}

/** Ports by their number in the dataplane. */
export interface SharedPorts {
  /** Frames come by this link from now on, as frames of this port; what it returns takes those that leave. */
  addPort(memory: SharedArrayBuffer, port: number): Sink
  removePort(port: number): void
  /** Whether there is a link in this port's place. */
  has(port: number): boolean
  /** Whether frames may have come. */
  haveCome(): boolean
  /** Adds those that have to the burst, as many as it has room for. */
  receive(burst: Burst): void
  /** Frames that did not get through, by reason. */
  losses(): Record<SharedLoss, number>
}

/** The far end did not take frames in time; nobody was there; all slots were taken. */
export type SharedLoss = 'tx-full' | 'no-peer' | 'rx-full'

/** Ports for frames in this arena. */
export function createSharedPorts(arena: Arena, bell: Int32Array, calls: SharedCalls): SharedPorts {
  const { memory, start, length, port: ingress, take, free, freeAll } = arena
  const { words } = memory
  const makePlain = createMakePlain(arena)
  const links: Array<SharedLink | null> = []
  const lost = { 'tx-full': 0, 'no-peer': 0, 'rx-full': 0 }
  const none = NONE
  /** The port that has its turn first. */
  let first = 0

  function addPort(buffer: SharedArrayBuffer, port: number): Sink {
    while (links.length < port) links.push(null)
    const link = createLink(buffer)
    links[port] = link
    return { transmit: (burst) => transmit(link, burst) }
  }

  function removePort(port: number): void {
    lost['no-peer'] += links[port]!.state[LOST]
    links[port] = null
  }

  function transmit(link: SharedLink, burst: Burst): number {
    if (Atomics.load(link.state, PEER) === 0) {
      lost['no-peer'] += burst.count
      return freeAll(burst)
    }
    let bytes = 0
    const send = (slot: number): void => {
      bytes += length[slot]
      push(link, slot)
    }
    for (let i = 0; i < burst.count; i++) if (!makePlain(burst.slots[i], send)) lost['tx-full']++
    if (isFirstToTell(bell, FAR_TOLD)) calls.tellFar()
    return bytes
  }

  function push({ outward, words: to }: SharedLink, slot: number): void {
    const place = outward.claim(length[slot])
    if (place === NOWHERE) lost['tx-full']++
    else {
      copy(to, place, words, start[slot], length[slot])
      outward.publish()
    }
    free(slot)
  }

  /** The two bytes before the frame are copied with it; they say nothing where nothing is left to others. */
  function copy(to: Int32Array, toAt: number, from: Int32Array, fromAt: number, bytes: number): void {
    const [target, source] = [(toAt - BEHIND_WORD) >> 2, (fromAt - BEHIND_WORD) >> 2]
    const count = (bytes + BEHIND_WORD + 3) >> 2
    for (let i = 0; i < count; i++) to[target + i] = from[source + i]
  }

  function receive(burst: Burst): void {
    Atomics.store(bell, BRIDGE_TOLD, 0)
    let isMore = false
    for (let i = 0; i < links.length; i++) {
      const port = (first + i) % links.length
      const link = links[port]
      if (link !== null && readFrom(port, link, burst)) isMore = true
    }
    first++
    if (isMore && isFirstToTell(bell, BRIDGE_TOLD)) calls.stayAwake()
  }

  /** Whether there is more. */
  function readFrom(port: number, link: SharedLink, burst: Burst): boolean {
    const { inward, state } = link
    let place = inward.next()
    for (let left = TURN; place !== NOWHERE && left > 0 && !burst.isFull; left--) {
      takeFrame(port, link, place, burst)
      inward.release()
      place = inward.next()
    }
    const isWaiting = Atomics.load(state, WAITS_FOR_ROOM) === 1
    if (isWaiting && isFirstToTell(bell, FAR_TOLD)) calls.tellFar()
    return place !== NOWHERE
  }

  function takeFrame(port: number, { inward, words: from }: SharedLink, place: number, burst: Burst): void {
    const bytes = inward.lengthAt(place)
    const slot = take(bytes)
    if (slot === none) {
      lost['rx-full']++
      return
    }
    copy(words, start[slot], from, place, bytes)
    ingress[slot] = port
    burst.add(slot)
  }

  function losses(): Record<SharedLoss, number> {
    let left = 0
    for (const link of links) if (link !== null) left += Atomics.load(link.state, LOST)
    return { ...lost, 'no-peer': lost['no-peer'] + left }
  }

  return {
    addPort,
    removePort,
    has: (port) => (links[port] ?? null) !== null,
    haveCome: () => Atomics.load(bell, BRIDGE_TOLD) === 1,
    receive,
    losses,
  }
}
