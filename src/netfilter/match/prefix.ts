/** Masks that must be prefixes. */
import { maskOf } from '../numbers.js'
import { RuleError } from '../rule-error.js'
import { parseIpv4 } from '../../wire/address.js'

/** The length of a prefix, by its number or as a mask: 24 of `24` and of `255.255.255.0`. */
export function parsePrefix(text: string, what: string): number {
  const mask = parseIpv4(text)
  const length = mask === null ? text : String(Math.clz32(~mask))
  if (!/^\d{1,2}$/.test(length) || Number(length) > 32 || (mask !== null && maskOf(Number(length)) !== mask))
    throw new RuleError(`${what} ${text}: expected a length of 0-32 or the mask of a prefix`)
  return Number(length)
}
