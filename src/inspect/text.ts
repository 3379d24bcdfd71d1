/**
 * What the parts of the printer share: stretches of a frame, marks for what is wrong with them, and text that
 * stays on one line, in printable characters and within bounds.
 */
import { REASON_NAMES } from '../wire/reason.js'

/** Longest text of a single name or value out of a packet; longer ones end in `…`. */
export const LONGEST_ITEM = 300
/** Longest text of a list; longer ones end in `…`. */
export const LONGEST_LIST = 1200

/**
 * The bytes of one layer: those from `at` to `end` are there to be read, and on the wire they went on to
 * `wireEnd`. The two differ where the capture has less than the wire had.
 */
export interface Stretch {
  readonly b: Uint8Array
  readonly at: number
  readonly end: number
  readonly wireEnd: number
}

/** The part of a stretch from `at` on, to its own end or to `wireEnd` where that comes first. */
export function part(s: Stretch, at: number, wireEnd: number = s.wireEnd): Stretch {
  return { b: s.b, at, end: Math.min(s.end, wireEnd), wireEnd: Math.min(s.wireEnd, wireEnd) }
}

/** Whether that many bytes are there to be read. */
export function has(s: Stretch, bytes: number): boolean {
  return s.at + bytes <= s.end
}

/** Whether the capture has less of the stretch than the wire had. */
export function isCut(s: Stretch): boolean {
  return s.end < s.wireEnd
}

/** Bytes of the stretch on the wire. */
export function wireLength(s: Stretch): number {
  return s.wireEnd - s.at
}

/** `[udp: bad-checksum]`: the one form in which the printer says that something is wrong. */
export function mark(layer: string, reason: number): string {
  return `[${layer}: ${REASON_NAMES[reason]}]`
}

/** The marks for those of the reasons that are not OK, a space before each. */
export function marks(layer: string, ...reasons: number[]): string {
  return reasons.map((reason) => (reason ? ` ${mark(layer, reason)}` : '')).join('')
}

/** What stands in place of a header that cannot be read: the mark, and how many bytes there are. */
export function unreadable(layer: string, reason: number, s: Stretch): string {
  const bytes = s.end - s.at
  return `${mark(layer, reason)} ${bytes} byte${bytes === 1 ? '' : 's'}`
}

/** The bytes from `from` to `to` as text: what a terminal should not see is `\DDD`, a backslash `\\`. */
export function escape(b: Uint8Array, from: number, to: number): string {
  let text = ''
  for (let i = from; i < to; i++) text += escapeByte(b[i])
  return text
}

function escapeByte(byte: number): string {
  if (byte === 0x5c) return '\\\\'
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte)
  return `\\${String(byte).padStart(3, '0')}`
}

/** The bytes from `from` to `to` as hexadecimal digits. */
export function hexOf(b: Uint8Array, from: number, to: number): string {
  let text = ''
  for (let i = from; i < to; i++) text += b[i].toString(16).padStart(2, '0')
  return text
}

/** A number as `0x0800`, with at least that many digits. */
export function hexNumber(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`
}

/** The text, or its beginning and `…`. */
export function clip(text: string, limit: number = LONGEST_ITEM): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}…`
}

/** Items with a separator between them, as many as the limit has room for; `…` stands for the others. */
export function joinWithin(items: Iterable<string>, separator: string, limit: number = LONGEST_LIST): string {
  const taken: string[] = []
  let length = 0
  for (const item of items) {
    length += item.length + separator.length
    if (length > limit) return [...taken, '…'].join(separator)
    taken.push(item)
  }
  return taken.join(separator)
}
