/** Which frames of a capture are wanted, in the words of a rule: `-p udp --dport 67`. A frame is asked about by itself. */
import { needsTracking } from './needs-tracking.js'
import { parseRule } from './parse-rule.js'
import { RuleError } from './rule-error.js'
import { parseRules } from './rule-script.js'
import type { RuleSet } from './rule.js'

const PLACE = { table: 'filter', chain: 'FORWARD', line: 1, hasChain: () => false } as const
const NOTHING = Buffer.from('*filter\n:FORWARD DROP [0:0]\nCOMMIT\n')

/** Rules whose chain FORWARD accepts what has all that the words ask for, and nothing else. Throws a RuleError. */
export function parseFilter(words: readonly string[]): RuleSet {
  const asked = parseRule(words, PLACE)
  if (asked.some(({ target }) => target !== null))
    throw new RuleError('-j or -g: a filter only asks, expected matches alone')
  const rules = parseRules('the filter', NOTHING)
  rules.tables
    .get('filter')!
    .chains.get('FORWARD')!
    .rules.push(...parseRule([...words, '-j', 'ACCEPT'], PLACE))
  if (needsTracking(rules))
    throw new RuleError('a filter sees each frame by itself: no match may ask for its connection')
  return rules
}
