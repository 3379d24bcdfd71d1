/** A `memory` port: its far end is JavaScript of the same process. */
import { LONGEST_FRAME } from './far-end.js'
import type { FarEnd } from './far-end.js'

/** Frames that are handed over before others have their turn. */
const TURN = 256

/** Takes a frame, which is the receiver's own. */
export type FrameListener = (frame: Uint8Array) => void

/** The far end of a memory port. */
export interface MemoryPort {
  /**
   * Sends a frame to the bridge, which copies it. False: the bridge has not yet taken those before, and there is no room
   * for this one now. Throws a RangeError for a frame that is empty or longer than any.
   */
  send(frame: Uint8Array): boolean
  /** Who takes the frames that leave by the port; null: nobody, which is so at first, and they are dropped. */
  onFrame(listener: FrameListener | null): void
}

/** The memory port at this end of a link. */
export function createMemoryPort(far: FarEnd): MemoryPort {
  let listener: FrameListener | null = null

  function handOver(): void {
    for (let left = TURN; listener !== null; left--) {
      if (left === 0) return void setImmediate(handOver)
      const frame = far.receive(0)
      if (frame === null) return
      listener(frame)
    }
  }

  far.onNews = handOver
  return {
    send(frame) {
      if (frame.length === 0 || frame.length > LONGEST_FRAME)
        throw new RangeError(`a frame of ${frame.length} bytes, expected 1 to ${LONGEST_FRAME}`)
      return far.send(frame, 0, frame.length)
    },
    onFrame(taking) {
      if ((taking === null) !== (listener === null)) far.setPresent(taking !== null)
      listener = taking
    },
  }
}
