/**
 * The walk over TCP options as the kernel's matches do it: a length of 0 counts as 1, kind 0 does not end the
 * list, and what an option's length says is believed, whole or not. wire/tcp-option.ts is stricter.
 */
import * as option from '../../wire/option.js'
import * as tcp from '../../wire/tcp.js'
import type { Packet } from '../packet.js'

/** Where the options end; -1 where the header is shorter than its least, or cut: the packet is dropped. */
export function optionsEnd(packet: Packet): number {
  const { bytes, l4 } = packet
  const end = tcp.payload(bytes, l4)
  if (tcp.dataOffset(bytes, l4) >= tcp.HEADER_LENGTH && end <= packet.end) return end
  packet.isMalformed = true
  return -1
}

/** Where they begin. */
export function optionsStart({ l4 }: Packet): number {
  return l4 + tcp.HEADER_LENGTH
}

/** Bytes from one option to the next, 1 at least. */
export function step(b: Uint8Array, at: number): number {
  return option.kind(b, at) <= option.NOP ? 1 : option.length(b, at) || 1
}
