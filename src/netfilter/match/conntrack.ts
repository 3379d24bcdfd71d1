/** `-m conntrack`: the packet's connection. Read and printed only: no connections are kept here. */
import type { MatchExtension } from '../extension.js'
import type { GivenOption } from '../given.js'
import {
  formatNetwork,
  formatRange,
  maskOf,
  parseAnyRange,
  parseNumber,
  parsePort,
  parseProtocol,
} from '../numbers.js'
import { RuleError } from '../rule-error.js'
import { formatIpv4, parseIpv4 } from '../../wire/address.js'
import { parseNames } from './name-list.js'
import { PRINTED_STATES, STATES } from './state.js'

const TRANSLATED = ['SNAT', 'DNAT']
const STATUSES = ['NONE', 'EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED']
const GREATEST_PORT = 65_535
const GREATEST_SECONDS = 0xffffffff

/** Each option's value as iptables-save prints it, the options in its order. */
const FORMATS: Readonly<Record<string, (given: GivenOption) => string>> = {
  ctstate: (given) =>
    parseNames(given, [...STATES, ...TRANSLATED], [...PRINTED_STATES, ...TRANSLATED]).join(','),
  ctproto: ({ value }) => String(parseProtocol(value)),
  ctorigsrc: network,
  ctorigdst: network,
  ctreplsrc: network,
  ctrepldst: network,
  ctorigsrcport: ports,
  ctorigdstport: ports,
  ctreplsrcport: ports,
  ctrepldstport: ports,
  // NONE is no bit: with another one it is not seen.
  ctstatus: (given) => parseNames(given, STATUSES, STATUSES.slice(1)).join(',') || 'NONE',
  ctexpire: ({ name, value }) =>
    formatRange(parseAnyRange(value, `--${name}`, seconds, [0, GREATEST_SECONDS])),
  ctdir: direction,
}

/** The conntrack match. */
export const conntrack: MatchExtension = {
  name: 'conntrack',
  options: {
    ctstate: { argument: 'STATE[,…]', negatable: true },
    ctproto: { argument: 'PROTOCOL', negatable: true },
    ctorigsrc: { argument: 'ADDRESS[/MASK]', negatable: true },
    ctorigdst: { argument: 'ADDRESS[/MASK]', negatable: true },
    ctreplsrc: { argument: 'ADDRESS[/MASK]', negatable: true },
    ctrepldst: { argument: 'ADDRESS[/MASK]', negatable: true },
    ctstatus: { argument: 'STATUS[,…]', negatable: true },
    ctexpire: { argument: 'SECONDS[:SECONDS]', negatable: true },
    ctorigsrcport: { argument: 'PORT[:PORT]', negatable: true },
    ctorigdstport: { argument: 'PORT[:PORT]', negatable: true },
    ctreplsrcport: { argument: 'PORT[:PORT]', negatable: true },
    ctrepldstport: { argument: 'PORT[:PORT]', negatable: true },
    ctdir: { argument: 'ORIGINAL|REPLY' },
  },
  read(given) {
    const parts = Object.entries(FORMATS).flatMap(([name, format]) => {
      const option = given.option(name)
      return option === null ? [] : [`${option.negated ? '! ' : ''}--${name} ${format(option)}`]
    })
    if (parts.length === 0) throw new RuleError('conntrack: expected an option, such as --ctstate')
    return { name: 'conntrack', text: parts.join(' ') }
  },
}

/**
 * Unlike `-s`, it keeps the bits of the address that do not count. Masks with gaps, and short addresses, are
 * refused: iptables takes them for something else than they say.
 */
function network({ name, value }: GivenOption): string {
  const [host, length = '32', ...rest] = value.split('/')
  const address = parseIpv4(host === '0' ? '0.0.0.0' : host)
  const mask = /^\d{1,2}$/.test(length) && Number(length) <= 32 ? maskOf(Number(length)) : parseIpv4(length)
  if (address === null || mask === null || rest.length > 0 || maskOf(Math.clz32(~mask)) !== mask)
    throw new RuleError(`--${name} ${value}: expected an IPv4 address or ADDRESS/LENGTH`)
  const bits = formatNetwork(0, mask).slice('0.0.0.0'.length)
  return `${formatIpv4(address)}${bits === '/32' ? '' : bits}`
}

function ports({ name, value }: GivenOption): string {
  return formatRange(parseAnyRange(value, `--${name}`, parsePort, [0, GREATEST_PORT]))
}

function seconds(text: string, what: string): number {
  return parseNumber(text, what, 0, GREATEST_SECONDS)
}

function direction({ name, value }: GivenOption): string {
  const upper = value.toUpperCase()
  if (upper !== 'ORIGINAL' && upper !== 'REPLY')
    throw new RuleError(`--${name} ${value}: expected ORIGINAL or REPLY`)
  return upper
}
