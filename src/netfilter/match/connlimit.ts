/**
 * `-m connlimit`: how many connections an address has. There is no connection tracking here: the match is read
 * and printed, and a rule with it is refused where frames are to be decided.
 */
import type { MatchExtension } from '../extension.js'
import type { Given } from '../given.js'
import { RuleError } from '../rule-error.js'
import { parsePrefix } from './prefix.js'

const GREATEST = 0xffffffff

/** The connlimit match. */
export const connlimit: MatchExtension = {
  name: 'connlimit',
  options: {
    'connlimit-upto': { argument: 'CONNECTIONS', negatable: true },
    'connlimit-above': { argument: 'CONNECTIONS', negatable: true },
    'connlimit-mask': { argument: 'LENGTH|MASK' },
    'connlimit-saddr': { argument: null },
    'connlimit-daddr': { argument: null },
  },
  read(given) {
    const { name, negated } = given.oneOf('connlimit-upto', 'connlimit-above')
    const connections = given.number(name, 0, GREATEST, 0)
    // `! --connlimit-upto` and --connlimit-above are the same.
    const isAbove = (name === 'connlimit-above') !== negated
    const mask = parsePrefix(given.value('connlimit-mask', '32'), '--connlimit-mask')
    const text = `--connlimit-${isAbove ? 'above' : 'upto'} ${connections} --connlimit-mask ${mask}`
    return { name: 'connlimit', text: `${text} ${readSide(given)}` }
  },
}

function readSide(given: Given): string {
  const isDestination = given.has('connlimit-daddr')
  if (isDestination && given.has('connlimit-saddr'))
    throw new RuleError('--connlimit-saddr and --connlimit-daddr: expected only one of them')
  return isDestination ? '--connlimit-daddr' : '--connlimit-saddr'
}
