/**
 * A port whose far end is in another thread of the process: a ring of frames each way, and what the two sides tell one
 * another, in shared memory. The bridge's side is shared-ports.ts, the other one far-end.ts.
 */
import { RING_BYTES, createFrameRing } from './frame-ring.js'
import type { FrameRing } from './frame-ring.js'

/** Words of `state`: somebody is at the far end; it waits for room; frames that were under way to it when it left. */
export const [PEER, WAITS_FOR_ROOM, LOST] = [0, 1, 2]
/** Words of the bell that all links of a bridge have: the bridge, or the far side, has been told to look. */
export const [BRIDGE_TOLD, FAR_TOLD] = [0, 1]

const STATE_BYTES = 64
const LINK_BYTES = STATE_BYTES + 2 * RING_BYTES
const BELL_BYTES = 8

/** One side's view of it. */
export interface SharedLink {
  readonly bytes: Uint8Array
  readonly words: Int32Array
  readonly state: Int32Array
  /** Frames to the bridge, and those that leave it. */
  readonly inward: FrameRing
  readonly outward: FrameRing
}

/** Memory for a link. */
export function linkMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(LINK_BYTES)
}

/** Memory for a bell. */
export function bellMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(BELL_BYTES)
}

/** The link in this memory. */
export function createLink(memory: SharedArrayBuffer): SharedLink {
  return {
    bytes: new Uint8Array(memory),
    words: new Int32Array(memory),
    state: new Int32Array(memory, 0, STATE_BYTES >> 2),
    inward: createFrameRing(memory, STATE_BYTES),
    outward: createFrameRing(memory, STATE_BYTES + RING_BYTES),
  }
}

/** Who is to look has to be told only once until it has begun to: whether this is the first time. */
export function isFirstToTell(bell: Int32Array, who: number): boolean {
  return Atomics.exchange(bell, who, 1) === 0
}
