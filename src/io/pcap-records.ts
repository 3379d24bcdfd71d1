/**
 * Records of a pcap file into slots of the arena, a burst at a time, in WebAssembly: finding the records,
 * taking the slots and copying the frames are one loop, which is fast from the first frames on.
 *
 * It takes what nearly every record is: whole, short, its time stamp well-formed and due. It stops at the first
 * that is something else, which whoever called then takes by other means.
 */
import { SMALL_BYTES, SMALL_ROOM } from '../packet/arena.js'
import type { Arena } from '../packet/arena.js'
import type { Burst } from '../packet/burst.js'
import { copyFrame } from '../packet/copy.js'
import {
  add,
  addF64,
  and,
  compile,
  constant,
  constantF64,
  forever,
  get,
  isAbove,
  isBelow,
  isEqual,
  isGreaterF64,
  isZero,
  leaveWhen,
  load,
  loadF64,
  maxF64,
  multiply,
  multiplyF64,
  or,
  set,
  shiftLeft,
  store,
  storeF64,
  subtract,
  tee,
  unsignedToF64,
} from '../packet/wasm.js'
import type { CaptureReader, PlainRecords } from './capture.js'
import type { Code, Definition } from '../packet/wasm.js'

const RECORD_HEADER = 16
const SECOND = 1_000_000_000
/** The last second that a record can have. */
const LAST_SECOND = 0xffff_ffff

/** What a clock's doubles are: the latest time stamp up to now, and the latest that is due, microseconds. */
export const [NOW, UNTIL] = [0, 1]

/** The words that a taker is told by, and tells by: the time of a rival; records, their bytes, and the next one. */
const [RIVAL_SECONDS, RIVAL_NANOSECONDS, TAKEN, TAKEN_BYTES, NEXT] = [0, 1, 2, 3, 4]
const WORDS = 5

/** Memory that a taker reserves. */
export const TAKER_BYTES = 64

/** Takes records into bursts. */
export interface RecordTaker {
  /** Bytes of the frames that the last call took. */
  readonly bytes: number
  /**
   * Takes records from the one at hand on, moves the clock and the window on behind them, and returns how many:
   * at most `most`, for which the burst has room and the arena free small slots. They came in by `port`, and are
   * before `rival`'s record at hand, or at the same time where `winsTies`.
   */
  take(
    reader: CaptureReader,
    records: PlainRecords,
    burst: Burst,
    most: number,
    port: number,
    rival: CaptureReader | null,
    winsTies: boolean,
  ): number
}

/**
 * A taker for slots of this arena, by this clock; the clock and the slots of the bursts lie in the arena's memory.
 * Null where the arena is in debug mode, which has to see each slot taken.
 */
export function createRecordTaker(arena: Arena, clock: Float64Array): RecordTaker | null {
  const { memory, smallFree } = arena
  if (smallFree === null) return null
  const words = memory.integers(WORDS)
  const run = memory.instantiate(compile([takeRecords(arena, smallFree, clock, words)])).takeRecords as (
    ...parameters: number[]
  ) => void

  function setRival(rival: CaptureReader | null, winsTies: boolean): void {
    if (rival === null || rival.seconds > LAST_SECOND) setLimit(LAST_SECOND, SECOND)
    else if (rival.seconds < 0) setLimit(0, 0)
    else setLimit(rival.seconds, rival.nanoseconds + (winsTies ? 1 : 0))
  }

  function setLimit(second: number, fraction: number): void {
    words[RIVAL_SECONDS] = second
    words[RIVAL_NANOSECONDS] = fraction
  }

  return {
    get bytes() {
      return words[TAKEN_BYTES]
    },
    take(reader, { window, unit }, { slots, count }, most, port, rival, winsTies) {
      setRival(rival, winsTies)
      const at = reader.frameAt - RECORD_HEADER
      run(at, window.to, slots.byteOffset + count * 4, most, port, unit, SECOND / unit - 1)
      window.from = words[NEXT]
      return words[TAKEN]
    },
  }
}

/**
 * The loop, over the records from `at` to `end`. The slots' numbers go to where `list` is; a time stamp's second
 * half is at most `lastUnit`.
 */
function takeRecords(
  { start, length: lengths, port: ingress, time, seconds, nanoseconds, smallStart }: Arena,
  free: { slots: Int32Array; count: Int32Array },
  clock: Float64Array,
  words: Int32Array,
): Definition {
  const [at, end, list, most, port, unit, lastUnit] = [0, 1, 2, 3, 4, 5, 6]
  const [taken, bytes, left, rivalSecond, rivalFraction] = [7, 8, 9, 10, 11]
  const [length, second, fraction, slot, to, from] = [12, 13, 14, 15, 16, 17]
  const [stamp, now, until] = [18, 19, 20]
  const element = (array: Int32Array | Float64Array, i: number): Code =>
    constant(array.byteOffset + i * array.BYTES_PER_ELEMENT)
  const put = (array: Int32Array, value: Code): Code =>
    store(shiftLeft(get(slot), constant(2)), value, array.byteOffset)
  const putDouble = (array: Float64Array, value: Code): Code =>
    storeF64(shiftLeft(get(slot), constant(3)), value, array.byteOffset)
  const asMicroseconds = addF64(
    multiplyF64(unsignedToF64(get(second)), constantF64(1_000_000)),
    multiplyF64(unsignedToF64(get(fraction)), constantF64(0.001)),
  )
  const isBeforeRival = or(
    isBelow(get(second), get(rivalSecond)),
    and(isEqual(get(second), get(rivalSecond)), isBelow(get(fraction), get(rivalFraction))),
  )
  const find = [
    leaveWhen(isEqual(get(taken), get(most))),
    leaveWhen(isBelow(subtract(get(end), get(at)), constant(RECORD_HEADER))),
    leaveWhen(isAbove(tee(length, load(get(at), 8)), constant(SMALL_ROOM))),
    leaveWhen(isBelow(subtract(get(end), get(at)), add(get(length), constant(RECORD_HEADER)))),
    leaveWhen(isZero(isEqual(get(length), load(get(at), 12)))),
    leaveWhen(isAbove(tee(fraction, load(get(at), 4)), get(lastUnit))),
    set(fraction, multiply(get(fraction), get(unit))),
    set(second, load(get(at))),
    leaveWhen(isZero(isBeforeRival)),
    set(stamp, asMicroseconds),
    leaveWhen(isGreaterF64(get(stamp), get(until))),
    set(now, maxF64(get(now), get(stamp))),
  ]
  const take = [
    set(left, subtract(get(left), constant(1))),
    set(slot, load(shiftLeft(get(left), constant(2)), free.slots.byteOffset)),
    store(add(get(list), shiftLeft(get(taken), constant(2))), get(slot)),
    set(taken, add(get(taken), constant(1))),
    set(bytes, add(get(bytes), get(length))),
    set(to, add(multiply(get(slot), constant(SMALL_BYTES)), constant(smallStart))),
    set(from, add(get(at), constant(RECORD_HEADER))),
    set(at, add(get(from), get(length))),
    put(start, get(to)),
    put(lengths, get(length)),
    put(ingress, get(port)),
    putDouble(time, get(now)),
    putDouble(seconds, unsignedToF64(get(second))),
    put(nanoseconds, get(fraction)),
    // From two bytes before the frame on, where a cache line begins: a short frame is one line.
    set(to, subtract(get(to), constant(2))),
    set(from, subtract(get(from), constant(2))),
    set(length, add(get(length), constant(2))),
    copyFrame(to, from, length),
  ]
  const body = [
    set(left, load(element(free.count, 0))),
    set(rivalSecond, load(element(words, RIVAL_SECONDS))),
    set(rivalFraction, load(element(words, RIVAL_NANOSECONDS))),
    set(now, loadF64(element(clock, NOW))),
    set(until, loadF64(element(clock, UNTIL))),
    forever(...find, ...take),
    store(element(free.count, 0), get(left)),
    storeF64(element(clock, NOW), get(now)),
    store(element(words, TAKEN), get(taken)),
    store(element(words, TAKEN_BYTES), get(bytes)),
    store(element(words, NEXT), get(at)),
  ]
  return { name: 'takeRecords', parameters: 7, locals: 11, doubles: 3, body }
}
