/** Tests that always hold, and rules that never do. */
import type { Condition } from '../condition.js'
import type { Test } from './test.js'

/** Whether a packet that is whole can come through the tests, or is remembered by one of them. */
export function canHold(tests: readonly Test[]): boolean {
  for (const test of tests) {
    // A match before the impossible test is asked all the same, and may remember it.
    if (test.kind === 'match') return true
    if (neverHolds(test)) return false
  }
  return true
}

/** The tests without those that always hold. */
export function shorten(tests: readonly Test[]): readonly Test[] {
  return tests.some(alwaysHolds) ? tests.filter((test) => !alwaysHolds(test)) : tests
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
