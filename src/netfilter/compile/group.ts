/**
 * Third pass: long runs of rules that ask for addresses, protocol and ports become data (run.ts); what is
 * between them stays code.
 */
import type { Condition } from '../condition.js'
import type { LoweredChain, LoweredRule, Test } from './lower.js'

/** Shorter runs are faster as code. */
export const SHORTEST_RUN = 16

/** What a rule asks of the five fields, as bounds; addresses unsigned. */
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

/** A rule of a run: its five fields, and what it asks after them. */
export interface RunRule {
  lowered: LoweredRule
  fields: FiveFields
  rest: Test[]
}

/** A stretch of a chain. */
export type Segment = { kind: 'code'; rules: LoweredRule[] } | { kind: 'run'; rules: RunRule[] }

const ANY_PORT = [0, 65_535] as const

/** The chain in stretches. */
export function group({ rules }: LoweredChain): Segment[] {
  const segments: Segment[] = []
  for (let at = 0; at < rules.length;) {
    const run: RunRule[] = []
    for (let i = at; i < rules.length; i++) {
      const rule = asRunRule(rules[i])
      if (rule.rest.length === rules[i].tests.length) break // it asks for nothing that could tell it from others
      run.push(rule)
    }
    if (run.length >= SHORTEST_RUN) segments.push({ kind: 'run', rules: run })
    else {
      const code = rules.slice(at, at + Math.max(1, run.length))
      const last = segments.at(-1)
      if (last?.kind === 'code') last.rules.push(...code)
      else segments.push({ kind: 'code', rules: code })
    }
    at += Math.max(1, run.length)
  }
  return segments
}

/** A rule as data. */
export function asRunRule(lowered: LoweredRule): RunRule {
  const fields: FiveFields = {
    source: 0,
    sourceMask: 0,
    destination: 0,
    destinationMask: 0,
    protocol: -1,
    sourcePorts: ANY_PORT,
    destinationPorts: ANY_PORT,
  }
  // What comes behind a match of its own kind stays behind it: it may remember that it was asked.
  const { tests } = lowered
  const found = tests.findIndex(({ kind }) => kind === 'match')
  const first = found === -1 ? tests.length : found
  const rest = tests.filter(
    (test, i) => i >= first || test.kind !== 'condition' || !take(fields, test.condition),
  )
  return { lowered, fields, rest }
}

/** Whether the condition is one of a field's bounds, which it then is in `fields`. */
function take(fields: FiveFields, { field, mask, ranges, negated }: Condition): boolean {
  if (negated || ranges.length !== 1) return false
  const [[least, greatest]] = ranges
  switch (field) {
    case 'source':
      if (least !== greatest || fields.sourceMask !== 0) return false
      ;[fields.source, fields.sourceMask] = [least, mask]
      return true
    case 'destination':
      if (least !== greatest || fields.destinationMask !== 0) return false
      ;[fields.destination, fields.destinationMask] = [least, mask]
      return true
    case 'protocol':
      if (least !== greatest || fields.protocol !== -1) return false
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
