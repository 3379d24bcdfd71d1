/**
 * Fourth pass: long runs of rules that ask for addresses, protocol and ports become data (machine.ts); what is
 * between them stays code.
 */
import type { LoweredChain, LoweredRule } from './lower.js'
import { asRunRule } from './run-rule.js'
import type { RunRule } from './run-rule.js'

/** Shorter runs are faster as code. */
export const SHORTEST_RUN = 16

/** A stretch of a chain. */
export type Segment = { kind: 'code'; rules: LoweredRule[] } | { kind: 'run'; rules: RunRule[] }

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
