/**
 * Sequence numbers of connections in whose data something was replaced by what is longer or shorter
 * (nf_conntrack_seqadj). What a side has sent since gets other numbers on its way, and what is acknowledged to it gets
 * its own ones back. Of each side the last such place is known: before it and behind it the numbers differ by so much.
 */
import * as checksums from '../../wire/checksum.js'
import * as options from '../../wire/option.js'
import { OK } from '../../wire/reason.js'
import * as tcpOption from '../../wire/tcp-option.js'
import * as tcp from '../../wire/tcp.js'
import type { Packet } from '../packet.js'
import { SEQUENCE_ADJUSTED, STATUS } from './entry.js'

/** Of a side: growth before the place, growth behind it, and the place, in the side's own numbers. */
const [BEFORE, BEHIND, PLACE, SIDE_WORDS] = [0, 1, 2, 3]

/** What is known of connections whose sequence numbers differ. */
export interface SequenceAdjustments {
  /** What was sent in this direction at `seq` has become longer by so many bytes, or, below 0, shorter. */
  grow(entry: number, direction: number, seq: number, by: number): void
  /** By how much the number `seq` of who sends in this direction differs for who receives. */
  growth(entry: number, direction: number, seq: number): number
  /** Gives a packet the numbers that its receiver knows; false where its options are malformed. */
  adjust(packet: Packet): boolean
  /** The connection is over. */
  forget(entry: number): void
}

/** Adjustments for connections in these entries. */
export function createSequenceAdjustments(words: Int32Array): SequenceAdjustments {
  const known = new Map<number, Int32Array>()

  /** A segment that comes again changes nothing. */
  function grow(entry: number, direction: number, seq: number, by: number): void {
    const sides = known.get(entry) ?? new Int32Array(2 * SIDE_WORDS)
    known.set(entry, sides)
    words[entry + STATUS] |= SEQUENCE_ADJUSTED
    const side = direction * SIDE_WORDS
    if (sides[side + BEFORE] !== sides[side + BEHIND] && !isAfter(seq, sides[side + PLACE])) return
    sides[side + PLACE] = seq
    sides[side + BEFORE] = sides[side + BEHIND]
    sides[side + BEHIND] += by
  }

  function growth(entry: number, direction: number, seq: number): number {
    const sides = known.get(entry)
    return sides === undefined ? 0 : growthAt(sides, direction * SIDE_WORDS, seq)
  }

  function adjust({ bytes: b, l4, end, connection: entry, direction }: Packet): boolean {
    const sides = known.get(entry)
    if (sides === undefined) return true
    const own = direction * SIDE_WORDS
    const seq = tcp.sequenceNumber(b, l4)
    const sent = seq + growthAt(sides, own, seq)
    tcp.setSequenceNumber(b, l4, sent)
    replaceInChecksum(b, l4, seq, sent)
    if ((tcp.flags(b, l4) & tcp.ACK) === 0) return true
    const other = SIDE_WORDS - own
    const ack = tcp.acknowledgmentNumber(b, l4)
    const acknowledged = takenBack(sides, other, ack)
    tcp.setAcknowledgmentNumber(b, l4, acknowledged)
    replaceInChecksum(b, l4, ack, acknowledged)
    const optionsEnd = tcp.payload(b, l4)
    if (optionsEnd > end || options.check(b, l4 + tcp.HEADER_LENGTH, optionsEnd) !== OK) return false
    adjustBlocks(b, l4, sides, other)
    return true
  }

  return { grow, growth, adjust, forget: (entry) => void known.delete(entry) }
}

/** Modulo 2^32. */
const isAfter = (seq: number, place: number): boolean => ((place - seq) | 0) < 0

/** Of the side whose words begin at `side`. */
function growthAt(sides: Int32Array, side: number, seq: number): number {
  return isAfter(seq, sides[side + PLACE]) ? sides[side + BEHIND] : sides[side + BEFORE]
}

/** What the side itself calls the number that its receiver has seen. */
function takenBack(sides: Int32Array, side: number, seen: number): number {
  return seen - growthAt(sides, side, seen - sides[side + BEFORE])
}

/** Selective acknowledgments (RFC 2018) of what the side has sent whose words begin at `side`. */
function adjustBlocks(b: Uint8Array, l4: number, sides: Int32Array, side: number): void {
  for (let at = tcpOption.first(b, l4); at !== -1; at = tcpOption.next(b, l4, at)) {
    if (tcpOption.kind(b, at) !== tcpOption.SACK || !tcpOption.hasRightLength(b, at)) continue
    for (let n = 0; n < tcpOption.blockCount(b, at); n++) {
      const [left, right] = [tcpOption.leftEdge(b, at, n), tcpOption.rightEdge(b, at, n)]
      const [ownLeft, ownRight] = [takenBack(sides, side, left), takenBack(sides, side, right)]
      tcpOption.setLeftEdge(b, at, n, ownLeft)
      tcpOption.setRightEdge(b, at, n, ownRight)
      replaceInChecksum(b, l4, left, ownLeft)
      replaceInChecksum(b, l4, right, ownRight)
    }
  }
}

function replaceInChecksum(b: Uint8Array, l4: number, was: number, becomes: number): void {
  tcp.setChecksum(b, l4, checksums.update32(tcp.checksum(b, l4), was, becomes))
}
