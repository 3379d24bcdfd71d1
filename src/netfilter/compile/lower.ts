/**
 * First pass: every rule as a list of tests, in the order in which ip_tables asks them, and what it does then.
 *
 *   test    a comparison of fields · the name of an interface · a match that only its own function can decide
 *   action  accept · drop · return · jump · goto · call a target · go on
 */
import type { Condition, Field } from '../condition.js'
import type { AddressTest, InterfaceTest, Rule, Table } from '../rule.js'
import { askedRules } from '../reach.js'
import { isJump } from '../rule.js'

/** What is asked of a packet. */
export type Test =
  | { kind: 'condition'; condition: Condition }
  | { kind: 'interface'; side: 'inInterface' | 'outInterface'; test: InterfaceTest }
  /** The match of this number in the rule. */
  | { kind: 'match'; match: number }

/** What is done when all tests hold. */
export type Action =
  { kind: 'accept' | 'drop' | 'return' | 'continue' | 'call' } | { kind: 'jump' | 'goto'; chain: string }

/** A rule, numbered through all tables. */
export interface LoweredRule {
  id: number
  /** The chain that it is in. */
  chain: string
  rule: Rule
  tests: Test[]
  action: Action
}

/** A chain of such rules. */
export interface LoweredChain {
  name: string
  isBuiltIn: boolean
  rules: LoweredRule[]
}

/** The chains of a table; `firstId` is the number of the first rule. Rules that are never asked are left out. */
export function lower(table: Table, firstId: number): LoweredChain[] {
  let first = firstId
  return [...table.chains.values()].map((chain) => {
    const rules = askedRules(chain).map((rule, i) => lowerRule(chain.name, rule, first + i))
    first += chain.rules.length
    return { name: chain.name, isBuiltIn: chain.policy !== null, rules }
  })
}

function lowerRule(chain: string, rule: Rule, id: number): LoweredRule {
  return { id, chain, rule, tests: testsOf(rule), action: actionOf(rule) }
}

function testsOf(rule: Rule): Test[] {
  return [
    ...addressTest('source', rule.source),
    ...addressTest('destination', rule.destination),
    ...interfaceTest('inInterface', rule.inInterface),
    ...interfaceTest('outInterface', rule.outInterface),
    ...protocolTest(rule),
    ...rule.matches.flatMap(({ conditions }, match): Test[] =>
      conditions === undefined
        ? [{ kind: 'match', match }]
        : conditions.map((condition) => ({ kind: 'condition', condition })),
    ),
  ]
}

function addressTest(field: Field, { address, mask, negated }: AddressTest): Test[] {
  if (mask === 0 && !negated) return []
  return [{ kind: 'condition', condition: { field, mask, ranges: [[address, address]], negated } }]
}

function interfaceTest(side: 'inInterface' | 'outInterface', test: InterfaceTest): Test[] {
  return test.name === '' || (test.name === '+' && !test.negated) ? [] : [{ kind: 'interface', side, test }]
}

function protocolTest({ protocol, protocolNegated }: Rule): Test[] {
  if (protocol === 0) return []
  const ranges = [[protocol, protocol]] as const
  return [
    { kind: 'condition', condition: { field: 'protocol', mask: 0xff, ranges, negated: protocolNegated } },
  ]
}

function actionOf({ target }: Rule): Action {
  if (target === null) return { kind: 'continue' }
  if (isJump(target)) return { kind: target.goto ? 'goto' : 'jump', chain: target.chain }
  if (target.name === 'ACCEPT') return { kind: 'accept' }
  if (target.name === 'DROP') return { kind: 'drop' }
  return { kind: target.name === 'RETURN' ? 'return' : 'call' }
}
