/** Rates of packets, `10/minute`, as limit and hashlimit take them. They are kept as the time for one packet. */
import { RuleError } from '../rule-error.js'

/** Units with the seconds of each, and as iptables-save prints them. */
const UNITS = [
  { name: 'day', printed: 'day', seconds: 86_400 },
  { name: 'hour', printed: 'hour', seconds: 3600 },
  { name: 'minute', printed: 'min', seconds: 60 },
  { name: 'second', printed: 'sec', seconds: 1 },
] as const

/**
 * The time for one packet, in seconds × `scale`, rounded down. The unit may be shortened and is seconds where it
 * is left out. As many packets a second as `scale` is the fastest rate.
 */
export function parseRate(text: string, what: string, scale: number): number {
  const [, digits, given = 'second'] = /^(\d+)(?:\/([a-z]+))?$/i.exec(text) ?? []
  const unit = UNITS.find(({ name }) => name.startsWith(given.toLowerCase()))
  const packets = Number(digits)
  if (unit === undefined || !(packets > 0))
    throw new RuleError(`${what} ${text}: expected PACKETS/second, /minute, /hour or /day`)
  if (Math.floor(packets / unit.seconds) > scale)
    throw new RuleError(`${what} ${text}: expected at most ${scale} packets a second`)
  return Math.floor((scale * unit.seconds) / packets)
}

/** As iptables-save prints it: in the greatest unit in which rounding does not show much. */
export function formatRate(period: number, scale: number): string {
  let chosen: (typeof UNITS)[number] = UNITS[0]
  for (const unit of UNITS) {
    const whole = unit.seconds * scale
    if (period > whole || Math.floor(whole / period) < whole % period) break
    chosen = unit
  }
  return `${Math.floor((chosen.seconds * scale) / period)}/${chosen.printed}`
}
