/** The second byte of the IPv4 header as rules name it: type of service (RFC 1349), or DSCP (RFC 2474) and ECN. */
import { parseMasked, parseNumber } from './numbers.js'
import type { Masked } from './numbers.js'
import { RuleError } from './rule-error.js'

/** What the names of `--tos` ask: all but ECN's two bits. */
const NAMED_MASK = 0x3f
const TOS_NAMES: ReadonlyMap<string, number> = new Map([
  ['minimize-delay', 0x10],
  ['maximize-throughput', 0x08],
  ['maximize-reliability', 0x04],
  ['minimize-cost', 0x02],
  ['normal-service', 0x00],
])

/** DSCP by class: CS0-CS7, AF11-AF43, BE, EF (RFC 2474, RFC 2597, RFC 3246). */
const DSCP_CLASSES: ReadonlyArray<readonly [name: string, dscp: number]> = [
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((n) => [`CS${n}`, n << 3] as const),
  ['BE', 0],
  ...[1, 2, 3, 4].flatMap((n) => [1, 2, 3].map((drop) => [`AF${n}${drop}`, (n << 3) | (drop << 1)] as const)),
  ['EF', 0x2e],
]

/** `VALUE`, `VALUE/MASK`, or a name in any case. */
export function parseTos(text: string, option: string): Masked {
  const named = TOS_NAMES.get(text.toLowerCase())
  if (named !== undefined) return { value: named, mask: NAMED_MASK }
  if (/^\d/.test(text)) return parseMasked(text, option, 0xff)
  throw new RuleError(`${option} ${text}: expected VALUE[/MASK] or ${[...TOS_NAMES.keys()].join(', ')}`)
}

/** As iptables-save prints both: `0x10/0x3f`. */
export function formatTos({ value, mask }: Masked): string {
  return `${hexByte(value)}/${hexByte(mask)}`
}

/** A DSCP by its number, 0 to 63. */
export function parseDscp(text: string, option: string): number {
  return parseNumber(text, option, 0, 63)
}

/** A DSCP by its class, in any case; iptables looks no further than the name goes: `EFx` is EF. */
export function parseDscpClass(text: string, option: string): number {
  const upper = text.toUpperCase()
  const found = DSCP_CLASSES.find(([name]) => upper.startsWith(name))
  if (found === undefined)
    throw new RuleError(`${option} ${text}: expected ${DSCP_CLASSES.map(([name]) => name).join(', ')}`)
  return found[1]
}

/** Two digits, as both are printed. */
export function hexByte(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`
}
