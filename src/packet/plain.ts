/** Frames for ports that can do nothing to them: nothing of a frame is left to whoever takes it. */
import type { Arena } from './arena.js'
import { completeChecksum, isPartial, isToBeCut } from './offload.js'
import { createSegment } from './segment.js'

/**
 * Hands over slots that have this one's frame as it is on a wire: cut into segments, its checksum made whole, or as it
 * was. Takes the slot over; true where nothing was lost of it.
 */
export type MakePlain = (slot: number, send: (plain: number) => void) => boolean

/** For frames of this arena. */
export function createMakePlain(arena: Arena): MakePlain {
  const { start, length, free } = arena
  const { bytes } = arena.memory
  const segment = createSegment(arena)

  function cut(slot: number, send: (plain: number) => void): boolean {
    const isWhole = segment(slot, send)
    free(slot)
    return isWhole
  }

  return (slot, send) => {
    if (isToBeCut(bytes, start[slot])) return cut(slot, send)
    if (isPartial(bytes, start[slot]) && !completeChecksum(bytes, start[slot], length[slot])) {
      free(slot)
      return false
    }
    send(slot)
    return true
  }
}
