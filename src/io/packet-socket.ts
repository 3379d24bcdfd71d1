/**
 * What a packet socket says of a frame beside its bytes (packet(7), PACKET_AUXDATA): the kernel puts it into the slot's
 * headroom, before the frame, in the order in which recvmsg of an io_uring has it, and that is the whole headroom:
 *
 *   | io_uring_recvmsg_out 16 | control 40: a cmsghdr of 16, tpacket_auxdata 20 | virtio header 10 | frame …
 *
 * A VLAN tag is there and not in the frame: it is put back.
 */
import { HEADROOM } from '../packet/arena.js'
import type { Arena } from '../packet/arena.js'
import { OFFLOAD_BYTES } from '../packet/offload.js'
import { etherTypeAt } from '../wire/ethernet.js'
import * as virtio from '../wire/virtio.js'
import { HEADER_LENGTH as TAG } from '../wire/vlan.js'

/** Bytes of the control message. */
export const CONTROL_BYTES = 40
/** Bytes of struct msghdr. */
export const MESSAGE_BYTES = 56

/** Where that has the length of its control message. */
const CONTROL_LENGTH = 40
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

/** Puts a VLAN tag back into the frame that has just been read into this slot, if there was one. */
export function restoreTag({ memory, start, length }: Arena, slot: number): void {
  const { bytes: b, copy } = memory
  const at = start[slot]
  const auxdata = at - OFFLOAD_BYTES - CONTROL_BYTES + AUXDATA
  if ((b[auxdata + STATUS] & VLAN_VALID) === 0) return
  const type = b[auxdata + TAG_TYPE] | (b[auxdata + TAG_TYPE + 1] << 8)
  const control = b[auxdata + TAG_CONTROL] | (b[auxdata + TAG_CONTROL + 1] << 8)
  const tagged = at - TAG
  copy(tagged - OFFLOAD_BYTES, at - OFFLOAD_BYTES, OFFLOAD_BYTES + ADDRESSES)
  virtio.moveChecksum(b, tagged - OFFLOAD_BYTES, TAG)
  const tag = etherTypeAt(tagged)
  b[tag] = type >> 8
  b[tag + 1] = type
  b[tag + 2] = control >> 8
  b[tag + 3] = control
  start[slot] = tagged
  length[slot] += TAG
}

/** The message that recvmsg is asked for, written at `at`. */
export function writeMessage(b: Uint8Array, at: number): void {
  b.fill(0, at, at + MESSAGE_BYTES)
  b[at + CONTROL_LENGTH] = CONTROL_BYTES
}
