/**
 * Datagrams put together from their fragments before rules see them, as nf_defrag_ipv4 does it where connections are
 * tracked (net/ipv4/ip_fragment.c, RFC 791 §3.2). Each datagram under way has a large slot, into which the data of
 * its fragments goes as they come:
 *
 *   | room for the longest headers … Ethernet, IPv4 of the first fragment | data, by its offset …
 *
 * What overlaps is never right, and discards the whole datagram (RFC 5722 §3 for IPv6; Linux since 2018 for both).
 */
import type { Microseconds } from '../core/clock.js'
import {
  FRAGMENT_DUPLICATE,
  FRAGMENT_MALFORMED,
  FRAGMENT_NO_ROOM,
  FRAGMENT_OVERLAP,
  FRAGMENT_TIMEOUT,
  FRAGMENT_TOO_FAR,
} from '../core/drops.js'
import { NONE } from '../packet/arena.js'
import type { Arena } from '../packet/arena.js'
import { locate } from '../packet/locate.js'
import { HEADER_LENGTH as ETHERNET } from '../wire/ethernet.js'
import * as ipv4 from '../wire/ipv4.js'
import { ADDED, DUPLICATE, FragmentList } from './fragment-list.js'

/** Datagrams under way at most, of which each takes a large slot. */
export const MOST_DATAGRAMS = 64

/** How long the rest of a datagram is waited for (net.ipv4.ipfrag_time). */
const PATIENCE: Microseconds = 30_000_000
/** Other fragments of the same sender after which a datagram is not waited for any more (net.ipv4.ipfrag_max_dist). */
const MOST_BETWEEN = 64
const HEADERS = ETHERNET + 60
const LONGEST = 65_535

/** Bits of the ECN fields that fragments had: not capable, 01, 10, congestion experienced (RFC 3168 §5.3). */
const [NOT_ECT, ECT, CE] = [1, 2 | 4, 8]

/** What a datagram was made of. */
export interface Pieces {
  /** Fragments; 0 for a datagram that came whole. */
  readonly count: number
  /** Where the data of each ends, from the datagram's first byte of data, in order. */
  readonly ends: Int32Array
  /** Bytes of the largest fragment, its header included. */
  readonly largest: number
}

/** Datagrams under way. */
export interface Reassembly {
  /**
   * Takes over the slot of a packet; into one that is checked IPv4, without a tag, it looks. Returns the slot to go on with: the same one, or that of
   * the datagram that is whole now; NONE where the rest is still to come, or the fragment was dropped.
   */
  gather(slot: number, isIpv4: boolean): number
  /** What the datagram that `gather` has returned last was made of. */
  readonly pieces: Pieces
  /** Gives up what is still incomplete: no more packets will come. */
  end(): void
}

interface Datagram {
  slot: number
  source: number
  destination: number
  identification: number
  protocol: number
  since: Microseconds
  fragments: FragmentList
  /** Bytes of data, so far as known; whether the last fragment has told. */
  length: number
  isLengthKnown: boolean
  /** Bytes of Ethernet and IPv4 headers of the first fragment; 0 before it has come. */
  headers: number
  ecn: number
  largest: number
  /** The same of those that must not be fragmented further. */
  largestUnfragmentable: number
  /** The sender's count of fragments when the last one came. */
  senderCount: number
}

/** Nothing is under way. `refuse` counts frames that are dropped. */
export function createReassembly(arena: Arena, refuse: (why: number, frames: number) => void): Reassembly {
  const { start, length, port, time, seconds, nanoseconds } = arena
  const { bytes } = arena.memory
  const underWay: Datagram[] = []
  /** Of each sender of a datagram under way: the fragments that have come of it. */
  const senders = new Map<number, number>()
  const pieces = { count: 0, ends: new Int32Array(0), largest: 0 }

  function gather(slot: number, isIpv4: boolean): number {
    pieces.count = 0
    if (!isIpv4 || !ipv4.isFragment(bytes, start[slot] + ETHERNET)) return slot
    giveUpBefore(time[slot] - PATIENCE)
    const datagram = find(slot) ?? begin(slot)
    if (datagram === null) return drop(slot, FRAGMENT_NO_ROOM)
    if (isTooFar(datagram)) restart(datagram, slot)
    const refusal = add(datagram, slot)
    if (refusal === FRAGMENT_DUPLICATE) return drop(slot, refusal)
    if (refusal !== 0) {
      giveUp(datagram, refusal)
      return drop(slot, refusal)
    }
    const isWhole =
      datagram.isLengthKnown && datagram.headers !== 0 && datagram.fragments.bytes === datagram.length
    if (isWhole) return finish(datagram, slot)
    arena.free(slot)
    return NONE
  }

  function drop(slot: number, why: number): number {
    arena.free(slot)
    refuse(why, 1)
    return NONE
  }

  function find(slot: number): Datagram | undefined {
    const l3 = start[slot] + ETHERNET
    const identification = ipv4.identification(bytes, l3)
    return underWay.find(
      (one) =>
        one.identification === identification &&
        one.source === ipv4.source(bytes, l3) &&
        one.destination === ipv4.destination(bytes, l3) &&
        one.protocol === ipv4.protocol(bytes, l3),
    )
  }

  function begin(first: number): Datagram | null {
    const slot = underWay.length === MOST_DATAGRAMS ? NONE : arena.take(arena.largeRoom)
    if (slot === NONE) return null
    const l3 = start[first] + ETHERNET
    const datagram = {
      slot,
      source: ipv4.source(bytes, l3),
      destination: ipv4.destination(bytes, l3),
      identification: ipv4.identification(bytes, l3),
      protocol: ipv4.protocol(bytes, l3),
      since: time[first],
      fragments: new FragmentList(),
      length: 0,
      isLengthKnown: false,
      headers: 0,
      ecn: 0,
      largest: 0,
      largestUnfragmentable: 0,
      senderCount: 0,
    }
    underWay.push(datagram)
    return datagram
  }

  /** A sender's identifications begin anew some time: what is far apart may be of two datagrams. */
  function isTooFar(datagram: Datagram): boolean {
    const count = (senders.get(datagram.source) ?? 0) + 1
    senders.set(datagram.source, count)
    const between = count - datagram.senderCount
    datagram.senderCount = count
    return datagram.fragments.count > 0 && between > MOST_BETWEEN
  }

  function restart(datagram: Datagram, slot: number): void {
    refuse(FRAGMENT_TOO_FAR, datagram.fragments.count)
    datagram.fragments = new FragmentList()
    datagram.since = time[slot]
    datagram.length = datagram.headers = datagram.ecn = 0
    datagram.isLengthKnown = false
  }

  /** 0, or why the fragment is no part of the datagram; of other reasons than a repetition it is the datagram's end. */
  function add(datagram: Datagram, slot: number): number {
    const l3 = start[slot] + ETHERNET
    const header = ipv4.headerLength(bytes, l3)
    const offset = ipv4.fragmentOffset(bytes, l3)
    const isLast = !ipv4.moreFragments(bytes, l3)
    let end = offset + ipv4.totalLength(bytes, l3) - header
    if (!isLast) end &= ~7 // only the last one's length is not a multiple of eight
    if (end === offset || !fitsLength(datagram, end, isLast)) return FRAGMENT_MALFORMED
    const added = datagram.fragments.add(offset, end)
    if (added !== ADDED) return added === DUPLICATE ? FRAGMENT_DUPLICATE : FRAGMENT_OVERLAP
    const data = start[datagram.slot] + HEADERS
    // What ends behind that is refused when all is there (ip_frag_reasm).
    if (end <= LONGEST) bytes.copyWithin(data + offset, l3 + header, l3 + header + end - offset)
    datagram.ecn |= 1 << ipv4.ecn(bytes, l3)
    const size = end - offset + header
    datagram.largest = Math.max(datagram.largest, size)
    if (ipv4.dontFragment(bytes, l3))
      datagram.largestUnfragmentable = Math.max(datagram.largestUnfragmentable, size)
    if (offset === 0) takeHeaders(datagram, slot, ETHERNET + header)
    return 0
  }

  function fitsLength(datagram: Datagram, end: number, isLast: boolean): boolean {
    if (isLast ? end < datagram.length : end > datagram.length && datagram.isLengthKnown) return false
    if (isLast && datagram.isLengthKnown && end !== datagram.length) return false
    datagram.length = Math.max(datagram.length, end)
    if (isLast) datagram.isLengthKnown = true
    return true
  }

  /** The datagram is what its first fragment was: its addresses, its port, its options. */
  function takeHeaders(datagram: Datagram, slot: number, headers: number): void {
    const data = start[datagram.slot] + HEADERS
    bytes.copyWithin(data - headers, start[slot], start[slot] + headers)
    datagram.headers = headers
    port[datagram.slot] = port[slot]
  }

  /** The time is that of the fragment that was missing. */
  function finish(datagram: Datagram, last: number): number {
    const { slot, fragments, headers, ecn } = datagram
    const total = headers - ETHERNET + datagram.length
    const isContradiction = (ecn & NOT_ECT) !== 0 && (ecn & (ECT | CE)) !== 0
    if (total > LONGEST || isContradiction) {
      giveUp(datagram, FRAGMENT_MALFORMED)
      return drop(last, FRAGMENT_MALFORMED)
    }
    time[slot] = time[last]
    seconds[slot] = seconds[last]
    nanoseconds[slot] = nanoseconds[last]
    arena.free(last)
    start[slot] += HEADERS - headers
    length[slot] = ETHERNET + total
    writeHeader(datagram, start[slot] + ETHERNET, total)
    locate(arena, slot)
    pieces.count = fragments.count
    pieces.ends = fragments.ends
    pieces.largest = datagram.largest
    forget(datagram)
    return slot
  }

  function writeHeader({ ecn, largest, largestUnfragmentable }: Datagram, l3: number, total: number): void {
    ipv4.setTotalLength(bytes, l3, total)
    ipv4.setFragmentOffset(bytes, l3, 0)
    ipv4.setFlags(bytes, l3, largest === largestUnfragmentable ? ipv4.DONT_FRAGMENT : 0)
    if ((ecn & CE) !== 0 && (ecn & ECT) !== 0) ipv4.setEcn(bytes, l3, 3)
    ipv4.fillChecksum(bytes, l3)
  }

  function forget(datagram: Datagram): void {
    underWay.splice(underWay.indexOf(datagram), 1)
    if (underWay.every(({ source }) => source !== datagram.source)) senders.delete(datagram.source)
  }

  function giveUp(datagram: Datagram, why: number): void {
    forget(datagram)
    arena.free(datagram.slot)
    refuse(why, datagram.fragments.count)
  }

  /** The datagram that began first stands first, but for one that was begun anew. */
  function giveUpBefore(when: Microseconds): void {
    for (let i = underWay.length - 1; i >= 0; i--)
      if (underWay[i].since <= when) giveUp(underWay[i], FRAGMENT_TIMEOUT)
  }

  return { gather, pieces, end: () => giveUpBefore(Infinity) }
}
