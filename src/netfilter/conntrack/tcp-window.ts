/**
 * Whether a TCP segment fits what was seen of its connection (tcp_in_window of the kernel; G. van Rooij, "Real
 * Stateful TCP Packet Filtering in IP Filter"). Sequence numbers are compared modulo 2^32, so all are signed here.
 *
 *   I    seq ≤ sender's MAX_END                       no more than the receiver has offered to take
 *   II   seq + length ≥ sender's END − receiver's MAX_WINDOW    not long since acknowledged
 *   III  ack ≤ receiver's END                         nothing is acknowledged that was not sent
 *   IV   ack ≥ receiver's END − the largest window    no acknowledgment from long ago
 */
import type { Packet } from '../packet.js'
import * as entries from './entry.js'
import type { SequenceAdjustments } from './sequence-adjustment.js'
import * as states from './tcp-states.js'
import * as tcp from '../../wire/tcp.js'
import * as option from '../../wire/tcp-option.js'

// An imported constant is loaded and checked at each use.
const { END, FLAGS, MAX_ACK, MAX_END, MAX_WINDOW, SCALE, SIDES, SIDE_WORDS, TCP_STATE } = entries
const { LAST_ACK, LAST_DIRECTION, LAST_END, LAST_SEQ, LAST_WINDOW, REPLY, RETRANSMISSIONS } = entries
const { HAS_MAX_ACK, LIBERAL, SACK_PERMITTED, UNACKNOWLEDGED, WINDOW_SCALE } = entries
const { SEQUENCE_ADJUSTED, STATUS } = entries
const { ACK_SET, SYN_RECV, SYN_SENT } = states
const { ACK, FIN, HEADER_LENGTH, RST, SYN } = tcp

/** What becomes of the segment: it fits; it is let through without telling anything; it is none of the connection's. */
export const [FITS, LET_THROUGH, MISFIT] = [0, 1, 2]
const [fits, letThrough, misfit] = [FITS, LET_THROUGH, MISFIT]

/** The least that acknowledgments may lag behind (MAXACKWINCONST). */
export const LEAST_LAG = 66_000
/** RFC 7323 §2.3. */
const LARGEST_SHIFT = 14

/** The sequence number behind the segment from `l4` to `end`. */
export function segmentEnd(b: Uint8Array, l4: number, end: number): number {
  const flags = tcp.flags(b, l4)
  const data = end - tcp.payload(b, l4)
  const syn = (flags & SYN) === 0 ? 0 : 1
  return ((tcp.sequenceNumber(b, l4) | 0) + data + syn + ((flags & FIN) === 0 ? 0 : 1)) | 0
}

/** Takes over what the options of a SYN say of the side that sends it. */
export function readOptions(words: Int32Array, side: number, b: Uint8Array, l4: number): void {
  if (tcp.dataOffset(b, l4) === tcp.HEADER_LENGTH) return
  words[side + SCALE] = 0
  words[side + FLAGS] &= LIBERAL
  for (let at = option.first(b, l4); at !== -1; at = option.next(b, l4, at)) {
    const kind = option.kind(b, at)
    if (kind === option.EOL) return
    if (kind === option.SACKOK && option.hasRightLength(b, at)) words[side + FLAGS] |= SACK_PERMITTED
    if (kind !== option.WS || !option.hasRightLength(b, at)) continue
    words[side + SCALE] = Math.min(option.shift(b, at), LARGEST_SHIFT)
    words[side + FLAGS] |= WINDOW_SCALE
  }
}

/** The highest right edge of the segment's SACK blocks, or its acknowledgment number. */
function highestAcknowledged(b: Uint8Array, l4: number, ack: number): number {
  let highest = ack
  for (let at = option.first(b, l4); at !== -1; at = option.next(b, l4, at)) {
    const kind = option.kind(b, at)
    if (kind === option.EOL) break
    if (kind !== option.SACK || !option.hasRightLength(b, at)) continue
    for (let n = 0; n < option.blockCount(b, at); n++) {
      const edge = option.rightEdge(b, at, n) | 0
      if (isAfter(edge, highest)) highest = edge
    }
    break
  }
  return highest
}

/** a < b, of sequence numbers. */
export function isBefore(a: number, b: number): boolean {
  return ((a - b) | 0) < 0
}

/** a > b, of sequence numbers. */
export function isAfter(a: number, b: number): boolean {
  return ((b - a) | 0) < 0
}

/** Checks a segment of the kind `kind` (tcp-states.ts), and takes over what it says if it fits. */
export type FitsWindow = (entry: number, direction: number, kind: number, segment: Packet) => number

/** What checks segments of the connections in these entries: returns FITS, LET_THROUGH or MISFIT. */
export function createWindow(words: Int32Array, adjustments: SequenceAdjustments): FitsWindow {
  // Written out: what is frequent is not called, since V8 puts only so much into one function.
  function fitsWindow(entry: number, direction: number, kind: number, segment: Packet): number {
    const { bytes: b, l4 } = segment
    const sender = entry + SIDES + direction * SIDE_WORDS
    const receiver = entry + SIDES + (1 - direction) * SIDE_WORDS
    const flags = tcp.flags(b, l4)
    const hasAck = (flags & ACK) !== 0
    const window = tcp.window(b, l4)
    let seq = tcp.sequenceNumber(b, l4) | 0
    let end = (seq + segment.end - tcp.payload(b, l4)) | 0
    let ack = tcp.acknowledgmentNumber(b, l4) | 0
    let sack = ack
    let scaled = window << words[sender + SCALE]
    if (tcp.dataOffset(b, l4) > HEADER_LENGTH && (words[receiver + FLAGS] & SACK_PERMITTED) !== 0)
      sack = highestAcknowledged(b, l4, ack)
    if ((words[entry + STATUS] & SEQUENCE_ADJUSTED) !== 0) {
      const growth = adjustments.growth(entry, 1 - direction, (ack - 1) | 0)
      ack = (ack - growth) | 0
      sack = (sack - growth) | 0
    }
    if ((flags & (SYN | FIN)) !== 0) end = (end + ((flags & SYN) >> 1) + (flags & FIN)) | 0

    if ((flags & SYN) !== 0) {
      if (opens(entry, sender, end)) {
        const isFirst = words[sender + MAX_WINDOW] === 0
        beginSide(sender, receiver, direction, b, l4, end, window)
        if (!hasAck && (isFirst || direction === REPLY)) return fits // simultaneous open
      }
      scaled = window
    } else if (words[sender + MAX_WINDOW] === 0) {
      joinSide(sender, receiver, end, window, sack)
    }

    // Without ACK, or with the ACK of 0 that some stacks put into a RST, it counts as if all were acknowledged.
    if (!hasAck || ((flags & RST) !== 0 && ack === 0)) ack = sack = words[receiver + END]
    // A RST that answers a SYN need not have a sequence number.
    if ((flags & RST) !== 0 && seq === 0 && words[entry + TCP_STATE] === SYN_SENT)
      seq = end = words[sender + END]

    const received = words[receiver + MAX_WINDOW]
    const lag = words[sender + MAX_WINDOW] > LEAST_LAG ? words[sender + MAX_WINDOW] : LEAST_LAG
    if (
      ((seq - words[sender + MAX_END] - 1) | 0) >= 0 ||
      ((sack - words[receiver + END] - 1) | 0) >= 0 ||
      ((words[receiver + END] - lag - 1 - sack) | 0) >= 0 ||
      (received !== 0 && ((words[sender + END] - received - 1 - end) | 0) >= 0)
    ) {
      const outcome = misfitOf(sender, receiver, seq, end, sack, lag)
      if (outcome !== fits) return (words[sender + FLAGS] & LIBERAL) === 0 ? outcome : fits
    }

    const offered = scaled + ((sack - ack) | 0)
    if (offered > words[sender + MAX_WINDOW]) words[sender + MAX_WINDOW] = offered
    let bits = words[sender + FLAGS]
    if (((words[sender + END] - end) | 0) < 0) {
      words[sender + END] = end
      bits |= UNACKNOWLEDGED
    }
    if (hasAck && ((bits & HAS_MAX_ACK) === 0 || ((words[sender + MAX_ACK] - ack) | 0) < 0)) {
      words[sender + MAX_ACK] = ack
      bits |= HAS_MAX_ACK
    }
    words[sender + FLAGS] = bits
    const room = (words[sender + MAX_END] - end) | 0
    if (received !== 0 && room < 0) words[receiver + MAX_WINDOW] = received - room
    const allowed = (sack + scaled) | 0
    if (((words[receiver + MAX_END] - 1 - allowed) | 0) < 0)
      words[receiver + MAX_END] = allowed + (scaled === 0 ? 1 : 0)
    if (ack === words[receiver + END]) words[receiver + FLAGS] &= ~UNACKNOWLEDGED
    if (kind !== ACK_SET) return fits

    // The same acknowledgment again and again: nobody answers any more.
    const isSame =
      words[entry + LAST_DIRECTION] === direction &&
      words[entry + LAST_SEQ] === seq &&
      words[entry + LAST_ACK] === ack &&
      words[entry + LAST_END] === end &&
      words[entry + LAST_WINDOW] === window
    words[entry + RETRANSMISSIONS] = isSame ? words[entry + RETRANSMISSIONS] + 1 : 0
    words[entry + LAST_DIRECTION] = direction
    words[entry + LAST_SEQ] = seq
    words[entry + LAST_ACK] = ack
    words[entry + LAST_END] = end
    words[entry + LAST_WINDOW] = window
    return fits
  }

  /** Whether a SYN is its side's first one, or begins anew. */
  function opens(entry: number, sender: number, end: number): boolean {
    if (words[sender + MAX_WINDOW] === 0) return true
    return isAfter(end, words[sender + END]) && isOpening(words[entry + TCP_STATE])
  }

  /** A side's first SYN, or one that begins anew. Windows are scaled only where both sides say so (RFC 7323 §2.2). */
  function beginSide(
    sender: number,
    receiver: number,
    direction: number,
    b: Uint8Array,
    l4: number,
    end: number,
    window: number,
  ): void {
    words[sender + END] = words[sender + MAX_END] = end
    words[sender + MAX_WINDOW] = Math.max(window, 1)
    readOptions(words, sender, b, l4)
    if (direction === REPLY && (words[sender + FLAGS] & words[receiver + FLAGS] & WINDOW_SCALE) === 0)
      words[sender + SCALE] = words[receiver + SCALE] = 0
  }

  /** A side that is seen for the first time in the middle of a connection. */
  function joinSide(sender: number, receiver: number, end: number, window: number, sack: number): void {
    words[sender + END] = end
    words[sender + MAX_WINDOW] = Math.max(window << words[sender + SCALE], 1)
    words[sender + MAX_END] = end + words[sender + MAX_WINDOW]
    if (words[receiver + MAX_WINDOW] === 0) words[receiver + END] = words[receiver + MAX_END] = sack
    else if (sack === ((words[receiver + END] + 1) | 0)) words[receiver + END]++ // it answers a keep-alive
  }

  /** What does not fit in all; it may after all. */
  function misfitOf(
    sender: number,
    receiver: number,
    seq: number,
    end: number,
    sack: number,
    lag: number,
  ): number {
    const received = words[receiver + MAX_WINDOW]
    const isRecent = isAfter(end, (words[sender + END] - received - 1) | 0)
    const isLate = !isAfter(sack, (words[receiver + END] - lag - 1) | 0)
    const isKnown = isBefore(sack, (words[receiver + END] + 1) | 0)
    if (!isBefore(seq, (words[sender + MAX_END] + 1) | 0)) {
      const overshot = (end - words[sender + MAX_END] + 1) >>> 0
      if (received === 0 || !isRecent || isLate || overshot > received || !isKnown) return misfit
      // More than was offered, but the receiver may take it: its acknowledgment must not come as a surprise.
      words[sender + END] = end
      words[sender + FLAGS] |= UNACKNOWLEDGED
      return letThrough
    }
    if (!isKnown) return misfit
    return (received !== 0 && !isRecent) || isLate ? letThrough : fits
  }

  return fitsWindow
}

function isOpening(state: number): boolean {
  return state === SYN_SENT || state === SYN_RECV
}
