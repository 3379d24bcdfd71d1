/** TCP connections, as nf_conntrack keeps them (RFC 9293 seen from the middle): tcp_loose on, tcp_be_liberal off. */
import type { Packet } from '../packet.js'
import * as reasons from '../../wire/reason.js'
import * as tcp from '../../wire/tcp.js'
import * as entries from './entry.js'
import type { ConnectionTable } from './table.js'
import * as states from './tcp-states.js'
import { TCP_STATES } from './tcp-states.js'
import * as windows from './tcp-window.js'
import { createWindow, isBefore, readOptions, segmentEnd } from './tcp-window.js'
import type { ConntrackTimeouts } from './timeouts.js'
import * as outcomes from './tracker.js'
import type { ProtocolTracker } from './tracker.js'

// An imported constant is loaded and checked at each use.
const { ASSURED, DYING, END, EXPIRES, FLAGS, MAX_ACK, MAX_END, MAX_WINDOW, ORIGINAL, REPLY, SCALE } = entries
const { RETRANSMISSIONS, SEEN_REPLY, SIDES, SIDE_WORDS, STATUS, TCP_STATE } = entries
const { LAST_ACK, LAST_DIRECTION, LAST_END, LAST_FLAGS, LAST_KIND, LAST_SEQ, LAST_WINDOW } = entries
const { CLOSE_INIT, HAS_MAX_ACK, LIBERAL, SACK_PERMITTED, UNACKNOWLEDGED } = entries
const { CLOSE, CLOSE_WAIT, ESTABLISHED, FIN_WAIT, LAST_ACK: LAST_ACK_STATE, NONE } = states
const { SYN_RECV, SYN_SENT, SYN_SENT2, TIME_WAIT, IGNORED, NO_STATE, becomes } = states
const { ACK_SET, FIN_SET, NONE_SET, RST_SET, SYNACK_SET, SYN_SET } = states
const { ACK, FIN, RST, SYN, URG } = tcp
const { FITS, LET_THROUGH } = windows
const { AGAIN, TRACKED, UNCOUNTED, UNTRACKABLE } = outcomes
const { OK } = reasons

const SECOND = 1_000_000
/** Bits of LAST_FLAGS beside those of a side; the shift of a SYN's windows is in the upper half. */
const [SIMULTANEOUS_OPEN, CHALLENGE_EXPECTED] = [0x100, 0x200]
const SHIFT_AT = 16
/** Repetitions of one packet after which nobody is taken to answer any more (tcp_max_retrans). */
const MOST_REPETITIONS = 3
/** Below this a connection is not kept shorter for a FIN or RST that does not fit. */
const SHORT = 120 * SECOND

/** Combinations of FIN, SYN, RST, ACK and URG that segments have; others are no connection's. */
const SOUND = new Set([SYN, SYN | URG, SYN | ACK, RST, RST | ACK, FIN | ACK, FIN | ACK | URG, ACK, ACK | URG])
/** The flags by which segments are told apart. */
export const JUDGED = FIN | SYN | RST | ACK | URG
const isSoundBy = Uint8Array.from({ length: 64 }, (_, flags) => (SOUND.has(flags) ? 1 : 0))

/** The first that is set decides. */
function kindOf(flags: number): number {
  if ((flags & RST) !== 0) return RST_SET
  if ((flags & SYN) !== 0) return (flags & ACK) === 0 ? SYN_SET : SYNACK_SET
  if ((flags & FIN) !== 0) return FIN_SET
  return (flags & ACK) === 0 ? NONE_SET : ACK_SET
}

const CLOSING: ReadonlySet<number> = new Set([FIN_WAIT, LAST_ACK_STATE, TIME_WAIT, CLOSE, CLOSE_WAIT])

/** Tracks TCP in this table. */
export function createTcp(
  table: ConnectionTable,
  timeouts: Readonly<ConntrackTimeouts>,
  verifies: () => boolean,
): ProtocolTracker {
  const { words, doubles } = table
  const fitsWindow = createWindow(words, table.adjustments)
  const seconds = secondsByState(timeouts)
  const repeated = timeouts.tcp_timeout_max_retrans
  const unacknowledged = timeouts.tcp_timeout_unacknowledged
  const closed = timeouts.tcp_timeout_close
  const side = (entry: number, direction: number): number => entry + SIDES + direction * SIDE_WORDS

  function isSound({ bytes: b, l3, l4, end }: Packet): boolean {
    if (tcp.check(b, l4, end) !== OK) return false
    if (verifies() && !tcp.checksumIsRight(b, l4, end, l3 + 12)) return false
    return isSoundBy[tcp.flags(b, l4) & JUDGED] === 1
  }

  function begin(entry: number, { bytes: b, l4, end }: Packet): boolean {
    const kind = kindOf(tcp.flags(b, l4))
    const state = becomes(ORIGINAL, kind, NONE)
    if (state === NO_STATE) return false
    const sender = side(entry, ORIGINAL)
    const window = Math.max(tcp.window(b, l4), 1)
    words[sender + END] = segmentEnd(b, l4, end)
    words[sender + MAX_WINDOW] = window
    words[sender + MAX_END] = words[sender + END] + (state === SYN_SENT ? 0 : window)
    if (state === SYN_SENT) readOptions(words, sender, b, l4)
    else words[sender + FLAGS] = words[side(entry, REPLY) + FLAGS] = SACK_PERMITTED | LIBERAL
    words[entry + LAST_KIND] = NONE_SET
    return true
  }

  function packet(entry: number, direction: number, segment: Packet): number {
    const { bytes: b, l4 } = segment
    const kind = kindOf(tcp.flags(b, l4))
    const state = words[entry + TCP_STATE]
    const next = becomes(direction, kind, state)
    if (next === NO_STATE) return UNTRACKABLE
    if (next === SYN_SENT && state >= TIME_WAIT) {
      if (mayBeginAgain(entry, direction)) return AGAIN
      return letThrough(entry, direction, kind, segment)
    }
    if (next === IGNORED) return letThrough(entry, direction, kind, segment)
    if (next === TIME_WAIT && isChallenge(entry, direction, kind, state)) {
      words[entry + LAST_FLAGS] &= ~CHALLENGE_EXPECTED
      return UNCOUNTED
    }
    if (next === SYN_SENT2) words[entry + LAST_FLAGS] |= SIMULTANEOUS_OPEN
    if (next === CLOSE && kind === RST_SET) return reset(entry, direction, segment)
    const opens = next === SYN_RECV && direction === REPLY && kind === ACK_SET
    const becomesState = opens && (words[entry + LAST_FLAGS] & SIMULTANEOUS_OPEN) !== 0 ? ESTABLISHED : next
    return judge(entry, direction, kind, state, becomesState, segment)
  }

  /** RFC 1122 §4.2.2.13: a closed or aborted connection may be opened again at once. */
  function mayBeginAgain(entry: number, direction: number): boolean {
    const flags = words[side(entry, ORIGINAL) + FLAGS] | words[side(entry, REPLY) + FLAGS]
    if ((flags & CLOSE_INIT) !== 0) return true
    return words[entry + LAST_DIRECTION] === direction && words[entry + LAST_KIND] === RST_SET
  }

  /** RFC 5961 §4: an answer to a SYN out of the blue, which acknowledges nothing. */
  function isChallenge(entry: number, direction: number, kind: number, state: number): boolean {
    return (
      state === LAST_ACK_STATE &&
      kind === ACK_SET &&
      words[entry + LAST_DIRECTION] !== direction &&
      words[entry + LAST_KIND] === SYN_SET &&
      (words[entry + LAST_FLAGS] & CHALLENGE_EXPECTED) !== 0
    )
  }

  /**
   * What may be right although it does not fit what is known: it is let through and remembered, and the answer will
   * tell. A SYN, ACK that acknowledges such a SYN shows that both ends are in step, and what is known was not.
   */
  function letThrough(entry: number, direction: number, kind: number, segment: Packet): number {
    const { bytes: b, l4, end } = segment
    const state = words[entry + TCP_STATE]
    if (
      kind === SYNACK_SET &&
      words[entry + LAST_KIND] === SYN_SET &&
      words[entry + LAST_DIRECTION] !== direction &&
      (tcp.acknowledgmentNumber(b, l4) | 0) === words[entry + LAST_END]
    ) {
      resume(entry, direction)
      return judge(entry, direction, kind, SYN_SENT, SYN_RECV, segment)
    }
    words[entry + LAST_KIND] = kind
    words[entry + LAST_DIRECTION] = direction
    words[entry + LAST_SEQ] = tcp.sequenceNumber(b, l4)
    words[entry + LAST_END] = segmentEnd(b, l4, end)
    words[entry + LAST_WINDOW] = tcp.window(b, l4)
    if (kind === SYN_SET && direction === ORIGINAL) rememberSyn(entry, state, b, l4)
    if (state === SYN_SENT && kind === ACK_SET && direction === REPLY)
      words[entry + LAST_ACK] = tcp.acknowledgmentNumber(b, l4)
    return UNCOUNTED
  }

  function resume(entry: number, direction: number): void {
    const opener = side(entry, words[entry + LAST_DIRECTION])
    const answerer = side(entry, direction)
    words[opener + END] = words[opener + MAX_END] = words[entry + LAST_END]
    words[opener + MAX_WINDOW] = Math.max(words[entry + LAST_WINDOW], 1)
    words[entry + LAST_FLAGS] &= ~CHALLENGE_EXPECTED
    words[opener + SCALE] = words[entry + LAST_FLAGS] >>> SHIFT_AT
    words[opener + FLAGS] = words[entry + LAST_FLAGS] & 0xff
    words[answerer + END] = words[answerer + MAX_END] = words[answerer + MAX_WINDOW] = 0
    words[answerer + MAX_ACK] = words[answerer + SCALE] = 0
    words[answerer + FLAGS] &= LIBERAL
  }

  const scratch = new Int32Array(SIDE_WORDS)

  function rememberSyn(entry: number, state: number, b: Uint8Array, l4: number): void {
    scratch.fill(0)
    readOptions(scratch, 0, b, l4)
    const challenge = state === LAST_ACK_STATE ? CHALLENGE_EXPECTED : 0
    words[entry + LAST_FLAGS] = scratch[FLAGS] | (scratch[SCALE] << SHIFT_AT) | challenge
  }

  /** A RST closes only if its sequence number is the one expected; else the ends may still be talking. */
  function reset(entry: number, direction: number, segment: Packet): number {
    const { bytes: b, l4 } = segment
    const state = words[entry + TCP_STATE]
    const seq = tcp.sequenceNumber(b, l4) | 0
    const other = side(entry, 1 - direction)
    const last = words[entry + LAST_KIND]
    if (CLOSING.has(state)) return accept(entry, direction, RST_SET, state, CLOSE, segment)
    let next: number = CLOSE
    if ((words[other + FLAGS] & HAS_MAX_ACK) !== 0 && last !== SYN_SET) {
      const expected = words[other + MAX_ACK]
      const isEstablished = state === ESTABLISHED && (words[entry + STATUS] & ASSURED) !== 0
      if (seq !== 0 || isEstablished) {
        if (isBefore(seq, expected)) return UNTRACKABLE
        const isInTrain =
          last === ACK_SET && words[entry + LAST_DIRECTION] === direction && seq === words[entry + LAST_END]
        if (isEstablished && seq !== expected && !isInTrain) next = state
        if (next === CLOSE) return judge(entry, direction, RST_SET, state, CLOSE, segment)
      } else return judge(entry, direction, RST_SET, state, CLOSE, segment)
    }
    if (answersLetThrough(entry, direction, b, l4, state, seq))
      return accept(entry, direction, RST_SET, state, next, segment)
    return judge(entry, direction, RST_SET, state, next, segment)
  }

  /** The RST answers a SYN of the other side, or an ACK, that was let through. */
  function answersLetThrough(
    entry: number,
    direction: number,
    b: Uint8Array,
    l4: number,
    state: number,
    seq: number,
  ): boolean {
    const status = words[entry + STATUS]
    const last = words[entry + LAST_KIND]
    const isOther = words[entry + LAST_DIRECTION] !== direction
    const wasLetThrough =
      ((status & SEEN_REPLY) !== 0 && last === SYN_SET && isOther) ||
      ((status & ASSURED) === 0 && last === ACK_SET)
    if (wasLetThrough && (tcp.acknowledgmentNumber(b, l4) | 0) === words[entry + LAST_END]) return true
    const wasChallenge = last === ACK_SET && words[entry + LAST_DIRECTION] === REPLY
    return state === SYN_SENT && wasChallenge && seq === words[entry + LAST_ACK]
  }

  function judge(
    entry: number,
    direction: number,
    kind: number,
    state: number,
    next: number,
    segment: Packet,
  ): number {
    const fit = fitsWindow(entry, direction, kind, segment)
    if (fit === FITS) return accept(entry, direction, kind, state, next, segment)
    if (fit === LET_THROUGH) return UNCOUNTED
    distrust(entry, direction, kind, segment)
    return UNTRACKABLE
  }

  /** FIN or RST of both sides that do not fit: the connection is likely over, and not kept for days. */
  function distrust(entry: number, direction: number, kind: number, { now }: Packet): void {
    if ((words[entry + STATUS] & ASSURED) === 0 || (kind !== RST_SET && kind !== FIN_SET)) return
    const last = words[entry + LAST_KIND]
    if (words[entry + LAST_DIRECTION] === direction || (last !== FIN_SET && last !== RST_SET)) {
      words[entry + LAST_KIND] = kind
      words[entry + LAST_DIRECTION] = direction
      return
    }
    const left = doubles[(entry + EXPIRES) >> 1] - now
    const timeout = unacknowledged * SECOND
    if (left >= SHORT && left > timeout) doubles[(entry + EXPIRES) >> 1] = now + timeout
  }

  function accept(
    entry: number,
    direction: number,
    kind: number,
    state: number,
    next: number,
    { now }: Packet,
  ): number {
    words[entry + LAST_KIND] = kind
    words[entry + LAST_DIRECTION] = direction
    words[entry + TCP_STATE] = next
    if (state !== next && next === FIN_WAIT) words[side(entry, direction) + FLAGS] |= CLOSE_INIT
    const status = words[entry + STATUS]
    let timeout = timeoutFor(entry, kind, next)
    if ((status & SEEN_REPLY) === 0) {
      if (kind === RST_SET) {
        words[entry + STATUS] |= DYING // the only answer: nothing to remember
        return TRACKED
      }
      // A client that goes on sending SYNs does not keep the entry alive.
      if (kind === SYN_SET && state === SYN_SENT) return UNCOUNTED
      if (next === ESTABLISHED) timeout = Math.min(timeout, unacknowledged)
    } else if (
      (status & ASSURED) === 0 &&
      (state === SYN_RECV || state === ESTABLISHED) &&
      next === ESTABLISHED
    )
      words[entry + STATUS] |= ASSURED
    doubles[(entry + EXPIRES) >> 1] = now + timeout * SECOND
    return TRACKED
  }

  function timeoutFor(entry: number, kind: number, state: number): number {
    const usual = seconds[state]
    const flags = words[side(entry, ORIGINAL) + FLAGS] | words[side(entry, REPLY) + FLAGS]
    if (words[entry + RETRANSMISSIONS] >= MOST_REPETITIONS && usual > repeated) return repeated
    if (kind === RST_SET) return closed
    if ((flags & UNACKNOWLEDGED) !== 0 && usual > unacknowledged) return unacknowledged
    return words[entry + LAST_WINDOW] === 0 && usual > repeated ? repeated : usual
  }

  return { isSound, begin, packet }
}

/** By number of the state. */
function secondsByState(timeouts: Readonly<ConntrackTimeouts>): number[] {
  return TCP_STATES.map((state) => {
    if (state === 'NONE' || state === 'SYN_SENT2') return timeouts.tcp_timeout_syn_sent
    const name = `tcp_timeout_${state.toLowerCase()}` as keyof ConntrackTimeouts
    return timeouts[name]
  })
}
