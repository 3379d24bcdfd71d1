/** Which rules packets can come to: the kernel judges only those (mark_source_chains). */
import { isJump } from './rule.js'
import type { Chain, Rule } from './rule.js'

/** The rules of a chain up to the first that ends it for every packet: those behind it are never asked. */
export function askedRules({ rules }: Chain): readonly Rule[] {
  const end = endOf(rules)
  return end === rules.length ? rules : rules.slice(0, end)
}

/** The chains that these rules jump to. */
export function jumpsOf({ rules }: Chain): string[] {
  const chains: string[] = []
  const end = endOf(rules)
  for (let i = 0; i < end; i++) {
    const { target } = rules[i]
    if (isJump(target)) chains.push(target.chain)
  }
  return chains
}

/** The place behind the last rule that is asked. Loops: a set in which one rule changed is gone through while packets wait. */
function endOf(rules: readonly Rule[]): number {
  for (let i = 0; i < rules.length; i++) if (endsChain(rules[i])) return i + 1
  return rules.length
}

const VERDICTS = new Set(['ACCEPT', 'DROP', 'RETURN'])

function endsChain(rule: Rule): boolean {
  const { source, destination, inInterface, outInterface, protocol, fragment, matches, target } = rule
  if (matches.length > 0 || target === null || isJump(target) || !VERDICTS.has(target.name)) return false
  if (source.mask !== 0 || destination.mask !== 0 || source.negated || destination.negated) return false
  return inInterface.name === '' && outInterface.name === '' && protocol === 0 && fragment === null
}
