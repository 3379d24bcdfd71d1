/** The far end of a link (shared-link.ts), in the main thread: frames are sent to the bridge, and taken from it. */
import { DATAGRAM_ROOM } from '../packet/arena.js'
import { NOWHERE } from './frame-ring.js'
import { BRIDGE_TOLD, LOST, PEER, WAITS_FOR_ROOM, createLink, isFirstToTell } from './shared-link.js'

/** The longest frame that a bridge takes in. */
export const LONGEST_FRAME = DATAGRAM_ROOM

/** What one side of it does. */
export interface FarEnd {
  /** Whether somebody is there: frames that leave by the port are kept for `receive`, or dropped. Those of before are not kept. */
  setPresent(isPresent: boolean): void
  /** Sends a frame, 1 to LONGEST_FRAME bytes. False: there is no room now; when there is, `onNews` is called. */
  send(bytes: Uint8Array, at: number, length: number): boolean
  /** Copies the frame that has left first, `before` bytes further into the buffer that is made for it; null: there is none. */
  receive(before: number): Buffer | null
  /** Called when frames have left, or there is room again. */
  onNews: () => void
}

/** The far end of the link in this memory; `tellBridge` wakes the bridge. */
export function createFarEnd(memory: SharedArrayBuffer, bell: Int32Array, tellBridge: () => void): FarEnd {
  const { bytes, state, inward, outward } = createLink(memory)

  /** The bridge may have looked just before: what it adds then is dropped when the next one comes. */
  function setPresent(isPresent: boolean): void {
    if (!isPresent) Atomics.store(state, PEER, 0)
    Atomics.store(state, WAITS_FOR_ROOM, 0)
    for (; outward.next() !== NOWHERE; outward.release()) Atomics.add(state, LOST, 1)
    if (isPresent) Atomics.store(state, PEER, 1)
  }

  function send(from: Uint8Array, at: number, length: number): boolean {
    let place = inward.claim(length)
    // Room may come between the question and the request to be told.
    Atomics.store(state, WAITS_FOR_ROOM, place === NOWHERE ? 1 : 0)
    if (place === NOWHERE) place = inward.claim(length)
    if (place === NOWHERE) return false
    bytes.set(from.subarray(at, at + length), place)
    inward.publish()
    if (isFirstToTell(bell, BRIDGE_TOLD)) tellBridge()
    return true
  }

  function receive(before: number): Buffer | null {
    const place = outward.next()
    if (place === NOWHERE) return null
    const length = outward.lengthAt(place)
    const frame = Buffer.allocUnsafe(before + length)
    frame.set(bytes.subarray(place, place + length), before)
    outward.release()
    return frame
  }

  return { setPresent, send, receive, onNews: () => {} }
}
