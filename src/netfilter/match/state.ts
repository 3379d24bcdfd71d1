/** `-m state`: what a packet is to its connection. Read and printed only: no connections are kept here. */
import type { MatchExtension } from '../extension.js'
import { parseNames } from './name-list.js'

/** As they are looked for. */
export const STATES: readonly string[] = ['INVALID', 'NEW', 'ESTABLISHED', 'RELATED', 'UNTRACKED']
/** As iptables-save prints them. */
export const PRINTED_STATES: readonly string[] = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED']

/** The state match. */
export const state: MatchExtension = {
  name: 'state',
  options: { state: { argument: 'STATE[,…]', negatable: true } },
  read(given) {
    const option = given.oneOf('state')
    const states = parseNames(option, STATES, PRINTED_STATES)
    return { name: 'state', text: `${option.negated ? '! ' : ''}--state ${states.join(',')}` }
  },
}
