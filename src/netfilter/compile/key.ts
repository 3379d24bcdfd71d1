/** Which field tells the rules of a run apart: it leads to a short list of candidates. */
import type { RunRule } from './group.js'
import { planIntervals } from './interval-index.js'
import type { IntervalPlan, Range } from './interval-index.js'

/** The fields that a run can be told apart by. */
export type KeyField = 'source' | 'destination' | 'destination-port' | 'source-port'

/** Numbers that all lists of an index may have together, for each rule and at least. */
const LISTS_PER_RULE = 64
const LEAST_LISTS = 1 << 16

/** How the rules of a run are told apart. */
export interface RunKey {
  field: KeyField
  plan: IntervalPlan
}

/** The field that leads to the fewest candidates; null where none does any good: the rules are asked in turn. */
export function keyOf(rules: readonly RunRule[]): RunKey | null {
  const limit = Math.max(LEAST_LISTS, rules.length * LISTS_PER_RULE)
  const keys = (['source', 'destination', 'destination-port', 'source-port'] as const)
    .map((field) => ({
      field,
      plan: planIntervals(
        rules.map((rule) => rangeOf(rule, field)),
        widthOf(field),
      ),
    }))
    .filter(({ plan }) => plan.length <= limit)
    .sort((a, b) => a.plan.candidates - b.plan.candidates)
  return keys.length === 0 || keys[0].plan.candidates > rules.length / 2 ? null : keys[0]
}

function widthOf(field: KeyField): 16 | 32 {
  return field === 'source' || field === 'destination' ? 32 : 16
}

/** The values of a field that the rule may match. A mask with holes bounds nothing. */
function rangeOf({ fields }: RunRule, field: KeyField): Range {
  if (field === 'source-port') return fields.sourcePorts
  if (field === 'destination-port') return fields.destinationPorts
  const [address, mask] =
    field === 'source' ? [fields.source, fields.sourceMask] : [fields.destination, fields.destinationMask]
  const isPrefix = (~mask & (~mask + 1)) === 0
  return isPrefix ? [address, (address | ~mask) >>> 0] : [0, 0xffffffff]
}
