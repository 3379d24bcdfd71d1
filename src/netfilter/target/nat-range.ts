/** Addresses and ports that NAT gives to connections: what SNAT, DNAT, MASQUERADE and REDIRECT have in common. */
import type { Given } from '../given.js'
import { parsePort, wholeNumber } from '../numbers.js'
import { RuleError } from '../rule-error.js'
import { formatIpv4, parseIpv4 } from '../../wire/address.js'

/** icmp, whose identifier counts as a port, tcp, udp, dccp, sctp. */
const PROTOCOLS_WITH_PORTS = new Set([1, 6, 17, 33, 132])

/** `ADDRESS[-ADDRESS][:PORTS]` or `:PORTS`, as iptables-save prints it. */
export function natRange(given: Given, option: string, canShift: boolean): string {
  const { value } = given.oneOf(option)
  const colon = value.indexOf(':')
  if (colon === -1) return addresses(value, option)
  const before = colon === 0 ? '' : addresses(value.slice(0, colon), option)
  return `${before}:${natPorts(given, value.slice(colon + 1), option, canShift)}`
}

/**
 * `PORT` or `PORT-PORT`, as iptables-save prints it; the end of a range stands by its number only. With `canShift`
 * also `PORT-PORT/BASE`: by how much the port lies above BASE it will lie above the first.
 */
export function natPorts(given: Given, text: string, option: string, canShift: boolean): string {
  if (!PROTOCOLS_WITH_PORTS.has(given.protocol))
    throw new RuleError(`--${option} with a port: expected -p tcp, udp, sctp, dccp or icmp in the rule`)
  const range = /^([^-/]+)-([^-/]+)(?:\/(.+))?$/.exec(text)
  if (range === null) return String(parsePort(text, `--${option}`))
  const [least, greatest] = [portNumber(range[1], option), portNumber(range[2], option)]
  if (least > greatest) throw new RuleError(`--${option} ${text}: expected the smaller port first`)
  const ports = least === greatest ? String(least) : `${least}-${greatest}`
  return range[3] === undefined ? ports : `${ports}/${base(range[3], option, canShift)}`
}

/** Those of these options, which take no argument, that are given, in this order. */
export function natFlags(given: Given, names: readonly string[]): string[] {
  return names.filter((name) => given.has(name)).map((name) => `--${name}`)
}

/** Not checked, as iptables does not: that the first address is the smaller one. */
function addresses(text: string, option: string): string {
  const [first, last = first, ...rest] = text.split('-').map((part) => parseIpv4(part))
  if (first === null || last === null || rest.length > 0)
    throw new RuleError(`--${option} ${text}: expected an IPv4 address or ADDRESS-ADDRESS`)
  return first === last ? formatIpv4(first) : `${formatIpv4(first)}-${formatIpv4(last)}`
}

/** A service's name may hold a dash, so iptables takes none in a range. */
function portNumber(text: string, option: string): number {
  const number = wholeNumber(text)
  if (number === null || number > 65_535)
    throw new RuleError(`--${option} ${text}: a port in a range is a number, 0-65535`)
  return number
}

function base(text: string, option: string, canShift: boolean): number {
  if (!canShift) throw new RuleError(`--${option}: /${text} after the ports is for DNAT only`)
  const port = parsePort(text, `--${option}`)
  if (port === 0) throw new RuleError(`--${option} /0: a base port is 1-65535`)
  return port
}
