/** `3/hour`: packets per time, as limit and hashlimit take and print them. */
import { RuleError } from '../rule-error.js'

/** Seconds of each unit that may follow the slash, any beginning of it, in any case. */
const UNITS: ReadonlyArray<readonly [name: string, seconds: number]> = [
  ['second', 1],
  ['minute', 60],
  ['hour', 3600],
  ['day', 86_400],
]
/** As iptables-save writes them, the longest first. */
const PRINTED: ReadonlyArray<readonly [name: string, seconds: number]> = [
  ['day', 86_400],
  ['hour', 3600],
  ['min', 60],
  ['sec', 1],
]
/** No rate has more digits that is not too fast. */
const RATE = /^(\d{1,15})(?:\/(.+))?$/

/** A rate, turned around: how long a packet takes. */
export interface PacketRate {
  /** In units of 1/scale seconds, a whole number. */
  period: number
  /** Seconds of the unit that the rate was given in. */
  unit: number
}

/** Takes `NUMBER` or `NUMBER/UNIT`; `scale` is how finely a second is divided, and so the fastest rate. */
export function parseRate(text: string, what: string, scale: number): PacketRate {
  const [, digits, unit = 'second'] = RATE.exec(text) ?? []
  const found = UNITS.find(([name]) => name.startsWith(unit.toLowerCase()))
  if (found === undefined || !(Number(digits) > 0))
    throw new RuleError(`${what} ${text}: expected NUMBER or NUMBER/second, /minute, /hour or /day`)
  const period = Math.floor((scale * found[1]) / Number(digits))
  if (period === 0) throw new RuleError(`${what} ${text}: too fast, expected at most ${scale}/second`)
  return { period, unit: found[1] }
}

/** In the longest unit in which the rate comes out well (print_rate). */
export function formatRate(period: number, scale: number): PacketRate & { text: string } {
  let i = 1
  for (; i < PRINTED.length; i++) {
    const most = PRINTED[i][1] * scale
    if (period > most || Math.floor(most / period) < most % period) break
  }
  const [name, unit] = PRINTED[i - 1]
  return { period, unit, text: `${Math.floor((unit * scale) / period)}/${name}` }
}
