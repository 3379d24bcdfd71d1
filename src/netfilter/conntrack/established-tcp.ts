/**
 * A segment in the middle of a TCP connection, in WebAssembly: what tcp.ts and tcp-window.ts do with one that has only
 * ACK set, fits all of I to IV, is no repetition, and comes from a side whose window is open.
 */
import {
  add,
  and,
  constant,
  either,
  get,
  isDifferent,
  isEqual,
  isGreater,
  isLess,
  isZero,
  multiply,
  or,
  set,
  shiftLeft,
  subtract,
  swapped16,
  when,
} from '../../packet/wasm.js'
import type { Code, Definition } from '../../packet/wasm.js'
import * as tcp from '../../wire/tcp.js'
import { checkSum } from './checksum-code.js'
import {
  ASSURED,
  END,
  FLAGS,
  HAS_MAX_ACK,
  LAST_ACK,
  LAST_DIRECTION,
  LAST_END,
  LAST_KIND,
  LAST_SEQ,
  LAST_WINDOW,
  MAX_ACK,
  MAX_END,
  MAX_WINDOW,
  RETRANSMISSIONS,
  SCALE,
  SIDES,
  SIDE_WORDS,
  TCP_STATE,
  UNACKNOWLEDGED,
} from './entry.js'
import type { EntryCode } from './entry-code.js'
import { DATAGRAM_END, ENTRY, L4, OWN, PARAMETERS, REFERENCE, giveUpWhen } from './established-locals.js'
import { findEntry } from './find-code.js'
import { dataOffset, firstOptions, flags, setAcknowledgmentNumber, setSequenceNumber } from './header-code.js'
import { windowBytes } from './header-code.js'
import { JUDGED } from './tcp.js'
import { ACK_SET, ESTABLISHED } from './tcp-states.js'
import { LEAST_LAG } from './tcp-window.js'
import type { ConntrackTimeouts } from './timeouts.js'

/** Two NOP and a time stamp, as nearly everybody writes them (RFC 7323 appendix A), the first byte lowest. */
const [TIMESTAMP_ALONE, TIMESTAMP_LENGTH] = [0x0a080101, 12]

/** Local variables: of the connection, of the segment, and the checksum's. */
const [HEADER, DIRECTION, SENDER, RECEIVER] = [OWN, OWN + 1, OWN + 2, OWN + 3]
const [SEQ, ACK, LAST, WINDOW, SCALED] = [OWN + 4, OWN + 5, OWN + 6, OWN + 7, OWN + 8]
const [LAG, RECEIVED, BITS, ROOM, SUMS] = [OWN + 9, OWN + 10, OWN + 11, OWN + 12, OWN + 13]

/** a < b and a > b, of sequence numbers. */
const isBefore = (a: Code, b: Code): Code => isLess(subtract(a, b), constant(0))
const isAfter = (a: Code, b: Code): Code => isLess(subtract(b, a), constant(0))

/** `NAME(l3, l4, end, protocol)`: the reference of its connection; 0, and nothing is changed. */
export function establishedSegment(
  name: string,
  entries: EntryCode,
  timeouts: Readonly<ConntrackTimeouts>,
  verifiesChecksums: boolean,
): Definition {
  return {
    name,
    parameters: PARAMETERS,
    locals: SUMS - PARAMETERS,
    vectors: 1,
    body: [
      ...checkHeader(),
      ...(verifiesChecksums ? checkSum(SUMS) : []),
      ...findEntry(entries),
      ...checkState(entries),
      ...readSegment(entries),
      ...checkWindow(entries),
      ...moveWindow(entries),
      ...remember(entries),
      ...setTimeout(entries, timeouts),
    ],
    result: get(REFERENCE),
  }
}

function checkHeader(): Code[] {
  const left = subtract(get(DATAGRAM_END), get(L4))
  const isPlain = isEqual(get(HEADER), constant(tcp.HEADER_LENGTH))
  const hasTimestamp = and(
    isEqual(get(HEADER), constant(tcp.HEADER_LENGTH + TIMESTAMP_LENGTH)),
    isEqual(firstOptions(L4), constant(TIMESTAMP_ALONE)),
  )
  return [
    giveUpWhen(isLess(left, constant(tcp.HEADER_LENGTH))),
    giveUpWhen(isDifferent(and(flags(L4), constant(JUDGED)), constant(tcp.ACK))),
    set(HEADER, dataOffset(L4)),
    giveUpWhen(isLess(left, get(HEADER))),
    giveUpWhen(isZero(or(isPlain, hasTimestamp))),
  ]
}

function checkState({ word, status }: EntryCode): Code[] {
  const side = (direction: Code): Code => add(get(ENTRY), multiply(direction, constant(SIDE_WORDS)))
  return [
    set(DIRECTION, and(get(REFERENCE), constant(1))),
    giveUpWhen(isDifferent(word(ENTRY, TCP_STATE), constant(ESTABLISHED))),
    giveUpWhen(isZero(status(ENTRY, ASSURED))),
    set(SENDER, side(get(DIRECTION))),
    set(RECEIVER, side(subtract(constant(1), get(DIRECTION)))),
  ]
}

function readSegment({ word }: EntryCode): Code[] {
  const maxWindow = word(SENDER, SIDES + MAX_WINDOW)
  const length = subtract(subtract(get(DATAGRAM_END), get(L4)), get(HEADER))
  return [
    setSequenceNumber(SEQ, L4),
    setAcknowledgmentNumber(ACK, L4),
    set(LAST, add(get(SEQ), length)),
    set(WINDOW, windowBytes(L4)),
    set(WINDOW, swapped16(WINDOW)),
    set(SCALED, shiftLeft(get(WINDOW), word(SENDER, SIDES + SCALE))),
    set(RECEIVED, word(RECEIVER, SIDES + MAX_WINDOW)),
    set(LAG, maxWindow),
    giveUpWhen(or(or(isZero(get(WINDOW)), isZero(get(RECEIVED))), isZero(get(LAG)))),
    when(isLess(get(LAG), constant(LEAST_LAG)), set(LAG, constant(LEAST_LAG))),
  ]
}

/** I to IV in their order, and whether it is the same segment again. */
function checkWindow({ word }: EntryCode): Code[] {
  const least = (value: Code, distance: Code): Code => subtract(subtract(value, distance), constant(1))
  const same = [
    [LAST_SEQ, SEQ],
    [LAST_ACK, ACK],
    [LAST_END, LAST],
    [LAST_WINDOW, WINDOW],
    [LAST_DIRECTION, DIRECTION],
  ].map(([field, local]) => isEqual(word(ENTRY, field), get(local)))
  return [
    giveUpWhen(isAfter(get(SEQ), word(SENDER, SIDES + MAX_END))),
    giveUpWhen(isZero(isAfter(get(LAST), least(word(SENDER, SIDES + END), get(RECEIVED))))),
    giveUpWhen(isAfter(get(ACK), word(RECEIVER, SIDES + END))),
    giveUpWhen(isZero(isAfter(get(ACK), least(word(RECEIVER, SIDES + END), get(LAG))))),
    giveUpWhen(same.reduce(and)),
  ]
}

function moveWindow({ word, setWord }: EntryCode): Code[] {
  const [sender, receiver] = [
    (field: number) => word(SENDER, SIDES + field),
    (field: number) => word(RECEIVER, SIDES + field),
  ]
  const setSender = (field: number, value: Code): Code => setWord(SENDER, SIDES + field, value)
  const setReceiver = (field: number, value: Code): Code => setWord(RECEIVER, SIDES + field, value)
  const mark = (bits: number): Code => set(BITS, or(get(BITS), constant(bits)))
  const isFirstAck = isZero(and(get(BITS), constant(HAS_MAX_ACK)))
  const isNewAck = isBefore(sender(MAX_ACK), get(ACK))
  const allowed = add(get(ACK), get(SCALED))
  return [
    when(isGreater(get(SCALED), sender(MAX_WINDOW)), setSender(MAX_WINDOW, get(SCALED))),
    set(BITS, sender(FLAGS)),
    when(isBefore(sender(END), get(LAST)), setSender(END, get(LAST)), mark(UNACKNOWLEDGED)),
    when(or(isFirstAck, isNewAck), setSender(MAX_ACK, get(ACK)), mark(HAS_MAX_ACK)),
    setSender(FLAGS, get(BITS)),
    set(ROOM, subtract(sender(MAX_END), get(LAST))),
    when(isLess(get(ROOM), constant(0)), setReceiver(MAX_WINDOW, subtract(get(RECEIVED), get(ROOM)))),
    when(isBefore(subtract(receiver(MAX_END), constant(1)), allowed), setReceiver(MAX_END, allowed)),
    when(
      isEqual(get(ACK), receiver(END)),
      setReceiver(FLAGS, and(receiver(FLAGS), constant(~UNACKNOWLEDGED))),
    ),
  ]
}

function remember({ setWord }: EntryCode): Code[] {
  return [
    setWord(ENTRY, LAST_KIND, constant(ACK_SET)),
    setWord(ENTRY, LAST_DIRECTION, get(DIRECTION)),
    setWord(ENTRY, LAST_SEQ, get(SEQ)),
    setWord(ENTRY, LAST_ACK, get(ACK)),
    setWord(ENTRY, LAST_END, get(LAST)),
    setWord(ENTRY, LAST_WINDOW, get(WINDOW)),
    setWord(ENTRY, RETRANSMISSIONS, constant(0)),
  ]
}

function setTimeout({ word, expireIn }: EntryCode, timeouts: Readonly<ConntrackTimeouts>): Code[] {
  const { tcp_timeout_established: usual, tcp_timeout_unacknowledged: unacknowledged } = timeouts
  const bits = or(get(BITS), word(RECEIVER, SIDES + FLAGS))
  return [
    either(
      and(bits, constant(UNACKNOWLEDGED)),
      expireIn(ENTRY, Math.min(usual, unacknowledged)),
      expireIn(ENTRY, usual),
    ),
  ]
}
