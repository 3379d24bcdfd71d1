/** SCTP associations, as nf_conntrack keeps them (RFC 9260 seen from the middle). */
import type { Packet } from '../packet.js'
import * as reasons from '../../wire/reason.js'
import * as sctp from '../../wire/sctp.js'
import * as entries from './entry.js'
import * as states from './sctp-states.js'
import { SCTP_STATES } from './sctp-states.js'
import type { ConnectionTable } from './table.js'
import type { ConntrackTimeouts } from './timeouts.js'
import * as outcomes from './tracker.js'
import type { ProtocolTracker } from './tracker.js'

// An imported constant is loaded and checked at each use.
const { ASSURED, EXPIRES, ORIGINAL, OTHER_TAG, REPLY, SCTP_INITS, SCTP_STATE, SCTP_TAGS, STATUS } = entries
const { CLOSED, ESTABLISHED, NONE, NO_STATE, becomes } = states
const { ABORT, COOKIE_ACK, COOKIE_ECHO, DATA, HEARTBEAT, HEARTBEAT_ACK, INIT, INIT_ACK } = sctp
const { SHUTDOWN_ACK, SHUTDOWN_COMPLETE, T } = sctp
const {
  chunkFlags,
  chunkType,
  firstChunk,
  hasChunk,
  hasInitiation,
  initiateTag,
  nextChunk,
  verificationTag,
} = sctp
const { TRACKED, UNCOUNTED, UNTRACKABLE } = outcomes
const { OK } = reasons

const SECOND = 1_000_000

/** Types of chunk as bits, those that matter here; another type is no bit. */
const bit = (type: number): number => (type <= SHUTDOWN_COMPLETE ? 1 << type : 0)
/** In place of bits: the chunks are not in order. */
const MALFORMED = -1
const bits = (...types: number[]): number => types.reduce((all, type) => all | bit(type), 0)
/** They are the only chunk of their packet (RFC 9260 §6.10); of COOKIE ECHO and COOKIE ACK the first is asked for. */
const ALONE = bits(INIT, INIT_ACK, SHUTDOWN_COMPLETE)
const FIRST = bits(COOKIE_ECHO, COOKIE_ACK)
/** Where there is no association they are nobody's (RFC 9260 §8.4). */
const BEGINS_NOTHING = bits(ABORT, SHUTDOWN_COMPLETE, COOKIE_ACK)
/** A packet with one of them has a verification tag of its own kind (RFC 9260 §8.5.1), or one that is not judged. */
const OWN_TAG = bits(INIT, ABORT, SHUTDOWN_COMPLETE, COOKIE_ECHO, SHUTDOWN_ACK, HEARTBEAT, HEARTBEAT_ACK)

/** Of SCTP_INITS: the INITs of both directions. */
const BOTH = 3
/** What the verification tag says of a chunk: it is right; it is not; it may be that of another path. */
const [RIGHT, WRONG, DOUBTFUL] = [0, 1, 2]

/** The types in a packet as bits, or MALFORMED. What is too short for a chunk at its end is not looked at. */
function typesIn({ bytes: b, l4, end }: Packet): number {
  const first = firstChunk(l4)
  let types = 0
  for (let chunk = first; hasChunk(chunk, end); chunk = nextChunk(b, chunk)) {
    const type = bit(chunkType(b, chunk))
    if (sctp.chunkLength(b, chunk) === 0) return MALFORMED
    if (chunk !== first && (((types | type) & ALONE) !== 0 || (type & FIRST) !== 0)) return MALFORMED
    types |= type
  }
  return hasChunk(first, end) ? types : MALFORMED
}

/** Tracks SCTP in this table. */
export function createSctp(
  { words, doubles }: ConnectionTable,
  timeouts: Readonly<ConntrackTimeouts>,
  verifies: () => boolean,
): ProtocolTracker {
  const seconds = secondsByState(timeouts)

  function isSound(packet: Packet): boolean {
    const { bytes: b, l4, end } = packet
    if (sctp.check(b, l4, end) !== OK) return false
    if (verifies() && !sctp.checksumIsRight(b, l4, end)) return false
    return typesIn(packet) !== MALFORMED
  }

  function begin(entry: number, packet: Packet): boolean {
    const { bytes: b, l4, end } = packet
    if ((typesIn(packet) & BEGINS_NOTHING) !== 0) return false
    for (let chunk = firstChunk(l4); hasChunk(chunk, end); chunk = nextChunk(b, chunk)) {
      if (becomes(ORIGINAL, chunkType(b, chunk), NONE) === NONE) return false
      if (!noteFirstTag(entry, b, l4, chunk, end)) return false
    }
    return true
  }

  /** INIT tells what answers will have; SHUTDOWN ACK is answered with its own; HEARTBEAT tries another path. */
  function noteFirstTag(entry: number, b: Uint8Array, l4: number, chunk: number, end: number): boolean {
    const tag = verificationTag(b, l4) | 0
    const type = chunkType(b, chunk)
    if (type === HEARTBEAT) words[entry + SCTP_TAGS + ORIGINAL] = tag
    if (type === SHUTDOWN_ACK) words[entry + SCTP_TAGS + REPLY] = tag
    if (type !== INIT) return true
    if (tag !== 0 || !hasInitiation(chunk, end)) return false
    words[entry + SCTP_TAGS + REPLY] = initiateTag(b, chunk)
    return true
  }

  function packet(entry: number, direction: number, packet: Packet): number {
    const { bytes: b, l4, end, now } = packet
    const types = typesIn(packet)
    const isOrdinary = (types & OWN_TAG) === 0
    if (isOrdinary && (verificationTag(b, l4) | 0) !== words[entry + SCTP_TAGS + direction])
      return UNTRACKABLE
    let refreshes = true
    for (let chunk = firstChunk(l4); hasChunk(chunk, end); chunk = nextChunk(b, chunk)) {
      const mayDoubt = refreshes && (types & bit(DATA)) === 0
      const judged = judgeTag(entry, direction, b, l4, chunk, mayDoubt)
      if (judged === WRONG) return UNTRACKABLE
      if (judged === DOUBTFUL) {
        refreshes = false
        continue
      }
      const was = words[entry + SCTP_STATE]
      if (!take(entry, direction, b, chunk, end)) return UNTRACKABLE
      // Who goes on sending INITs does not keep the entry alive.
      if (chunkType(b, chunk) === INIT && was === CLOSED && words[entry + SCTP_STATE] === CLOSED)
        refreshes = false
    }
    if (!refreshes) return UNCOUNTED
    doubles[(entry + EXPIRES) >> 1] = now + seconds[words[entry + SCTP_STATE]] * SECOND
    return TRACKED
  }

  /** What the chunk makes of the state; what it tells is noted. False where it cannot be the association's. */
  function take(entry: number, direction: number, b: Uint8Array, chunk: number, end: number): boolean {
    const type = chunkType(b, chunk)
    const was = words[entry + SCTP_STATE]
    const next = becomes(direction, type, was)
    if (next === NO_STATE) return false
    if ((type === INIT || type === INIT_ACK) && !hasInitiation(chunk, end)) return false
    if (type === INIT) noteInit(entry, direction, initiateTag(b, chunk) | 0, was === NONE)
    if (type === INIT_ACK && !noteInitAck(entry, direction, initiateTag(b, chunk) | 0)) return false
    words[entry + SCTP_STATE] = next
    if (next === ESTABLISHED && was !== ESTABLISHED) words[entry + STATUS] |= ASSURED
    return true
  }

  /** One that says what is known already is a repetition, or was under way for long. */
  function noteInit(entry: number, direction: number, tag: number, isFirst: boolean): void {
    const known = entry + SCTP_TAGS + 1 - direction
    if (isFirst || words[known] !== tag) {
      if (words[entry + SCTP_INITS] === BOTH) words[entry + SCTP_INITS] = 0
      words[entry + SCTP_INITS] |= 1 << direction
    }
    words[known] = tag
  }

  /**
   * Without an INIT that it answers it tells nothing new. Where both sides have sent INIT (RFC 9260 §5.2.1) it has the
   * tag of its sender's own.
   */
  function noteInitAck(entry: number, direction: number, tag: number): boolean {
    const known = entry + SCTP_TAGS + 1 - direction
    const inits = words[entry + SCTP_INITS]
    const isAsked = (inits & (1 << (1 - direction))) !== 0
    if (words[known] !== tag && (inits === BOTH || (!isAsked && words[known] !== 0))) return false
    words[known] = tag
    return true
  }

  /** RFC 9260 §8.5.1: which verification tag goes with the chunk. */
  function judgeTag(
    entry: number,
    direction: number,
    b: Uint8Array,
    l4: number,
    chunk: number,
    mayDoubt: boolean,
  ): number {
    const tag = verificationTag(b, l4) | 0
    switch (chunkType(b, chunk)) {
      case INIT:
        return tag === 0 ? RIGHT : WRONG
      case ABORT:
      case SHUTDOWN_COMPLETE: {
        const isReflected = (chunkFlags(b, chunk) & T) !== 0
        return tag === words[entry + SCTP_TAGS + (isReflected ? 1 - direction : direction)] ? RIGHT : WRONG
      }
      case COOKIE_ECHO:
        return tag === words[entry + SCTP_TAGS + direction] ? RIGHT : WRONG
      case COOKIE_ACK:
        words[entry + SCTP_INITS] = 0
        return RIGHT
      case HEARTBEAT:
      case HEARTBEAT_ACK:
        return judgePath(entry, direction, chunkType(b, chunk), tag, mayDoubt)
      default:
        return RIGHT
    }
  }

  /**
   * A path of an association that began elsewhere shows its tags by HEARTBEATs. One with another tag than was seen is
   * let through; if it is answered, the association has begun anew, and the answer's tag is the right one.
   */
  function judgePath(entry: number, direction: number, type: number, tag: number, mayDoubt: boolean): number {
    const known = words[entry + SCTP_TAGS + direction]
    if (known === 0) words[entry + SCTP_TAGS + direction] = tag
    else if (tag === known) words[entry + OTHER_TAG] = 0
    else if (!mayDoubt) return WRONG
    else if (type === HEARTBEAT) {
      words[entry + OTHER_TAG] = 1 + direction
      return DOUBTFUL
    } else {
      if (words[entry + OTHER_TAG] !== 1 + (1 - direction)) return WRONG
      words[entry + OTHER_TAG] = 0
      words[entry + SCTP_TAGS + direction] = tag
      words[entry + SCTP_TAGS + 1 - direction] = 0
    }
    return RIGHT
  }

  return { isSound, begin, packet }
}

/** By number of the state. */
function secondsByState(timeouts: Readonly<ConntrackTimeouts>): number[] {
  return SCTP_STATES.map((state) => {
    if (state === 'NONE') return timeouts.sctp_timeout_closed
    const name = `sctp_timeout_${state.toLowerCase()}` as keyof ConntrackTimeouts
    return timeouts[name]
  })
}
