/**
 * Fourth pass: long runs of rules that ask for addresses, protocol and ports become data (machine.ts); what is
 * between them stays code.
 */
import type { LoweredChain, LoweredRule } from './lower.js'

/** Shorter runs are faster as code. */
export const SHORTEST_RUN = 16

/** A stretch of a chain. */
export interface Segment {
  kind: 'code' | 'run'
  rules: LoweredRule[]
}

/** The chain in stretches. */
export function group({ rules }: LoweredChain): Segment[] {
  const segments: Segment[] = []
  for (let at = 0; at < rules.length;) {
    let end = at
    while (end < rules.length && isTellable(rules[end])) end++
    const isRun = end - at >= SHORTEST_RUN
    if (!isRun) end = Math.max(end, at + 1)
    const kind = isRun ? 'run' : 'code'
    const last = segments.at(-1)
    if (kind === 'code' && last?.kind === 'code') last.rules.push(...rules.slice(at, end))
    else segments.push({ kind, rules: rules.slice(at, end) })
    at = end
  }
  return segments
}

/** Whether the rule asks for something that could tell it from others. */
function isTellable({ shape }: LoweredRule): boolean {
  return shape.rest.length < shape.tests.length
}
