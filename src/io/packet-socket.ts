/**
 * What a packet socket says of a frame beside its bytes (packet(7), PACKET_AUXDATA): the kernel puts it into the slot's
 * headroom, before the frame, in the order in which recvmsg of an io_uring has it:
 *
 *   | io_uring_recvmsg_out 16 | address 10 or none | control 40: a cmsghdr of 16, tpacket_auxdata 20 | virtio header 10 or none | frame …
 *
 * Either way that is the whole headroom. A VLAN tag is there and not in the frame: it is put back.
 */
import { HEADROOM } from '../packet/arena.js'
import type { Arena } from '../packet/arena.js'
import { OFFLOAD_BYTES } from '../packet/offload.js'
import { etherTypeAt } from '../wire/ethernet.js'
import * as virtio from '../wire/virtio.js'
import { HEADER_LENGTH as TAG } from '../wire/vlan.js'

/** Bytes of the control message. */
export const CONTROL_BYTES = 40
/** Bytes of the sender's address that are asked for where there is no virtio header, so that the rest lies the same. */
export const ADDRESS_BYTES = OFFLOAD_BYTES
/** Bytes of struct msghdr, of which those that are not 0 are at these offsets. */
export const MESSAGE = { bytes: 56, addressLength: 8, controlLength: 40 } as const

const OUT_BYTES = 16
const OUT_FLAGS = 12
/** recvmsg(2): the frame was longer than the buffer. */
const TRUNCATED = 0x20

const AUXDATA = 16
const [STATUS, TAG_CONTROL, TAG_TYPE] = [0, 16, 18]
const VLAN_VALID = 1 << 4
/** Before the EtherType. */
const ADDRESSES = 12

/** Whether the frame was cut that has just been read into this slot by an io_uring. */
export function wasCut({ memory, start }: Arena, slot: number): boolean {
  return (memory.bytes[start[slot] - HEADROOM + OUT_FLAGS] & TRUNCATED) !== 0
}

/** Where the control message of the frame at `at` begins; `hasOffload`: a virtio header stands behind it. */
export function controlOf(at: number, hasOffload: boolean): number {
  return hasOffload ? at - OFFLOAD_BYTES - CONTROL_BYTES : at - CONTROL_BYTES
}

/** Puts a VLAN tag back into the frame that has just been read into this slot, if there was one. */
export function restoreTag({ memory, start, length }: Arena, slot: number, hasOffload: boolean): void {
  const { bytes: b, words, copy } = memory
  const at = start[slot]
  const auxdata = controlOf(at, hasOffload) + AUXDATA
  if ((b[auxdata + STATUS] & VLAN_VALID) === 0) {
    if (!hasOffload) words[(at - OFFLOAD_BYTES) >> 2] = 0 // the control message was there
    return
  }
  const type = b[auxdata + TAG_TYPE] | (b[auxdata + TAG_TYPE + 1] << 8)
  const control = b[auxdata + TAG_CONTROL] | (b[auxdata + TAG_CONTROL + 1] << 8)
  const tagged = at - TAG
  const known = tagged - OFFLOAD_BYTES
  if (hasOffload) {
    copy(known, at - OFFLOAD_BYTES, OFFLOAD_BYTES + ADDRESSES)
    virtio.moveChecksum(b, known, TAG)
  } else {
    copy(tagged, at, ADDRESSES)
    virtio.clear(b, known)
  }
  const tag = etherTypeAt(tagged)
  b[tag] = type >> 8
  b[tag + 1] = type
  b[tag + 2] = control >> 8
  b[tag + 3] = control
  start[slot] = tagged
  length[slot] += TAG
}

/** The message that recvmsg is asked for, written at `at`. */
export function writeMessage(b: Uint8Array, at: number, hasOffload: boolean): void {
  b.fill(0, at, at + MESSAGE.bytes)
  b[at + MESSAGE.addressLength] = hasOffload ? 0 : ADDRESS_BYTES
  b[at + MESSAGE.controlLength] = CONTROL_BYTES
}

/** Bytes before the frame in a buffer that recvmsg fills: the whole headroom. */
export const MESSAGE_HEADROOM = OUT_BYTES + CONTROL_BYTES + OFFLOAD_BYTES
