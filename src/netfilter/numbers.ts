/** Numbers, ports and addresses as iptables takes them on a line. */
import { formatIpv4, parseIpv4 } from '../wire/address.js'
import { PROTOCOL_NAMES } from '../wire/protocol.js'
import { RuleError } from './rule-error.js'
import { SERVICE_PORTS } from './services.js'

/** A whole number, decimal, 0x hexadecimal or 0 octal (strtoul), within bounds; `what` names it in the error. */
export function parseNumber(text: string, what: string, least: number, greatest: number): number {
  const number = wholeNumber(text)
  if (number === null || number < least || number > greatest)
    throw new RuleError(`${what} ${text}: expected a number from ${least} to ${greatest}`)
  return number
}

/** The number, or null where the text is none. */
export function wholeNumber(text: string): number | null {
  if (/^0[0-7]+$/.test(text)) return parseInt(text, 8)
  return /^(0x[0-9a-f]+|0|[1-9]\d*)$/i.test(text) ? Number(text) : null
}

/** `LEAST:GREATEST`, either end left out, or one number. */
export function parseRange(
  text: string,
  what: string,
  parse: (text: string, what: string) => number,
  bounds: readonly [number, number],
): [least: number, greatest: number] {
  const [least, greatest] = parseAnyRange(text, what, parse, bounds)
  if (least > greatest) throw new RuleError(`${what} ${text}: expected the smaller number first`)
  return [least, greatest]
}

/** The same where iptables takes the greater number first too: no value is in such a range. */
export function parseAnyRange(
  text: string,
  what: string,
  parse: (text: string, what: string) => number,
  bounds: readonly [number, number],
): [least: number, greatest: number] {
  const colon = text.indexOf(':')
  if (colon === -1) {
    const only = parse(text, what)
    return [only, only]
  }
  const [first, second, ...rest] = text.split(':')
  if (rest.length > 0) throw new RuleError(`${what} ${text}: expected one number or LEAST:GREATEST`)
  const least = first === '' ? bounds[0] : parse(first, what)
  return [least, second === '' ? bounds[1] : parse(second, what)]
}

/** As iptables-save prints a range: `80`, `80:90`. */
export function formatRange([least, greatest]: readonly [number, number]): string {
  return least === greatest ? String(least) : `${least}:${greatest}`
}

/** A port by its number or its service's name. */
export function parsePort(text: string, what: string): number {
  const named = SERVICE_PORTS.get(text)
  if (named !== undefined) return named
  const number = wholeNumber(text)
  if (number === null || number > 65_535) throw new RuleError(`${what} ${text}: a port is 0-65535`)
  return number
}

/** `PORT` or `PORT:PORT`, either end left out. */
export function parsePorts(text: string, what: string): [least: number, greatest: number] {
  return parseRange(text, what, parsePort, [0, 65_535])
}

const PROTOCOL_NUMBERS = new Map([...PROTOCOL_NAMES].map(([number, name]) => [name, number]))
// iptables itself knows these where the system's list does not (xtables_chain_protos).
for (const [name, number] of [
  ['all', 0],
  ['icmpv6', 58],
  ['ipv6-mh', 135],
  ['mh', 135],
] as const)
  PROTOCOL_NUMBERS.set(name, number)

/** A protocol's number by its name, in any case, or number. */
export function parseProtocol(text: string): number {
  const named = PROTOCOL_NUMBERS.get(text.toLowerCase())
  return named ?? parseNumber(text, 'protocol', 0, 255)
}

/** The name of a protocol where it has one. */
export function formatProtocol(number: number): string {
  return PROTOCOL_NAMES.get(number) ?? String(number)
}

/** An address and its mask, `ADDRESS`, `ADDRESS/LENGTH` or `ADDRESS/MASK`; bits that do not count are cleared. */
export function parseNetwork(text: string, what: string): { address: number; mask: number } {
  const slash = text.indexOf('/')
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash))
  const mask = slash === -1 ? 0xffffffff : parseMask(text.slice(slash + 1))
  if (address === null || mask === null)
    throw new RuleError(`${what} ${text}: expected an IPv4 address, ADDRESS/LENGTH or ADDRESS/MASK`)
  return { address: (address & mask) >>> 0, mask }
}

/** An address, unsigned, or null; of `10.1` iptables makes 10.1.0.0. */
export function parseAddress(text: string): number | null {
  return parseIpv4(text) ?? shortAddress(text)
}

/** `10.0/8` and the like: iptables fills up with zeroes. */
function shortAddress(text: string): number | null {
  const parts = text.split('.')
  if (parts.length > 3 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return null
  return parts.reduce((sum, part, i) => sum + Number(part) * 2 ** (24 - 8 * i), 0)
}

function parseMask(text: string): number | null {
  if (/^\d{1,2}$/.test(text)) return Number(text) > 32 ? null : maskOf(Number(text))
  return parseIpv4(text)
}

/** The mask of a prefix of so many bits. */
export function maskOf(bits: number): number {
  return bits === 0 ? 0 : (-1 << (32 - bits)) >>> 0
}

/** As iptables-save prints a network: `10.0.0.0/8`, `10.0.0.0/255.0.255.0`. */
export function formatNetwork(address: number, mask: number): string {
  const bits = Math.clz32(~mask)
  return `${formatIpv4(address)}/${maskOf(bits) === mask ? bits : formatIpv4(mask)}`
}

/** 32 bits as iptables-save prints marks: `0x1f`. */
export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`
}

/** A value and which of its bits count, unsigned. */
export interface Masked {
  value: number
  mask: number
}

/** `VALUE` or `VALUE/MASK`, both up to `greatest`, which is the mask that is left out. */
export function parseMasked(text: string, what: string, greatest: number): Masked {
  const [value, mask, ...rest] = text.split('/')
  if (rest.length > 0) throw new RuleError(`${what} ${text}: expected VALUE or VALUE/MASK`)
  return {
    value: parseNumber(value, what, 0, greatest),
    mask: mask === undefined ? greatest : parseNumber(mask, `${what} mask`, 0, greatest),
  }
}

/** As iptables-save prints marks: `0x1`, `0x1/0xff`. */
export function formatMark({ value, mask }: Masked): string {
  return mask === 0xffffffff ? hex(value) : `${hex(value)}/${hex(mask)}`
}
