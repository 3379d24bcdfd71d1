/** `-m connlimit`: how many connections a host has. Read and printed only: no connections are kept here. */
import type { MatchExtension } from '../extension.js'
import type { GivenOption } from '../given.js'
import { maskOf, parseNumber } from '../numbers.js'
import { RuleError } from '../rule-error.js'
import { parseIpv4 } from '../../wire/address.js'

const GREATEST = 0xffffffff

/** The connlimit match. */
export const connlimit: MatchExtension = {
  name: 'connlimit',
  tracks: true,
  options: {
    'connlimit-upto': { argument: 'NUMBER', negatable: true },
    'connlimit-above': { argument: 'NUMBER', negatable: true },
    'connlimit-mask': { argument: 'LENGTH' },
    'connlimit-saddr': { argument: null },
    'connlimit-daddr': { argument: null },
  },
  read(given) {
    const { name, value, negated } = given.oneOf('connlimit-upto', 'connlimit-above')
    const number = parseNumber(value, `--${name}`, 0, GREATEST)
    const isAbove = (name === 'connlimit-above') !== negated
    const byDestination = given.has('connlimit-daddr')
    if (byDestination && given.has('connlimit-saddr'))
      throw new RuleError('--connlimit-saddr and --connlimit-daddr: expected only one of them')
    const parts = [
      `--connlimit-${isAbove ? 'above' : 'upto'} ${number}`,
      `--connlimit-mask ${parseMask(given.option('connlimit-mask'))}`,
      `--connlimit-${byDestination ? 'daddr' : 'saddr'}`,
    ]
    return { name: 'connlimit', text: parts.join(' ') }
  },
}

/** In bits, or as an address of which the first bits are set. */
function parseMask(given: GivenOption | null): number {
  if (given === null) return 32
  const { name, value } = given
  if (/^\d+$/.test(value)) return parseNumber(value, `--${name}`, 0, 32)
  const mask = parseIpv4(value)
  if (mask === null || maskOf(Math.clz32(~mask)) !== mask)
    throw new RuleError(`--${name} ${value}: expected a length from 0 to 32`)
  return Math.clz32(~mask)
}
