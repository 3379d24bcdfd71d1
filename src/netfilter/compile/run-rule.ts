/** A rule as data: bounds of the five fields that most rules ask for, and the rest. */
import type { Condition } from '../condition.js'
import type { LoweredRule, Test } from './lower.js'

/** A rule of a run: what it asks of the five fields, as bounds, addresses unsigned; and what it asks after them. */
export interface RunRule {
  lowered: LoweredRule
  source: number
  sourceMask: number
  destination: number
  destinationMask: number
  /** -1 for any. */
  protocol: number
  sourcePorts: readonly [least: number, greatest: number]
  destinationPorts: readonly [least: number, greatest: number]
  rest: readonly Test[]
}

const ANY_PORT = [0, 65_535] as const
const NOTHING: readonly Test[] = []

/** A rule as data. */
export function asRunRule(lowered: LoweredRule): RunRule {
  const run: RunRule = {
    lowered,
    source: 0,
    sourceMask: 0,
    destination: 0,
    destinationMask: 0,
    protocol: -1,
    sourcePorts: ANY_PORT,
    destinationPorts: ANY_PORT,
    rest: NOTHING,
  }
  let rest: Test[] | null = null
  let isBehindMatch = false
  for (const test of lowered.tests) {
    // What comes behind a match of its own kind stays behind it: it may remember that it was asked.
    isBehindMatch ||= test.kind === 'match'
    if (isBehindMatch || test.kind !== 'condition' || !take(run, test.condition)) (rest ??= []).push(test)
  }
  if (rest !== null) run.rest = rest
  return run
}

/** Whether the condition is one of a field's bounds, which it then is in `run`. */
function take(run: RunRule, { field, mask, ranges, negated }: Condition): boolean {
  if (negated || ranges.length !== 1) return false
  const least = ranges[0][0]
  const isOne = least === ranges[0][1]
  switch (field) {
    case 'source':
      if (!isOne || run.sourceMask !== 0) return false
      run.source = least
      run.sourceMask = mask
      return true
    case 'destination':
      if (!isOne || run.destinationMask !== 0) return false
      run.destination = least
      run.destinationMask = mask
      return true
    case 'protocol':
      if (!isOne || run.protocol !== -1) return false
      run.protocol = least
      return true
    case 'source-port':
      if (mask !== 0xffff || run.sourcePorts !== ANY_PORT) return false
      run.sourcePorts = ranges[0]
      return true
    case 'destination-port':
      if (mask !== 0xffff || run.destinationPorts !== ANY_PORT) return false
      run.destinationPorts = ranges[0]
      return true
    default:
      return false
  }
}
