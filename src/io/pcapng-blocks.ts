/**
 * pcapng as PcapngWriter writes it, while it comes: whole blocks out of pieces of any size. For who passes a capture on
 * and wants to know a little of what is in it; captures of others are read by pcapng-reader.ts.
 */
import { CaptureError } from './capture-error.js'

const [IDB, ISB, EPB] = [1, 5, 6]
/** Offsets in the blocks, and of their options. */
const BODY = 8
const [IDB_OPTIONS, ISB_OPTIONS, EPB_FRAME] = [BODY + 8, BODY + 12, BODY + 20]
const [IF_NAME, COMMENT, FLAGS, ISB_OSDROP] = [2, 1, 2, 7]
const DIRECTION = 3
const OUTBOUND = 2
const FRAMING = 12
const NANOSECONDS = 1_000_000_000n

/** A frame; `at` and `length` say where in the block it is. */
export interface PacketBlock {
  interface: number
  seconds: number
  nanoseconds: number
  at: number
  length: number
  outbound: boolean
  comment: string
}

/** Takes pieces, and hands over the blocks that are whole. Throws a CaptureError for what is no block. */
export function createBlockCutter(take: (block: Buffer) => void): (piece: Uint8Array) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (piece) => {
    const bytes = rest.length === 0 ? Buffer.from(piece) : Buffer.concat([rest, piece])
    let at = 0
    while (at + 8 <= bytes.length) {
      const length = bytes.readUInt32LE(at + 4)
      if (length < FRAMING || length % 4 !== 0)
        throw new CaptureError(
          `capture: a block of ${length} bytes, expected a multiple of 4 from ${FRAMING} on`,
        )
      if (at + length > bytes.length) break
      take(bytes.subarray(at, at + length))
      at += length
    }
    rest = bytes.subarray(at)
  }
}

/** The name of the interface that the block describes; null where it is another block. */
export function interfaceName(block: Buffer): string | null {
  if (block.readUInt32LE(0) !== IDB) return null
  return option(block, IDB_OPTIONS, IF_NAME)?.toString() ?? ''
}

/** Frames of an interface that were lost; null where the block is no statistics. */
export function lostFrames(block: Buffer): number | null {
  if (block.readUInt32LE(0) !== ISB) return null
  return Number(option(block, ISB_OPTIONS, ISB_OSDROP)?.readBigUInt64LE() ?? 0n)
}

/** The frame of the block; null where there is none in it. */
export function packetOf(block: Buffer): PacketBlock | null {
  if (block.readUInt32LE(0) !== EPB) return null
  const time = (BigInt(block.readUInt32LE(BODY + 4)) << 32n) | BigInt(block.readUInt32LE(BODY + 8))
  const length = block.readUInt32LE(BODY + 12)
  const options = EPB_FRAME + ((length + 3) & ~3)
  const flags = option(block, options, FLAGS)?.readUInt32LE() ?? 0
  return {
    interface: block.readUInt32LE(BODY),
    seconds: Number(time / NANOSECONDS),
    nanoseconds: Number(time % NANOSECONDS),
    at: EPB_FRAME,
    length,
    outbound: (flags & DIRECTION) === OUTBOUND,
    comment: option(block, options, COMMENT)?.toString() ?? '',
  }
}

/** The value of an option of this code; null where there is none. */
function option(block: Buffer, from: number, code: number): Buffer | null {
  for (let at = from; at + 4 <= block.length - 4;) {
    const length = block.readUInt16LE(at + 2)
    if (block.readUInt16LE(at) === code) return block.subarray(at + 4, at + 4 + length)
    if (block.readUInt16LE(at) === 0) return null
    at += 4 + ((length + 3) & ~3)
  }
  return null
}
