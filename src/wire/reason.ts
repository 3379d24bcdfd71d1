/**
 * Why a header is refused. `check(b, at, end)` of every header returns one of these; OK is 0, so that
 * `if (check(…))` reads as "if something is wrong". The names are what counters and reports print.
 */

/** Nothing is wrong: every reader is in bounds. */
export const OK = 0
/** Fewer bytes in the frame than the header, or than its own length field, asks for. */
export const TRUNCATED = 1
/** A version, hardware type or other "which protocol is this" field says something else. */
export const BAD_VERSION = 2
/** The header length field is smaller than the fixed header. */
export const BAD_HEADER_LENGTH = 3
/** A length field contradicts another one. */
export const BAD_LENGTH = 4
/** The checksum does not agree with the bytes it covers. */
export const BAD_CHECKSUM = 5
/** An option overruns the space for options, or has an impossible length. */
export const BAD_OPTION = 6
/** A name, pointer or record that does not end where it must. */
export const BAD_NAME = 7
/** A constant that must be there (a DHCP cookie) is not. */
export const BAD_MAGIC = 8
/** A field has a value that its RFC forbids. */
export const BAD_VALUE = 9

/** Reason number → its name in counters, reports and printed frames. */
export const REASON_NAMES: readonly string[] = [
  'ok',
  'truncated',
  'bad-version',
  'bad-header-length',
  'bad-length',
  'bad-checksum',
  'bad-option',
  'bad-name',
  'bad-magic',
  'bad-value',
]
