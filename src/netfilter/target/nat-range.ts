/** Addresses and ports that NAT gives to connections: what SNAT, DNAT, MASQUERADE and REDIRECT have in common. */
import type { NatRange } from '../conntrack/nat-tuple.js'
import type { Given } from '../given.js'
import { parsePort, wholeNumber } from '../numbers.js'
import { RuleError } from '../rule-error.js'
import { formatIpv4, parseIpv4 } from '../../wire/address.js'

/** icmp, whose identifier counts as a port, tcp, udp, dccp, sctp. */
const PROTOCOLS_WITH_PORTS = new Set([1, 6, 17, 33, 132])

/** What an option says, and how iptables-save prints it. */
export interface NatRangeText extends Pick<NatRange, 'addresses' | 'ports' | 'base'> {
  text: string
}

/** `ADDRESS[-ADDRESS][:PORTS]` or `:PORTS`. */
export function natRange(given: Given, option: string, canShift: boolean): NatRangeText {
  const { value } = given.oneOf(option)
  const colon = value.indexOf(':')
  const before = colon === -1 ? value : value.slice(0, colon)
  const range = before === '' && colon === 0 ? null : addresses(before, option)
  const text = range === null ? '' : formatAddresses(range)
  if (colon === -1) return { text, addresses: range, ports: null, base: null }
  const ports = natPorts(given, value.slice(colon + 1), option, canShift)
  return { ...ports, text: `${text}:${ports.text}`, addresses: range }
}

/**
 * `PORT` or `PORT-PORT`; the end of a range stands by its number only. With `canShift` also `PORT-PORT/BASE`: by how
 * much the port lies above BASE it will lie above the first.
 */
export function natPorts(given: Given, text: string, option: string, canShift: boolean): NatRangeText {
  if (!PROTOCOLS_WITH_PORTS.has(given.protocol))
    throw new RuleError(`--${option} with a port: expected -p tcp, udp, sctp, dccp or icmp in the rule`)
  const range = /^([^-/]+)-([^-/]+)(?:\/(.+))?$/.exec(text)
  if (range === null) {
    const port = parsePort(text, `--${option}`)
    return { text: String(port), addresses: null, ports: [port, port], base: null }
  }
  const [least, greatest] = [portNumber(range[1], option), portNumber(range[2], option)]
  if (least > greatest) throw new RuleError(`--${option} ${text}: expected the smaller port first`)
  const ports = least === greatest ? String(least) : `${least}-${greatest}`
  const shift = range[3] === undefined ? null : base(range[3], option, canShift)
  return {
    text: shift === null ? ports : `${ports}/${shift}`,
    addresses: null,
    ports: [least, greatest],
    base: shift,
  }
}

/** `--to-ports`, if it is given. */
export function portsOption(given: Given): { text: string[]; option: Omit<NatRangeText, 'text'> } {
  const to = given.option('to-ports')
  if (to === null) return { text: [], option: { addresses: null, ports: null, base: null } }
  const option = natPorts(given, to.value, 'to-ports', false)
  return { text: [`--to-ports ${option.text}`], option }
}

/** The whole range: what an option says, and the flags that are given. */
export function withFlags(
  { addresses: range, ports, base: shift }: Pick<NatRange, 'addresses' | 'ports' | 'base'>,
  flags: readonly string[],
): NatRange {
  return {
    addresses: range,
    ports,
    base: shift,
    isRandom: flags.some((flag) => flag.startsWith('--random')),
    isPersistent: flags.includes('--persistent'),
  }
}

/** Those of these options, which take no argument, that are given, in this order. */
export function natFlags(given: Given, names: readonly string[]): string[] {
  return names.filter((name) => given.has(name)).map((name) => `--${name}`)
}

/** Not checked, as iptables does not: that the first address is the smaller one. */
function addresses(text: string, option: string): [least: number, greatest: number] {
  const [first, last = first, ...rest] = text.split('-').map((part) => parseIpv4(part))
  if (first === null || last === null || rest.length > 0)
    throw new RuleError(`--${option} ${text}: expected an IPv4 address or ADDRESS-ADDRESS`)
  return [first, last]
}

function formatAddresses([first, last]: readonly [least: number, greatest: number]): string {
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
