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
    const { name } = chain
    const rules = askedRules(chain).map((rule, i): LoweredRule => ({
      id: first + i,
      chain: name,
      rule,
      tests: testsOf(rule),
      action: actionOf(rule),
    }))
    first += chain.rules.length
    return { name, isBuiltIn: chain.policy !== null, rules }
  })
}

function testsOf(rule: Rule): Test[] {
  const tests: Test[] = []
  pushAddress(tests, 'source', rule.source)
  pushAddress(tests, 'destination', rule.destination)
  pushInterface(tests, 'inInterface', rule.inInterface)
  pushInterface(tests, 'outInterface', rule.outInterface)
  if (rule.protocol !== 0) push(tests, 'protocol', 0xff, rule.protocol, rule.protocolNegated)
  rule.matches.forEach(({ conditions }, match) => {
    if (conditions === undefined) tests.push({ kind: 'match', match })
    else for (const condition of conditions) tests.push({ kind: 'condition', condition })
  })
  return tests
}

function pushAddress(tests: Test[], field: Field, { address, mask, negated }: AddressTest): void {
  if (mask !== 0 || negated) push(tests, field, mask, address, negated)
}

function push(tests: Test[], field: Field, mask: number, value: number, negated: boolean): void {
  tests.push({ kind: 'condition', condition: { field, mask, ranges: [[value, value]], negated } })
}

function pushInterface(tests: Test[], side: 'inInterface' | 'outInterface', test: InterfaceTest): void {
  if (test.name !== '' && (test.name !== '+' || test.negated)) tests.push({ kind: 'interface', side, test })
}

const CONTINUE: Action = { kind: 'continue' }
const CALL: Action = { kind: 'call' }
const PLAIN: Partial<Record<string, Action>> = {
  ACCEPT: { kind: 'accept' },
  DROP: { kind: 'drop' },
  RETURN: { kind: 'return' },
}

function actionOf({ target }: Rule): Action {
  if (target === null) return CONTINUE
  if (isJump(target)) return { kind: target.goto ? 'goto' : 'jump', chain: target.chain }
  return PLAIN[target.name] ?? CALL
}
