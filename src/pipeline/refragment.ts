/** A datagram that came in fragments leaves in fragments, as br_netfilter cuts it anew (ip_do_fragment). */
import { NO_SLOT } from '../core/drops.js'
import type { Drops } from '../core/drops.js'
import { NONE } from '../packet/arena.js'
import type { Arena } from '../packet/arena.js'
import { HEADER_LENGTH as ETHERNET } from '../wire/ethernet.js'
import * as ipv4 from '../wire/ipv4.js'
import type { Pieces } from './reassembly.js'

/**
 * Cuts a datagram of these pieces. `keepsPieces`: as it was cut before; else into pieces as large as the largest one
 * was. Takes the slot over, and hands over those of the fragments.
 */
export type Refragment = (
  slot: number,
  pieces: Pieces,
  keepsPieces: boolean,
  send: (slot: number) => void,
) => void

/** Cuts datagrams of this arena. */
export function createRefragment(arena: Arena, drops: Drops): Refragment {
  const { start, length, port, time, seconds, nanoseconds } = arena
  const { bytes } = arena.memory

  /** One fragment: the datagram's bytes of data from `from` to `to`. */
  function pieceOf(whole: number, from: number, to: number, isLast: boolean): number {
    const headers = ETHERNET + ipv4.headerLength(bytes, start[whole] + ETHERNET)
    const slot = arena.take(headers + to - from)
    if (slot === NONE) return NONE
    const at = start[slot]
    const l3 = at + ETHERNET
    const data = start[whole] + headers
    bytes.copyWithin(at, start[whole], data)
    bytes.copyWithin(at + headers, data + from, data + to)
    ipv4.setTotalLength(bytes, l3, length[slot] - ETHERNET)
    ipv4.setFlags(bytes, l3, isLast ? 0 : ipv4.MORE_FRAGMENTS)
    ipv4.setFragmentOffset(bytes, l3, from)
    ipv4.fillChecksum(bytes, l3)
    port[slot] = port[whole]
    time[slot] = time[whole]
    seconds[slot] = seconds[whole]
    nanoseconds[slot] = nanoseconds[whole]
    return slot
  }

  return function refragment(slot, { count, ends, largest }, keepsPieces, send) {
    const l3 = start[slot] + ETHERNET
    const total = ipv4.totalLength(bytes, l3)
    if (total <= largest) return send(slot)
    const header = ipv4.headerLength(bytes, l3)
    const data = total - header
    const most = largest - header
    // What was made longer or shorter on its way is in one piece since.
    const keeps = keepsPieces && ends[count - 1] === data && isWithin(ends, count, most)
    for (let from = 0, i = 0; from < data; i++) {
      const rest = data - from <= most ? data : from + (most & ~7)
      const to = keeps ? ends[i] : rest
      const piece = pieceOf(slot, from, to, to === data)
      if (piece === NONE) drops.count(NO_SLOT)
      else send(piece)
      from = to
    }
    arena.free(slot)
  }
}

/** Pieces whose headers were shorter than the first one's may be too large behind that. */
function isWithin(ends: Int32Array, count: number, most: number): boolean {
  for (let i = 0; i < count; i++) if (ends[i] - (i === 0 ? 0 : ends[i - 1]) > most) return false
  return true
}
