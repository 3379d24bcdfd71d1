/*
 * DHCP options (RFC 2132 §2, RFC 2131 §4.1, RFC 3396)
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +---------------+---------------+-------------------------------+
 *   |     code      |    length     |       length bytes ...        |
 *   +---------------+---------------+-------------------------------+
 *
 * They stand in up to three areas of one message, read in this order (RFC 2131 §4.1):
 *
 *    1. the options field     240 … end
 *    2. file                  108 … 236, when option 52 has bit 1
 *    3. sname                  44 … 108, when option 52 has bit 2
 *
 * Everything here is bounded by `end` and by its area with or without a `check` before; `at` is where the
 * message, not the options field, begins.
 */
import { optionName } from './dhcp-option-names.js'
import { BAD_OPTION, BAD_VALUE, OK } from './reason.js'

// The fields of the message that can hold options; offsets count from its first byte (RFC 2131 §2).
/** Offset of the server's name. */
export const SNAME = 44
/** Bytes of the server's name. */
export const SNAME_LENGTH = 64
/** Offset of the boot file's name. */
export const FILE = 108
/** Bytes of the boot file's name. */
export const FILE_LENGTH = 128
/** Offset of the options field, behind the magic cookie; it has no length of its own. */
export const OPTIONS = 240

const PAD = 0
const OVERLOAD = 52
const END = 255
const OVERLOAD_FILE = 1
const OVERLOAD_SNAME = 2

const HEADER = 2 // code and length
const MAX_PART_LENGTH = 255 // what one length byte can say
const OVERLOAD_OPTION = 3 // option 52 with header

/** One option with its parts put together: `name` as dnsmasq says it, `data` without code and length. */
export interface DhcpOption {
  code: number
  name: string
  data: Uint8Array
}

/** What `writeOptions` needs of an option. */
export type OptionToWrite = Pick<DhcpOption, 'code' | 'data'>

/**
 * Where the length byte of the first option `code` stands, the data right behind it; -1 when there is none.
 * Of an option sent in parts (RFC 3396) this is the first part: `readOptions` puts them together.
 */
export function findOption(b: Uint8Array, at: number, end: number, code: number): number {
  let found = findIn(b, at + OPTIONS, end, code)
  if (found >= 0) return found
  const fields = overload(b, at, end)
  if (fields & OVERLOAD_FILE) found = findIn(b, at + FILE, at + FILE + FILE_LENGTH, code)
  if (found < 0 && fields & OVERLOAD_SNAME) found = findIn(b, at + SNAME, at + SNAME + SNAME_LENGTH, code)
  return found
}

/** Which fields hold options too, as option 52 says it: 1 file, 2 sname, 3 both, 0 without the option. */
export function overload(b: Uint8Array, at: number, end: number): number {
  const found = findIn(b, at + OPTIONS, end, OVERLOAD)
  return found >= 0 && b[found] === 1 ? b[found + 1] : 0
}

/**
 * OK, or why the options cannot be read: BAD_OPTION when one overruns its area, BAD_VALUE when option 52 is
 * not 1, 2 or 3.
 *
 * Not checked: a missing end option, though RFC 2131 §4.1 wants one (nothing can be misread without it), and
 * whether an option's length suits its code: who uses an option asks for the length it needs.
 */
export function checkOptions(b: Uint8Array, at: number, end: number): number {
  const reason = checkArea(b, at + OPTIONS, end)
  if (reason) return reason
  const found = findIn(b, at + OPTIONS, end, OVERLOAD)
  if (found < 0) return OK
  if (b[found] !== 1) return BAD_OPTION
  const fields = b[found + 1]
  if (fields < 1 || fields > 3) return BAD_VALUE
  const inFile = fields & OVERLOAD_FILE ? checkArea(b, at + FILE, at + FILE + FILE_LENGTH) : OK
  if (inFile) return inFile
  return fields & OVERLOAD_SNAME ? checkArea(b, at + SNAME, at + SNAME + SNAME_LENGTH) : OK
}

/**
 * All options in the order they first appear, each once: the parts of a split one are put together over the
 * three areas (RFC 3396 §7). Option 52 is not among them, it only says where the others stood (`overload`).
 * The data are copies.
 */
export function readOptions(b: Uint8Array, at: number, end: number): DhcpOption[] {
  const parts = new Map<number, number[]>()
  collect(b, at + OPTIONS, end, parts)
  const fields = overload(b, at, end)
  if (fields & OVERLOAD_FILE) collect(b, at + FILE, at + FILE + FILE_LENGTH, parts)
  if (fields & OVERLOAD_SNAME) collect(b, at + SNAME, at + SNAME + SNAME_LENGTH, parts)
  parts.delete(OVERLOAD)
  return [...parts].map(([code, data]) => ({ code, name: optionName(code), data: Uint8Array.from(data) }))
}

/**
 * Writes the options with their end option and returns where the message then ends, or -1 when they do not
 * fit; the areas' bytes are then undefined. Each code at most once; 0, 52 and 255 are refused with -1.
 *
 * Data beyond 255 bytes are split (RFC 3396). When the options field up to `end` is too short, `file` and
 * then `sname` are used too, each only if it is an empty string as it stands: the fixed part is written first.
 * An option is cut at the end of an area only when it fits nowhere whole, as older clients do not join parts.
 */
export function writeOptions(
  b: Uint8Array,
  at: number,
  end: number,
  options: readonly OptionToWrite[],
): number {
  if (!options.every(({ code }) => code > PAD && code < END && code !== OVERLOAD)) return -1
  const field = area(at + OPTIONS, end, 0)
  if (field.limit < field.next) return -1
  if (options.every((option) => put(b, [field], option))) return finish(b, field)
  return writeOverloaded(b, at, end, options)
}

/** Option 52 goes last, when it is known which fields were needed; its room is kept free until then. */
function writeOverloaded(b: Uint8Array, at: number, end: number, options: readonly OptionToWrite[]): number {
  const field = area(at + OPTIONS, end - OVERLOAD_OPTION, 0)
  const extra: Area[] = []
  if (b[at + FILE] === 0) extra.push(area(at + FILE, at + FILE + FILE_LENGTH, OVERLOAD_FILE))
  if (b[at + SNAME] === 0) extra.push(area(at + SNAME, at + SNAME + SNAME_LENGTH, OVERLOAD_SNAME))
  if (field.limit < field.next) return -1
  if (!options.every((option) => put(b, [field, ...extra], option))) return -1
  const used = extra.filter((one) => one.next > one.start)
  for (const one of used) b.fill(PAD, finish(b, one), one.limit + 1)
  putPart(b, field, OVERLOAD, [used.reduce((fields, one) => fields | one.bit, 0)])
  return finish(b, field)
}

/** An area being written: `next` free byte; `limit` is the last byte, kept for the end option. */
interface Area {
  start: number
  next: number
  limit: number
  bit: number
}

function area(start: number, end: number, bit: number): Area {
  return { start, next: start, limit: end - 1, bit }
}

/** Bytes of data that one more option can have in an area. */
function room(one: Area): number {
  return one.limit - one.next - HEADER
}

function put(b: Uint8Array, areas: readonly Area[], { code, data }: OptionToWrite): boolean {
  const whole = data.length <= MAX_PART_LENGTH && areas.find((one) => room(one) >= data.length)
  if (whole) {
    putPart(b, whole, code, data)
    return true
  }
  let done = 0
  for (const one of areas) {
    while (done < data.length && room(one) > 0) {
      const part = data.subarray(done, done + Math.min(MAX_PART_LENGTH, room(one)))
      putPart(b, one, code, part)
      done += part.length
    }
  }
  return done > 0 && done === data.length
}

function putPart(b: Uint8Array, one: Area, code: number, part: ArrayLike<number>): void {
  b[one.next] = code
  b[one.next + 1] = part.length
  b.set(part, one.next + HEADER)
  one.next += HEADER + part.length
}

/** Closes an area and returns the offset behind its end option. */
function finish(b: Uint8Array, one: Area): number {
  b[one.next] = END
  return one.next + 1
}

/** The first option at or after `p`, pads skipped; -1 at the end option, the area's end, or an overrun. */
function optionAt(b: Uint8Array, p: number, end: number): number {
  while (p < end && b[p] === PAD) p++
  if (p + 1 >= end || b[p] === END) return -1
  return p + HEADER + b[p + 1] > end ? -1 : p
}

function behind(b: Uint8Array, option: number): number {
  return option + HEADER + b[option + 1]
}

function findIn(b: Uint8Array, from: number, end: number, code: number): number {
  for (let p = optionAt(b, from, end); p >= 0; p = optionAt(b, behind(b, p), end))
    if (b[p] === code) return p + 1
  return -1
}

function checkArea(b: Uint8Array, p: number, end: number): number {
  while (p < end && b[p] !== END) {
    if (b[p] === PAD) p++
    else if (p + 1 < end) p = behind(b, p)
    else return BAD_OPTION // a code without its length
  }
  return p > end ? BAD_OPTION : OK
}

function collect(b: Uint8Array, from: number, end: number, parts: Map<number, number[]>): void {
  for (let p = optionAt(b, from, end); p >= 0; p = optionAt(b, behind(b, p), end)) {
    const data = parts.get(b[p]) ?? []
    for (let i = p + HEADER; i < behind(b, p); i++) data.push(b[i])
    parts.set(b[p], data)
  }
}
