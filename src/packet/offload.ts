/**
 * What the sender of a frame has left to others: its checksum, and to be cut into segments. Linux has it in a virtio
 * header (wire/virtio.ts), which lies in an arena's headroom just before the frame's first byte, from the system call
 * that reads the frame to the one that writes it. `at` is that first byte.
 */
import * as checksums from '../wire/checksum.js'
import * as virtio from '../wire/virtio.js'

// An imported constant is loaded and checked at each use.
const { DATA_VALID, HEADER_LENGTH, NEEDS_CHECKSUM, WHOLE } = virtio

/** Bytes of a slot's headroom that belong to its frame. */
export const OFFLOAD_BYTES = HEADER_LENGTH

/** Nothing is left to others. `words` are the same memory's; a frame starts at 2 mod 4. */
export function clearOffload(words: Int32Array, at: number): void {
  words[(at - HEADER_LENGTH) >> 2] = 0 // flags and GSO type; without them the rest says nothing
}

/** Whether the checksum is not there yet: its field has the sum of the pseudo header alone. */
export function isPartial(b: Uint8Array, at: number): boolean {
  return (virtio.flags(b, at - HEADER_LENGTH) & NEEDS_CHECKSUM) !== 0
}

/** Whether nobody has to look whether the checksum is right. */
export function isChecked(b: Uint8Array, at: number): boolean {
  return (virtio.flags(b, at - HEADER_LENGTH) & (NEEDS_CHECKSUM | DATA_VALID)) !== 0
}

/** Whether the frame stands for several segments. */
export function isToBeCut(b: Uint8Array, at: number): boolean {
  return virtio.gsoType(b, at - HEADER_LENGTH) !== WHOLE
}

/** The first byte that a partial checksum covers. */
export function checksumStart(b: Uint8Array, at: number): number {
  return at + virtio.checksumStart(b, at - HEADER_LENGTH)
}

/** Where the field of a partial checksum is. */
export function checksumField(b: Uint8Array, at: number): number {
  return checksumStart(b, at) + virtio.checksumOffset(b, at - HEADER_LENGTH)
}

/**
 * Makes a partial checksum whole over a frame of so many bytes, as the kernel does in place of a network card: a sum of
 * 0 is written as 0xffff (skb_checksum_help). False, and nothing, where its field is not in the frame.
 */
export function completeChecksum(b: Uint8Array, at: number, length: number): boolean {
  const start = checksumStart(b, at)
  const field = checksumField(b, at)
  if (field + 2 > at + length) return false
  const value = checksums.finish(checksums.add(0, b, start, at + length - start)) || 0xffff
  b[field] = value >> 8
  b[field + 1] = value
  setChecked(b, at)
  return true
}

/** The checksum is whole, and right. */
export function setChecked(b: Uint8Array, at: number): void {
  virtio.setFlags(b, at - HEADER_LENGTH, DATA_VALID)
}

/** Writes the pseudo header's sum into the field of a partial checksum again, whatever has changed in the headers. */
export function renewPartial(b: Uint8Array, at: number, pseudoHeader: number): void {
  const field = checksumField(b, at)
  b[field] = pseudoHeader >> 8
  b[field + 1] = pseudoHeader
}
