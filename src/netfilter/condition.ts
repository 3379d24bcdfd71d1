/**
 * What the compiler understands of a match: comparisons of fields, all of which must hold. A field that the
 * packet does not have (the ports of a later fragment) fails every comparison, negated ones too.
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

/** (field & mask) lies in one of the ranges, or in none of them if negated. */
export interface Condition {
  field: Field
  mask: number
  /** Pairs: least and greatest, both included. */
  ranges: ReadonlyArray<readonly [least: number, greatest: number]>
  negated: boolean
}
