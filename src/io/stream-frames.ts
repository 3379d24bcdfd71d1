/**
 * Frames in a stream of bytes, as QEMU's -netdev stream has them (net/stream.c): before each its length, 32 bits in
 * network order.
 */

/** Bytes of the length. */
export const LENGTH_BYTES = 4

/** Takes a frame of so many bytes; false where it has no room now. */
export type TakeFrame = (bytes: Uint8Array, at: number, length: number) => boolean

/** The stream is not what it is said to be, and nothing that follows can be read. */
export class StreamError extends Error {
  override name = 'StreamError'
}

/**
 * Reads a stream, which comes in pieces that have nothing to do with frames: hands over the frames that are whole now.
 * Returns null, or where a frame found no room what is to be handed in again (and may be empty). Throws a StreamError
 * at a length that no frame has.
 */
export type ReadFrames = (piece: Uint8Array) => Uint8Array | null

/** For frames of 1 to `longest` bytes. */
export function createReadFrames(longest: number, take: TakeFrame): ReadFrames {
  /** A frame that is not whole yet, its length before it; no more than that is remembered. */
  const begun = new Uint8Array(LENGTH_BYTES + longest)
  let have = 0

  /** Its length, once that is there. */
  function frameLength(): number {
    const length = ((begun[0] << 24) | (begun[1] << 16) | (begun[2] << 8) | begun[3]) >>> 0
    if (length >= 1 && length <= longest) return length
    throw new StreamError(`a frame of ${length} bytes, expected 1 to ${longest}`)
  }

  return (piece) => {
    for (let at = 0; ;) {
      const length = have < LENGTH_BYTES ? 0 : frameLength()
      const wanted = LENGTH_BYTES + length
      const some = Math.min(wanted - have, piece.length - at)
      begun.set(piece.subarray(at, at + some), have)
      have += some
      at += some
      if (have < wanted) return null
      if (length === 0) continue
      if (!take(begun, LENGTH_BYTES, length)) return piece.subarray(at)
      have = 0
    }
  }
}
