/** Which field tells the rules of a run apart: it leads to a short list of candidates. */
import type { LoweredRule } from './lower.js'
import { buildExactIndex, planExact } from './exact-index.js'
import type { ExactPlan } from './exact-index.js'
import type { FieldIndex } from './field-index.js'
import { buildIntervalIndex, planIntervals } from './interval-index.js'
import type { IntervalPlan } from './interval-index.js'

/** The fields that a run can be told apart by. */
export type KeyField = 'source' | 'destination' | 'destination-port' | 'source-port'

/** Numbers that all lists of an index may have together, for each rule and at least. */
const LISTS_PER_RULE = 64
const LEAST_LISTS = 1 << 16
/** A field that leads to so few candidates is taken without a look at the others. */
const FEW = 1.5

const FIELDS: ReadonlyArray<{ field: KeyField; width: 16 | 32 }> = [
  { field: 'source', width: 32 },
  { field: 'destination', width: 32 },
  { field: 'destination-port', width: 16 },
  { field: 'source-port', width: 16 },
]

/** How the rules of a run are told apart. */
export interface RunKey {
  field: KeyField
  plan: ExactPlan | IntervalPlan
}

/** The field that leads to the fewest candidates; null where none does any good: the rules are asked in turn. */
export function keyOf(rules: readonly LoweredRule[]): RunKey | null {
  const limit = Math.max(LEAST_LISTS, rules.length * LISTS_PER_RULE)
  let best: RunKey | null = null
  let fewest = rules.length / 2
  for (const { field, width } of FIELDS) {
    const [least, greatest] = [leastOf(rules, field), greatestOf(rules, field)]
    const isExact = least.every((value, i) => value === greatest[i])
    const plan = isExact ? planExact(least) : planIntervals(least, greatest, width)
    if (plan.length > limit || plan.candidates > fewest) continue
    best = { field, plan }
    fewest = plan.candidates
    if (fewest <= FEW) break
  }
  return best
}

/** The index that was planned; `words[i]` is what it finds for the rule i. */
export function buildIndex({ plan }: RunKey, words: Int32Array): FieldIndex {
  return plan.kind === 'exact' ? buildExactIndex(plan, words) : buildIntervalIndex(plan, words)
}

/** The least value of a field that each rule may match, and the greatest. A mask with holes bounds nothing. */
function leastOf(rules: readonly LoweredRule[], field: KeyField): Float64Array {
  const values = new Float64Array(rules.length)
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i].shape.fields
    if (field === 'source-port') values[i] = rule.sourcePorts[0]
    else if (field === 'destination-port') values[i] = rule.destinationPorts[0]
    else if (field === 'source') values[i] = isPrefix(rule.sourceMask) ? rule.source : 0
    else values[i] = isPrefix(rule.destinationMask) ? rule.destination : 0
  }
  return values
}

function greatestOf(rules: readonly LoweredRule[], field: KeyField): Float64Array {
  const values = new Float64Array(rules.length)
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i].shape.fields
    if (field === 'source-port') values[i] = rule.sourcePorts[1]
    else if (field === 'destination-port') values[i] = rule.destinationPorts[1]
    else if (field === 'source') values[i] = lastOf(rule.source, rule.sourceMask)
    else values[i] = lastOf(rule.destination, rule.destinationMask)
  }
  return values
}

function lastOf(address: number, mask: number): number {
  return isPrefix(mask) ? (address | ~mask) >>> 0 : 0xffffffff
}

function isPrefix(mask: number): boolean {
  return (~mask & (~mask + 1)) === 0
}
