/**
 * What the compiler understands of a match: comparisons of fields, all of which must hold. A field that the
 * packet does not have (the ports of a later fragment, or of a cut header) fails every comparison, negated ones too.
 */

/** What can be compared. Ports are 16 bits, addresses 32, unsigned. */
export type Field =
  | 'source'
  | 'destination'
  | 'protocol'
  | 'source-port'
  | 'destination-port'
  | 'tcp-flags'
  | 'icmp-type-code'
  | 'length'
  | 'ttl'
  | 'tos'
  | 'mark'
  | 'connection-state'

/** (field & mask) lies in one of the ranges, or in none of them if negated. */
export interface Condition {
  field: Field
  mask: number
  /** Pairs: least and greatest, both included. */
  ranges: ReadonlyArray<readonly [least: number, greatest: number]>
  negated: boolean
}

/** The comparison with one range. No value is in a range whose greater end stands first, as iptables may take it. */
export function within(
  field: Field,
  mask: number,
  range: readonly [number, number],
  negated: boolean,
): Condition {
  if (range[0] > range[1]) return { field, mask, ranges: [[0, mask]], negated: !negated }
  return { field, mask, ranges: [range], negated }
}
