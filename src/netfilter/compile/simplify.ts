/**
 * Second pass: tests that always hold go, rules that cannot hold for a packet that is whole go, and what nobody
 * jumps to goes. The counters of what is gone stay 0, as they would be.
 */
import type { Condition } from '../condition.js'
import { HOOK_NAMES } from '../hook.js'
import type { LoweredChain, LoweredRule, Test } from './lower.js'

/** The chains that a hook leads to, shortened. */
export function simplify(chains: readonly LoweredChain[]): LoweredChain[] {
  const byName = new Map(
    chains.map((chain) => [chain.name, { ...chain, rules: chain.rules.filter(canHold).map(shorten) }]),
  )
  const reached = new Set<string>(HOOK_NAMES.filter((name) => byName.has(name)))
  for (const name of reached)
    for (const { action } of byName.get(name)!.rules) if ('chain' in action) reached.add(action.chain)
  return [...reached].map((name) => byName.get(name)!)
}

function canHold({ rule, tests }: LoweredRule): boolean {
  // `-f` is asked of fragments alone, and those are not decided here.
  if (rule.fragment === true) return false
  for (const test of tests) {
    // A match before the impossible test is asked all the same, and may remember it.
    if (test.kind === 'match') return true
    if (neverHolds(test)) return false
  }
  return true
}

function shorten(lowered: LoweredRule): LoweredRule {
  const { tests } = lowered
  return tests.some(alwaysHolds) ? { ...lowered, tests: tests.filter((test) => !alwaysHolds(test)) } : lowered
}

function alwaysHolds(test: Test): boolean {
  if (test.kind !== 'condition') return false
  return !test.condition.negated && holdsAll(test.condition)
}

function neverHolds(test: Test): boolean {
  if (test.kind !== 'condition') return false
  return test.condition.negated && holdsAll(test.condition)
}

function holdsAll({ mask, ranges }: Condition): boolean {
  for (const range of ranges) if (range[0] === 0 && range[1] >= mask) return true
  return false
}
