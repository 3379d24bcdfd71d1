/** Second pass: the rules of a table that packets can come to, numbered through all tables. */
import { askedRules } from '../reach.js'
import type { Rule, Table } from '../rule.js'
import { shapeOf } from './shape.js'
import type { Shape } from './shape.js'

/** A rule in its place. */
export interface LoweredRule {
  id: number
  /** The chain that it is in. */
  chain: string
  rule: Rule
  shape: Shape
}

/** A chain of such rules. */
export interface LoweredChain {
  name: string
  isBuiltIn: boolean
  rules: LoweredRule[]
}

/** After so many rules somebody may want to do something else. */
const RULES_AT_ONCE = 256

/**
 * The chains that a hook leads to; `firstId` is the number of the table's first rule. What is left out is never
 * asked, or cannot hold: its counters stay 0, as they would. `pause` is called now and then.
 */
export function lower(table: Table, firstId: number, pause: () => void): LoweredChain[] {
  const chains = new Map<string, LoweredChain>()
  let first = firstId
  for (const chain of table.chains.values()) {
    const { name } = chain
    const rules: LoweredRule[] = []
    let id = first
    for (const rule of askedRules(chain)) {
      const shape = shapeOf(rule)
      if (shape.canHold) rules.push({ id, chain: name, rule, shape })
      if (++id % RULES_AT_ONCE === 0) pause()
    }
    chains.set(name, { name, isBuiltIn: chain.policy !== null, rules })
    first += chain.rules.length
  }
  return reached(chains)
}

function reached(chains: ReadonlyMap<string, LoweredChain>): LoweredChain[] {
  const names = new Set<string>()
  for (const { name, isBuiltIn } of chains.values()) if (isBuiltIn) names.add(name)
  for (const name of names)
    for (const { shape } of chains.get(name)!.rules)
      if ('chain' in shape.action) names.add(shape.action.chain)
  return [...names].map((name) => chains.get(name)!)
}
