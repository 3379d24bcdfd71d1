/** `-m limit`: no more packets than a rate, after a burst. */
import type { MatchExtension } from '../extension.js'
import type { Packet } from '../packet.js'
import { RuleError } from '../rule-error.js'
import { HZ, jiffiesAt } from './jiffies.js'
import { formatRate, parseRate } from './packet-rate.js'

/** Rates are held in ten thousandths of a second (XT_LIMIT_SCALE). */
const SCALE = 10_000
const DEFAULT_RATE = '3/hour'
const DEFAULT_BURST = 5
const GREATEST_BURST = 10_000
/** The greatest power of two with which a day still fits into 32 bits (CREDITS_PER_JIFFY of xt_limit). */
const CREDITS_PER_JIFFY = 128
const CREDITS_PER_SECOND = HZ * CREDITS_PER_JIFFY
const TWO_TO_32 = 2 ** 32

/** The limit match. */
export const limit: MatchExtension = {
  name: 'limit',
  options: { limit: { argument: 'RATE' }, 'limit-burst': { argument: 'NUMBER' } },
  read(given) {
    const rate = given.value('limit', DEFAULT_RATE)
    const { period } = parseRate(rate, '--limit', SCALE)
    const burst = given.number('limit-burst', 0, GREATEST_BURST, DEFAULT_BURST)
    const cost = creditsOf(period)
    const most = creditsOf((period * burst) % TWO_TO_32)
    if (burst === 0 || most < cost)
      throw new RuleError(`--limit ${rate} with --limit-burst ${burst}: expected ${expectedBurst(burst)}`)
    const { text } = formatRate(period, SCALE)
    return {
      name: 'limit',
      text: `--limit ${text}${burst === DEFAULT_BURST ? '' : ` --limit-burst ${burst}`}`,
      start: () => decide(cost, most),
    }
  },
}

function expectedBurst(burst: number): string {
  return burst === 0 ? 'a burst of 1 at least' : 'a smaller burst, whose credit fits into 32 bits'
}

/** The credit of so many ten thousandths of a second, in 32 bits (user2credits). */
function creditsOf(period: number): number {
  const isLong = period > Math.floor(0xffffffff / CREDITS_PER_SECOND)
  const seconds = isLong ? Math.floor(period / SCALE) : period / SCALE
  return Math.floor(seconds * CREDITS_PER_SECOND) % TWO_TO_32
}

/** As limit_mt: what is gained in a long silence overflows 32 bits too. */
function decide(cost: number, most: number): (packet: Packet) => boolean {
  // In an array they are never boxed.
  const state = Float64Array.of(-1, most)
  const [PREVIOUS, CREDIT] = [0, 1]
  return (packet) => {
    const now = jiffiesAt(packet.now)
    const elapsed = state[PREVIOUS] === -1 ? 0 : Math.max(0, now - state[PREVIOUS])
    state[PREVIOUS] = Math.max(now, state[PREVIOUS])
    const gained = (state[CREDIT] + elapsed * CREDITS_PER_JIFFY) % TWO_TO_32
    const credit = gained > most ? most : gained
    const isWithin = credit >= cost
    state[CREDIT] = isWithin ? credit - cost : credit
    return isWithin
  }
}
