/** Which rules packets can come to: the kernel judges only those (mark_source_chains). */
import { isJump } from './rule.js'
import type { Chain, Rule } from './rule.js'

/** The rules of a chain up to the first that ends it for every packet: those behind it are never asked. */
export function askedRules({ rules }: Chain): readonly Rule[] {
  const end = rules.findIndex(endsChain)
  return end === -1 ? rules : rules.slice(0, end + 1)
}

/** The chains that these rules jump to. */
export function jumpsOf(chain: Chain): string[] {
  return askedRules(chain).flatMap(({ target }) => (isJump(target) ? [target.chain] : []))
}

const VERDICTS = new Set(['ACCEPT', 'DROP', 'RETURN'])

function endsChain(rule: Rule): boolean {
  const { source, destination, inInterface, outInterface, protocol, fragment, matches, target } = rule
  if (matches.length > 0 || target === null || isJump(target) || !VERDICTS.has(target.name)) return false
  if (source.mask !== 0 || destination.mask !== 0 || source.negated || destination.negated) return false
  return inInterface.name === '' && outInterface.name === '' && protocol === 0 && fragment === null
}
