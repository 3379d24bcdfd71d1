/**
 * What is classified: rules of five fields, and headers as columns of numbers, so that a burst is walked
 * field by field. Addresses are 32 bits as JavaScript's `| 0` leaves them, 10.0.0.1 as 0x0a000001.
 */

/** A header matches when it matches in every field. Bits of an address outside its mask must be 0, and `low <= high`. */
export interface FiveFieldRule {
  source: number
  sourceMask: number
  destination: number
  destinationMask: number
  sourcePortLow: number
  sourcePortHigh: number
  destinationPortLow: number
  destinationPortHigh: number
  /** 0 to 255, under a mask of 8 bits: 0 for any protocol, 0xff for one. */
  protocol: number
  protocolMask: number
}

/** Headers, the same index in every column. */
export interface HeaderColumns {
  source: Int32Array
  destination: Int32Array
  /** The source port in the upper 16 bits, the destination port in the lower; 0 where there are none. */
  ports: Int32Array
  /** 0 to 255. */
  protocol: Int32Array
}

/** Columns for `count` headers. */
export function createColumns(count: number): HeaderColumns {
  const column = (): Int32Array => new Int32Array(count)
  return { source: column(), destination: column(), ports: column(), protocol: column() }
}
