/*
 * The options behind the fixed headers of IPv4 (RFC 791 §3.1) and TCP (RFC 9293 §3.1), which have one form
 *
 *    0                   1
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9
 *   +---------------+---------------+-------------
 *   |     kind      |    length     |   data …         length counts all three
 *   +---------------+---------------+-------------
 *
 * but for kinds 0 (end of the list) and 1 (no operation), which are that one byte. An option is known by the
 * offset of its kind, so that a walk allocates nothing:
 *
 *   for (let o = option.first(b, at, end); o !== -1; o = option.next(b, o, end)) …
 */
import { BAD_OPTION, OK } from './reason.js'

/** Ends the list; what follows is padding. */
export const EOL = 0
/** Fills up between options. */
export const NOP = 1

const KIND = 0
const LENGTH = 1
const DATA = 2

/** What the option is, 0 to 255; EOL and NOP are the same in both headers. */
export function kind(b: Uint8Array, option: number): number {
  return b[option + KIND]
}

/** Bytes of the whole option. */
export function length(b: Uint8Array, option: number): number {
  return kind(b, option) === NOP ? 1 : b[option + LENGTH]
}

/** Where its data start; not for NOP, which has none. */
export function data(option: number): number {
  return option + DATA
}

/**
 * The offset of the first option of the list from `at` to `end`, or -1 where there is none, EOL included.
 * An option that is not whole ends the walk as the list's end does; `check` tells the two apart.
 */
export function first(b: Uint8Array, at: number, end: number): number {
  if (at >= end || kind(b, at) === EOL) return -1
  if (kind(b, at) === NOP) return at
  if (at + DATA > end || length(b, at) < DATA) return -1
  return at + length(b, at) > end ? -1 : at
}

/** The offset of the option after `option`, or -1 as from `first`. */
export function next(b: Uint8Array, option: number, end: number): number {
  return first(b, option + length(b, option), end)
}

/** OK, or BAD_OPTION when the walk from `at` to `end` meets an option that is not whole. */
export function check(b: Uint8Array, at: number, end: number): number {
  let last = at
  for (let o = first(b, at, end); o !== -1; o = next(b, o, end)) last = o + length(b, o)
  return last >= end || kind(b, last) === EOL ? OK : BAD_OPTION
}
