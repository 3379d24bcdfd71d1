/** `-m limit --limit RATE --limit-burst PACKETS`: holds for so many packets in a time, all packets alike. */
import type { MatchExtension } from '../extension.js'
import type { Packet } from '../packet.js'
import { RuleError } from '../rule-error.js'
import { elapsed, HZ, jiffies } from './jiffies.js'
import { formatRate, parseRate } from './rate.js'

/** The kernel reckons periods in seconds × 10 000 (XT_LIMIT_SCALE). */
const SCALE = 10_000
const DEFAULT_RATE = '3/hour'
const DEFAULT_BURST = 5
const GREATEST_BURST = 10_000

/** The greatest power of two with which the credit of a day is below 2^32 (CREDITS_PER_JIFFY). */
const CREDITS_PER_JIFFY = 2 ** (31 - Math.clz32(0xffffffff / (HZ * 86_400)))
const CREDITS_PER_SECOND = HZ * CREDITS_PER_JIFFY

/** The limit match. */
export const limit: MatchExtension = {
  name: 'limit',
  options: { limit: { argument: 'PACKETS[/UNIT]' }, 'limit-burst': { argument: 'PACKETS' } },
  read(given) {
    const rate = given.value('limit', DEFAULT_RATE)
    const period = parseRate(rate, '--limit', SCALE)
    const burst = given.number('limit-burst', 0, GREATEST_BURST, DEFAULT_BURST)
    const cost = credits(period)
    const most = credits((period * burst) >>> 0)
    if (burst === 0 || most < cost)
      throw new RuleError(`--limit ${rate} --limit-burst ${burst}: ${expectation(period)}`)
    const text = `--limit ${formatRate(period, SCALE)}`
    return {
      name: 'limit',
      text: burst === DEFAULT_BURST ? text : `${text} --limit-burst ${burst}`,
      start: () => spend(cost, most),
    }
  },
}

/**
 * The kernel multiplies in 32 bits. Beyond them it takes what is left, and only refuses it when that does not pay
 * for one packet: of some bursts above the one named here less is allowed than they say.
 */
function expectation(period: number): string {
  const burst = Math.floor(0xffffffff / period)
  return `expected a burst of ${burst === 1 ? '1' : `1-${Math.min(burst, GREATEST_BURST)}`} at this rate`
}

/** What a time in seconds × SCALE is worth; in 32 bits, so beyond a week or so rounded to seconds (user2credits). */
function credits(time: number): number {
  if (time > 0xffffffff / CREDITS_PER_SECOND) return (Math.floor(time / SCALE) * CREDITS_PER_SECOND) >>> 0
  return Math.floor((time * CREDITS_PER_SECOND) / SCALE)
}

/**
 * As limit_mt: each tick adds credit up to `most`, each packet that the match holds for takes `cost` of it. Sums
 * are of 32 bits as there: after 37 hours without a packet credit begins again from nothing.
 */
function spend(cost: number, most: number): (packet: Packet) => boolean {
  let credit = most
  let last = -1
  return (packet) => {
    const now = jiffies(packet.now)
    if (last !== -1) credit = Math.min(most, (credit + elapsed(last, now) * CREDITS_PER_JIFFY) >>> 0)
    last = now
    if (credit < cost) return false
    credit -= cost
    return true
  }
}
