/**
 * First pass: what a rule asks and what it does then. It depends on the rule alone and is remembered as long as the
 * rule lives: of a set in which one rule changed only that rule is looked at anew.
 */
import type { Condition, Field } from '../condition.js'
import { isJump } from '../rule.js'
import type { AddressTest, InterfaceTest, Rule } from '../rule.js'
import { fieldsOf } from './five-fields.js'
import type { FiveFields } from './five-fields.js'
import { canHold, shorten } from './simplify.js'
import type { Action, Test } from './test.js'

/** A rule, understood. */
export interface Shape {
  tests: readonly Test[]
  action: Action
  /** Whether a packet that is whole can come through the tests, or is remembered by one of them. */
  canHold: boolean
  /** The same tests: the bounds of five fields, and what is asked after them. */
  fields: FiveFields
  rest: readonly Test[]
}

/** What a rule asks and does. */
export function shapeOf(rule: Rule): Shape {
  if (rule.shape !== null) return rule.shape as Shape
  const tests = shorten(testsOf(rule))
  // `-f` is asked of fragments alone, and those are not decided here.
  const isPossible = rule.fragment !== true && canHold(tests)
  const shape = { tests, action: actionOf(rule), canHold: isPossible, ...fieldsOf(tests) }
  rule.shape = shape
  return shape
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

/** By field, the condition that was made last: neighbouring rules often ask the same, and then share it. */
const latest = new Map<Field, Test & { kind: 'condition' }>()

function push(tests: Test[], field: Field, mask: number, value: number, negated: boolean): void {
  const last = latest.get(field)
  if (last !== undefined && asks(last.condition, mask, value, negated)) tests.push(last)
  else {
    const test = { kind: 'condition', condition: { field, mask, ranges: [[value, value]], negated } } as const
    latest.set(field, test)
    tests.push(test)
  }
}

function asks(
  { mask, ranges, negated }: Condition,
  ofMask: number,
  value: number,
  isNegated: boolean,
): boolean {
  return mask === ofMask && ranges[0][0] === value && negated === isNegated
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
