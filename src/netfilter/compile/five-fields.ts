/** Tests as data: bounds of the five fields that most rules ask for, and the rest. */
import type { Condition } from '../condition.js'
import type { Test } from './test.js'

/** Bounds of what most rules ask for; addresses unsigned. */
export interface FiveFields {
  source: number
  sourceMask: number
  destination: number
  destinationMask: number
  /** -1 for any. */
  protocol: number
  sourcePorts: readonly [least: number, greatest: number]
  destinationPorts: readonly [least: number, greatest: number]
}

const ANY_PORT = [0, 65_535] as const
const NOTHING: readonly Test[] = []

/** The tests in two parts: `rest` is asked when the fields are within their bounds. */
export function fieldsOf(tests: readonly Test[]): { fields: FiveFields; rest: readonly Test[] } {
  const fields: FiveFields = {
    source: 0,
    sourceMask: 0,
    destination: 0,
    destinationMask: 0,
    protocol: -1,
    sourcePorts: ANY_PORT,
    destinationPorts: ANY_PORT,
  }
  let rest: Test[] | null = null
  let isBehindMatch = false
  for (const test of tests) {
    // What comes behind a match of its own kind stays behind it: it may remember that it was asked.
    isBehindMatch ||= test.kind === 'match'
    if (isBehindMatch || test.kind !== 'condition' || !take(fields, test.condition)) (rest ??= []).push(test)
  }
  return { fields, rest: rest ?? NOTHING }
}

/** Whether the condition is one of a field's bounds, which it then is in `fields`. */
function take(fields: FiveFields, { field, mask, ranges, negated }: Condition): boolean {
  if (negated || ranges.length !== 1) return false
  const least = ranges[0][0]
  const isOne = least === ranges[0][1]
  switch (field) {
    case 'source':
      if (!isOne || fields.sourceMask !== 0) return false
      fields.source = least
      fields.sourceMask = mask
      return true
    case 'destination':
      if (!isOne || fields.destinationMask !== 0) return false
      fields.destination = least
      fields.destinationMask = mask
      return true
    case 'protocol':
      if (!isOne || fields.protocol !== -1) return false
      fields.protocol = least
      return true
    case 'source-port':
      if (mask !== 0xffff || fields.sourcePorts !== ANY_PORT) return false
      fields.sourcePorts = ranges[0]
      return true
    case 'destination-port':
      if (mask !== 0xffff || fields.destinationPorts !== ANY_PORT) return false
      fields.destinationPorts = ranges[0]
      return true
    default:
      return false
  }
}
