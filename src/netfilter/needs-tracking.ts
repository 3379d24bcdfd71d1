/** Whether rules ask for connections: without such a rule the kernel tracks none, and asks no table nat. */
import { MATCHES } from './matches.js'
import { isJump } from './rule.js'
import type { Rule, RuleSet } from './rule.js'
import { TARGETS } from './targets.js'

/** Rules that are never asked count too. */
export function needsTracking({ tables }: RuleSet): boolean {
  for (const { chains } of tables.values())
    for (const { rules } of chains.values()) if (rules.some(asks)) return true
  return false
}

function asks({ matches, target }: Rule): boolean {
  if (matches.some(({ name }) => MATCHES.get(name)?.tracks === true)) return true
  if (target === null || isJump(target)) return false
  // That a packet is not to be tracked asks for nothing.
  if (target.name === 'CT') return target.text !== '--notrack'
  return TARGETS.get(target.name)?.tracks === true
}
