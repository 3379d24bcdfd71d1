/**
 * `-m state --state …`: what the packet's connection is. There is no connection tracking here: the match is read
 * and printed, and a rule with it is refused where frames are to be decided.
 */
import type { MatchExtension } from '../extension.js'
import { parseNames } from './names.js'

/** As iptables-save prints them. */
export const STATES = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED'] as const

/** The state match. */
export const state: MatchExtension = {
  name: 'state',
  options: { state: { argument: 'STATE[,…]', negatable: true } },
  read(given) {
    const option = given.oneOf('state')
    const states = parseNames(option, STATES).join(',')
    return { name: 'state', text: `${option.negated ? '! ' : ''}--state ${states}` }
  },
}
