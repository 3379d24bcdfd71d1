/**
 * `-m conntrack`: everything that is known of the packet's connection. There is no connection tracking here: the
 * match is read and printed, and a rule with it is refused where frames are to be decided.
 */
import type { MatchExtension } from '../extension.js'
import type { GivenOption } from '../given.js'
import {
  formatNetwork,
  formatRange,
  parseAnyRange,
  parseNetwork,
  parseNumber,
  parsePort,
  parseProtocol,
} from '../numbers.js'
import { RuleError } from '../rule-error.js'
import { formatIpv4, parseIpv4 } from '../../wire/address.js'
import { parseNames } from './names.js'
import { STATES } from './state.js'

const CONNECTION_STATES = [...STATES, 'SNAT', 'DNAT']
const STATUSES = ['EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED']
const NO_STATUS = 'NONE'
const DIRECTIONS = ['ORIGINAL', 'REPLY']
const LONGEST_EXPIRY = 0xffffffff

/** Each option's argument and its value as printed, in the order in which iptables-save prints them. */
const OPTIONS: Record<string, { argument: string; save(option: GivenOption): string }> = {
  ctstate: { argument: 'STATE[,…]', save: (option) => parseNames(option, CONNECTION_STATES).join(',') },
  ctproto: { argument: 'PROTOCOL', save: ({ value }) => String(parseProtocol(value)) },
  ctorigsrc: { argument: 'ADDRESS[/MASK]', save: saveAddress },
  ctorigdst: { argument: 'ADDRESS[/MASK]', save: saveAddress },
  ctreplsrc: { argument: 'ADDRESS[/MASK]', save: saveAddress },
  ctrepldst: { argument: 'ADDRESS[/MASK]', save: saveAddress },
  ctorigsrcport: { argument: 'PORT[:PORT]', save: savePorts },
  ctorigdstport: { argument: 'PORT[:PORT]', save: savePorts },
  ctreplsrcport: { argument: 'PORT[:PORT]', save: savePorts },
  ctrepldstport: { argument: 'PORT[:PORT]', save: savePorts },
  ctstatus: { argument: 'STATUS[,…]', save: saveStatuses },
  ctexpire: { argument: 'SECONDS[:SECONDS]', save: saveExpiry },
  ctdir: { argument: 'ORIGINAL|REPLY', save: saveDirection },
}
const NAMES = Object.keys(OPTIONS)

/** The conntrack match. */
export const conntrack: MatchExtension = {
  name: 'conntrack',
  options: Object.fromEntries(
    NAMES.map((name) => [name, { argument: OPTIONS[name].argument, negatable: name !== 'ctdir' }]),
  ),
  read(given) {
    const options = NAMES.flatMap((name) => given.option(name) ?? [])
    if (options.length === 0)
      throw new RuleError(`conntrack: expected one of ${NAMES.map((name) => `--${name}`).join(', ')}`)
    return { name: 'conntrack', text: options.map(saveOption).join(' ') }
  },
}

function saveOption(option: GivenOption): string {
  return `${option.negated ? '! ' : ''}--${option.name} ${OPTIONS[option.name].save(option)}`
}

/**
 * The mask cuts nothing off the address, unlike that of `-s`; of addresses with fewer parts than four only `0/0`
 * is understood. A mask that is no prefix is printed too, which iptables-save forgets.
 */
function saveAddress({ name, value }: GivenOption): string {
  const [host, ...mask] = value.split('/')
  const address = host === '0' ? 0 : parseIpv4(host)
  if (address === null)
    throw new RuleError(`--${name} ${value}: expected an IPv4 address, ADDRESS/LENGTH or ADDRESS/MASK`)
  const network = parseNetwork(['0.0.0.0', ...mask].join('/'), `--${name}`)
  return network.mask === 0xffffffff ? formatIpv4(address) : formatNetwork(address, network.mask)
}

/** The greater port may stand first: no connection has such a port. */
function savePorts({ name, value }: GivenOption): string {
  return formatRange(parseAnyRange(value, `--${name}`, parsePort, [0, 65_535]))
}

function saveStatuses(option: GivenOption): string {
  const statuses = parseNames(option, [NO_STATUS, ...STATUSES]).filter((one) => one !== NO_STATUS)
  return statuses.length === 0 ? NO_STATUS : statuses.join(',')
}

function saveExpiry({ name, value }: GivenOption): string {
  return formatRange(parseAnyRange(value, `--${name}`, parseSeconds, [0, LONGEST_EXPIRY]))
}

function parseSeconds(text: string, what: string): number {
  return parseNumber(text, what, 0, LONGEST_EXPIRY)
}

/** In any case, but not shortened. */
function saveDirection({ name, value }: GivenOption): string {
  const direction = value.toUpperCase()
  if (!DIRECTIONS.includes(direction))
    throw new RuleError(`--${name} ${value}: expected ${DIRECTIONS.join(' or ')}`)
  return direction
}
