/** The plain way, one rule after another: the specification of what the other engines do. */
import type { FiveFieldRule, HeaderColumns } from './rule.js'

/** The number of the first rule that header `i` matches, or -1. */
export function classifyLinear(rules: readonly FiveFieldRule[], columns: HeaderColumns, i: number): number {
  return rules.findIndex((rule) => matches(rule, columns, i))
}

/** Whether header `i` matches in every field. */
export function matches(
  rule: FiveFieldRule,
  { source, destination, ports, protocol }: HeaderColumns,
  i: number,
): boolean {
  const [from, to] = [ports[i] >>> 16, ports[i] & 0xffff]
  return (
    ((source[i] ^ rule.source) & rule.sourceMask) === 0 &&
    ((destination[i] ^ rule.destination) & rule.destinationMask) === 0 &&
    rule.sourcePortLow <= from &&
    from <= rule.sourcePortHigh &&
    rule.destinationPortLow <= to &&
    to <= rule.destinationPortHigh &&
    ((protocol[i] ^ rule.protocol) & rule.protocolMask) === 0
  )
}
