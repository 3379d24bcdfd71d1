/**
 * How hashlimit measures a flow (rateinfo of xt_hashlimit): three kinds of arithmetic over a record of numbers that
 * the table holds for each flow. Time is in jiffies.
 */
import { HZ } from './jiffies.js'

/** What a rate is, as the kernel is told it. */
export interface Metering {
  inBytes: boolean
  /** Millionths of a second that a packet takes; in bytes, what 16 of them cost, as a part of 2^32. */
  average: number
  /** Packets; in bytes, how often the credit of a second is filled up at once. */
  burst: number
  /** `--hashlimit-rate-match`: seconds over which is counted; 0: credit is given instead. */
  interval: number
}

/** Numbers that a meter keeps of a flow. */
export const RECORD = 3
const [PREVIOUS, FIRST, SECOND] = [0, 1, 2]

/** One kind of arithmetic; `at` is where the flow's record begins. */
export interface Meter {
  /** The flow is new. */
  begin(records: Float64Array, at: number, now: number): void
  /** Time may have passed since it was last seen. */
  advance(records: Float64Array, at: number, now: number): void
  /** Whether a packet of so many bytes is within the limit; what it costs is taken. */
  allows(records: Float64Array, at: number, bytes: number): boolean
}

/** The meter for a rate. */
export function createMeter(metering: Metering): Meter {
  if (metering.interval > 0) return windowMeter(metering)
  return metering.inBytes ? byteMeter(metering) : packetMeter(metering)
}

/** The greatest power of two with which a day fits into 64 bits (CREDITS_PER_JIFFY). */
const CREDIT_BITS = 39n
const CREDIT_PER_JIFFY = 2 ** Number(CREDIT_BITS)
const CREDIT_PER_MICROSECOND = (BigInt(HZ) << CREDIT_BITS) / 1_000_000n
/** Whole jiffies of credit that fit into 64 bits beside the rest; more overflow, as in the kernel. */
const MOST_JIFFIES = 2 ** (64 - Number(CREDIT_BITS))

/** The credit of a burst of packets, in 64 bits (user2credits). */
export function creditOf(average: number, burst: number): bigint {
  return BigInt.asUintN(64, BigInt.asUintN(64, BigInt(average) * BigInt(burst)) * CREDIT_PER_MICROSECOND)
}

/** A number does not hold 64 bits: whole jiffies of it, and the rest. */
function split(credit: bigint): [jiffies: number, rest: number] {
  return [Number(credit >> CREDIT_BITS), Number(BigInt.asUintN(Number(CREDIT_BITS), credit))]
}

/** Record: when, whole jiffies of credit, the rest. */
function packetMeter({ average, burst }: Metering): Meter {
  const [costJiffies, costRest] = split(creditOf(average, 1))
  const [mostJiffies, mostRest] = split(creditOf(average, burst))
  return {
    begin(records, at, now) {
      records[at + PREVIOUS] = now
      records[at + FIRST] = mostJiffies
      records[at + SECOND] = mostRest
    },
    advance(records, at, now) {
      const elapsed = now - records[at + PREVIOUS]
      if (elapsed <= 0) return
      records[at + PREVIOUS] = now
      const jiffies = (records[at + FIRST] + elapsed) % MOST_JIFFIES
      records[at + FIRST] = jiffies
      if (jiffies < mostJiffies || (jiffies === mostJiffies && records[at + SECOND] <= mostRest)) return
      records[at + FIRST] = mostJiffies
      records[at + SECOND] = mostRest
    },
    allows(records, at) {
      const jiffies = records[at + FIRST]
      const rest = records[at + SECOND]
      if (jiffies < costJiffies || (jiffies === costJiffies && rest < costRest)) return false
      const borrowed = rest < costRest ? 1 : 0
      records[at + FIRST] = jiffies - costJiffies - borrowed
      records[at + SECOND] = rest - costRest + borrowed * CREDIT_PER_JIFFY
      return true
    },
  }
}

/** The greatest power of two with which a second fits into 32 bits (CREDITS_PER_JIFFY_BYTES). */
const BYTE_CREDIT_PER_JIFFY = 2 ** 24
const BYTE_CREDIT = BYTE_CREDIT_PER_JIFFY * HZ
const CHUNK = 16

/** The credit that 16 bytes cost (user2credits_byte); 0: the rate is too great. */
export function byteCostOf(average: number): number {
  return Number((BigInt(average) * BigInt(BYTE_CREDIT)) >> 32n)
}

/** Record: when, credit, how often it may still be filled up. */
function byteMeter({ average, burst }: Metering): Meter {
  const cost = byteCostOf(average)
  return {
    begin(records, at, now) {
      records[at + PREVIOUS] = now
      records[at + FIRST] = BYTE_CREDIT
      records[at + SECOND] = burst
    },
    advance(records, at, now) {
      const elapsed = now - records[at + PREVIOUS]
      if (elapsed <= 0) return
      records[at + PREVIOUS] = now
      records[at + FIRST] = Math.min(records[at + FIRST] + elapsed * BYTE_CREDIT_PER_JIFFY, BYTE_CREDIT)
    },
    allows(records, at, bytes) {
      const price = Math.min((Math.floor(bytes / CHUNK) + 1) * cost, BYTE_CREDIT)
      if (records[at + FIRST] < price && records[at + SECOND] > 0) {
        records[at + SECOND]--
        records[at + FIRST] = BYTE_CREDIT
      }
      if (records[at + FIRST] < price) return false
      records[at + FIRST] -= price
      return true
    },
  }
}

/** Record: when the interval began, what was counted in it, whether the one before was over the rate (1). */
function windowMeter({ inBytes, average, burst, interval }: Metering): Meter {
  const rate = inBytes ? (Math.floor(0xffffffff / average) - 1) * CHUNK : Math.floor(1_000_000 / average)
  const most = inBytes ? rate * (burst === 0 ? 1 : burst) : rate + burst
  const jiffies = interval * HZ
  return {
    begin(records, at, now) {
      records[at + PREVIOUS] = now
      records[at + FIRST] = 0
      records[at + SECOND] = 0
    },
    advance(records, at, now) {
      const elapsed = now - records[at + PREVIOUS]
      if (elapsed < jiffies) return
      records[at + PREVIOUS] = now
      records[at + SECOND] = records[at + FIRST] * jiffies > elapsed * rate ? 1 : 0
      records[at + FIRST] = 0
    },
    allows(records, at, bytes) {
      records[at + FIRST] += inBytes ? bytes : 1
      return records[at + SECOND] === 0 && records[at + FIRST] <= most
    },
  }
}
