/** `-m state`: what a packet is to its connection. */
import * as entry from '../conntrack/entry.js'
import type { MatchExtension } from '../extension.js'
import type { Match } from '../rule.js'
import { parseNames } from './name-list.js'

/** As they are looked for. */
export const STATES: readonly string[] = ['INVALID', 'NEW', 'ESTABLISHED', 'RELATED', 'UNTRACKED']
/** As iptables-save prints them. */
export const PRINTED_STATES: readonly string[] = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED']

const BITS: Readonly<Record<string, number>> = {
  INVALID: entry.INVALID,
  NEW: entry.NEW,
  RELATED: entry.RELATED,
  ESTABLISHED: entry.ESTABLISHED,
  UNTRACKED: entry.UNTRACKED,
}

/** The bits of Packet.connectionState that these names are; others are none. */
export function stateBits(names: readonly string[]): number {
  return names.reduce((bits, name) => bits | (BITS[name] ?? 0), 0)
}

/** What decides whether a packet's state is one of these bits. */
export function stateDecision(bits: number, negated: boolean): Pick<Match, 'start' | 'conditions'> {
  return {
    start: () => (packet) => ((packet.connectionState & bits) !== 0) !== negated,
    conditions: [{ field: 'connection-state', mask: bits, ranges: [[0, 0]], negated: !negated }],
  }
}

/** The state match. */
export const state: MatchExtension = {
  name: 'state',
  options: { state: { argument: 'STATE[,…]', negatable: true } },
  tracks: true,
  read(given) {
    const option = given.oneOf('state')
    const { negated } = option
    const states = parseNames(option, STATES, PRINTED_STATES)
    return {
      name: 'state',
      text: `${negated ? '! ' : ''}--state ${states.join(',')}`,
      ...stateDecision(stateBits(states), negated),
    }
  },
}
