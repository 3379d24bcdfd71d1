/** Rules about connections, for a packet of which it is assumed what its connection is. */
import type { Match, RuleSet } from './rule.js'

/** The states that a packet can be assumed to have. */
export const ASSUMABLE_STATES = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'] as const

/** What can be assumed. */
export type AssumedState = (typeof ASSUMABLE_STATES)[number]

/** The same rules, `-m state` and `-m conntrack --ctstate` of them deciding as if every packet had this state. */
export function assumeState(rules: RuleSet, state: AssumedState): RuleSet {
  for (const { chains } of rules.tables.values())
    for (const chain of chains.values())
      for (const rule of chain.rules) {
        rule.matches = rule.matches.map((match) => assuming(match, state))
        rule.shape = null
      }
  return rules
}

/** Only where the states are all that the match asks. */
function assuming(match: Match, state: AssumedState): Match {
  const asked = /^(! )?--(?:ct)?state ([A-Z,]+)$/.exec(match.text)
  if (asked === null || (match.name !== 'state' && match.name !== 'conntrack')) return match
  const holds = asked[2].split(',').includes(state) !== (asked[1] !== undefined)
  return { ...match, start: () => () => holds, conditions: undefined }
}
