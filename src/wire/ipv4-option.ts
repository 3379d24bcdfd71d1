/*
 * IPv4 options (RFC 791 §3.1), in the form of option.ts; the kind is called type here and has parts:
 *
 *    0 1 2 3 4 5 6 7
 *   +-+-----+---------+
 *   |C|class| number  |    C: copied into every fragment
 *   +-+-----+---------+
 *
 * `at` is the IPv4 header's offset, `option` that of the option's type.
 */
import { HEADER_LENGTH, payload } from './ipv4.js'
import * as options from './option.js'

/** Leads the datagram over the routers named in it, others between them allowed (RFC 791 §3.1). */
export const LOOSE_SOURCE_ROUTE = 131
/** The same, with no other router between them. */
export const STRICT_SOURCE_ROUTE = 137

/** All eight bits, the copied flag and the class included: 131 is number 3. */
export function type(b: Uint8Array, option: number): number {
  return options.kind(b, option)
}

/** Bytes of the whole option. */
export function length(b: Uint8Array, option: number): number {
  return options.length(b, option)
}

/** The offset of the first option, or -1 where there is none. */
export function first(b: Uint8Array, at: number): number {
  return options.first(b, at + HEADER_LENGTH, payload(b, at))
}

/** The offset of the option after `option`, or -1 at the end of the list, or where the next is not whole. */
export function next(b: Uint8Array, at: number, option: number): number {
  return options.next(b, option, payload(b, at))
}

/**
 * OK, or BAD_OPTION for an option that is not whole; the header itself has been checked.
 *
 * Not checked: what the single options say.
 */
export function check(b: Uint8Array, at: number): number {
  return options.check(b, at + HEADER_LENGTH, payload(b, at))
}

/** Whether every fragment carries an option of this type, or only the first one does. */
export function isCopied(type: number): boolean {
  return (type & 0x80) !== 0
}

/** Option type → its name in printed frames (IANA, "IP Option Numbers"). */
export const OPTION_NAMES: ReadonlyMap<number, string> = new Map([
  [options.EOL, 'EOL'],
  [options.NOP, 'NOP'],
  [7, 'RR'],
  [25, 'QS'],
  [68, 'TS'],
  [82, 'TR'],
  [130, 'SEC'],
  [LOOSE_SOURCE_ROUTE, 'LSRR'],
  [133, 'E-SEC'],
  [134, 'CIPSO'],
  [136, 'SID'],
  [STRICT_SOURCE_ROUTE, 'SSRR'],
  [145, 'EIP'],
  [147, 'ADDEXT'],
  [148, 'RTRALT'],
  [149, 'SDB'],
])
