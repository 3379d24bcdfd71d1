/**
 * Second pass: tests that always hold go, rules that cannot hold for a packet that is whole go, and what nobody
 * jumps to goes. The counters of what is gone stay 0, as they would be.
 */
import { HOOK_NAMES } from '../hook.js'
import type { LoweredChain, LoweredRule, Test } from './lower.js'

/** The chains that a hook leads to, shortened. */
export function simplify(chains: readonly LoweredChain[]): LoweredChain[] {
  const byName = new Map(
    chains.map((chain) => [chain.name, { ...chain, rules: chain.rules.flatMap(shorten) }]),
  )
  const reached = new Set<string>(HOOK_NAMES.filter((name) => byName.has(name)))
  for (const name of reached)
    for (const { action } of byName.get(name)!.rules) if ('chain' in action) reached.add(action.chain)
  return [...reached].map((name) => byName.get(name)!)
}

function shorten(lowered: LoweredRule): LoweredRule[] {
  // `-f` is asked of fragments alone, and those are not decided here.
  if (lowered.rule.fragment === true) return []
  const tests = lowered.tests.filter((test) => !alwaysHolds(test))
  // A match before the impossible test is asked all the same, and may remember it.
  const end = tests.findIndex(({ kind }) => kind === 'match')
  const isImpossible = tests.slice(0, end === -1 ? tests.length : end).some(neverHolds)
  return isImpossible ? [] : [{ ...lowered, tests }]
}

function alwaysHolds(test: Test): boolean {
  if (test.kind !== 'condition') return false
  const { mask, ranges, negated } = test.condition
  return !negated && ranges.some(([least, greatest]) => least === 0 && greatest >= mask)
}

function neverHolds(test: Test): boolean {
  if (test.kind !== 'condition') return false
  const { mask, ranges, negated } = test.condition
  return negated && ranges.some(([least, greatest]) => least === 0 && greatest >= mask)
}
