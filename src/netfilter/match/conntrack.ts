/** `-m conntrack`: the packet's connection. */
import {
  DESTINATION,
  DESTINATION_TRANSLATED,
  EXPIRES,
  ORIGINAL,
  PORTS,
  PROTOCOL,
  REPLY,
  SOURCE,
  SOURCE_TRANSLATED,
  STATUS,
  TUPLE_WORDS,
} from '../conntrack/entry.js'
import type { ConnectionTable } from '../conntrack/table.js'
import type { MatchExtension } from '../extension.js'
import type { Given, GivenOption } from '../given.js'
import {
  formatNetwork,
  formatRange,
  maskOf,
  parseAnyRange,
  parseNumber,
  parsePort,
  parseProtocol,
} from '../numbers.js'
import type { Packet } from '../packet.js'
import { RuleError } from '../rule-error.js'
import { formatIpv4, parseIpv4 } from '../../wire/address.js'
import { parseNames } from './name-list.js'
import { PRINTED_STATES, STATES, stateBits, stateDecision } from './state.js'

const TRANSLATED = ['SNAT', 'DNAT']
/** In the order of their bits. */
const STATUSES = ['EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED']
const GREATEST_PORT = 65_535
const GREATEST_SECONDS = 0xffffffff
const SECOND = 1_000_000

/** Whether an option holds for a packet and its connection, negation left out. */
type Holds = (entry: number, packet: Packet, table: ConnectionTable) => boolean

/** An option's value as iptables-save prints it, and what it asks. */
interface Asked {
  text: string
  holds: Holds
  /** The bits of Packet.connectionState, where nothing but these is asked for. */
  states?: number
}

/** Options in the order in which they are printed. Only --ctstate can be asked of a packet without a connection. */
const OPTIONS: Readonly<Record<string, (given: GivenOption) => Asked>> = {
  ctstate: states,
  ctproto: ({ value }) => {
    const protocol = parseProtocol(value)
    return {
      text: String(protocol),
      holds: (entry, _, { words }) => (words[entry + PROTOCOL] & 0xff) === protocol,
    }
  },
  ctorigsrc: address(ORIGINAL, SOURCE),
  ctorigdst: address(ORIGINAL, DESTINATION),
  ctreplsrc: address(REPLY, SOURCE),
  ctrepldst: address(REPLY, DESTINATION),
  ctorigsrcport: port(ORIGINAL, 16),
  ctorigdstport: port(ORIGINAL, 0),
  ctreplsrcport: port(REPLY, 16),
  ctrepldstport: port(REPLY, 0),
  ctstatus: statuses,
  ctexpire: expiry,
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
  tracks: true,
  read(given) {
    const asked = readOptions(given)
    if (asked.length === 0) throw new RuleError('conntrack: expected an option, such as --ctstate')
    const text = asked.map(({ name, negated, text: value }) => `${negated ? '! ' : ''}--${name} ${value}`)
    const ofState = asked.filter(({ name }) => name === 'ctstate')
    const [{ states: bits, negated }] = asked
    if (asked.length === 1 && bits !== undefined)
      return { name: 'conntrack', text: text.join(' '), ...stateDecision(bits, negated) }
    return {
      name: 'conntrack',
      text: text.join(' '),
      start: ({ connections }) => {
        if (connections === null) return () => false
        const { table } = connections
        const holds = (packet: Packet, list: typeof asked): boolean =>
          list.every((one) => one.holds(packet.connection, packet, table) !== one.negated)
        return (packet) =>
          packet.connection === 0 ? ofState.length > 0 && holds(packet, ofState) : holds(packet, asked)
      },
    }
  },
}

function readOptions(given: Given): Array<Asked & { name: string; negated: boolean }> {
  return Object.entries(OPTIONS).flatMap(([name, read]) => {
    const option = given.option(name)
    return option === null ? [] : [{ name, negated: option.negated, ...read(option) }]
  })
}

function states(given: GivenOption): Asked {
  const names = parseNames(given, [...STATES, ...TRANSLATED], [...PRINTED_STATES, ...TRANSLATED])
  const bits = stateBits(names)
  const translations =
    (names.includes('SNAT') ? SOURCE_TRANSLATED : 0) | (names.includes('DNAT') ? DESTINATION_TRANSLATED : 0)
  const holds: Holds = (entry, { connectionState }, { words }) =>
    (connectionState & bits) !== 0 || (entry !== 0 && (words[entry + STATUS] & translations) !== 0)
  return { text: names.join(','), holds, ...(translations === 0 ? { states: bits } : {}) }
}

/** Unlike `-s`, the text keeps the bits of the address that do not count. */
function address(side: number, field: number): (given: GivenOption) => Asked {
  return (given) => {
    const network = parseAddress(given)
    const at = side * TUPLE_WORDS + field
    const bits = formatNetwork(0, network.mask).slice('0.0.0.0'.length)
    return {
      text: `${formatIpv4(network.address)}${bits === '/32' ? '' : bits}`,
      holds: (entry, _, { words }) => ((words[entry + at] ^ network.address) & network.mask) === 0,
    }
  }
}

/** Masks with gaps, and short addresses, are refused: iptables takes them for something else than they say. */
function parseAddress({ name, value }: GivenOption): { address: number; mask: number } {
  const [host, length = '32', ...rest] = value.split('/')
  const parsed = parseIpv4(host === '0' ? '0.0.0.0' : host)
  const mask = /^\d{1,2}$/.test(length) && Number(length) <= 32 ? maskOf(Number(length)) : parseIpv4(length)
  if (parsed === null || mask === null || rest.length > 0 || maskOf(Math.clz32(~mask)) !== mask)
    throw new RuleError(`--${name} ${value}: expected an IPv4 address or ADDRESS/LENGTH`)
  return { address: parsed, mask }
}

function port(side: number, shift: number): (given: GivenOption) => Asked {
  return ({ name, value }) => {
    const range = parseAnyRange(value, `--${name}`, parsePort, [0, GREATEST_PORT])
    const at = side * TUPLE_WORDS + PORTS
    const holds: Holds = (entry, _, { words }) => {
      const actual = (words[entry + at] >>> shift) & 0xffff
      return range[0] <= actual && actual <= range[1]
    }
    return { text: formatRange(range), holds }
  }
}

/** NONE is no bit: with another one it is not seen. */
function statuses(given: GivenOption): Asked {
  const names = parseNames(given, ['NONE', ...STATUSES], STATUSES)
  const bits = names.reduce((all, name) => all | (1 << STATUSES.indexOf(name)), 0)
  return {
    text: names.join(',') || 'NONE',
    holds: (entry, _, { words }) => (words[entry + STATUS] & bits) !== 0,
  }
}

function expiry({ name, value }: GivenOption): Asked {
  const range = parseAnyRange(value, `--${name}`, seconds, [0, GREATEST_SECONDS])
  const holds: Holds = (entry, { now }, { doubles }) => {
    const left = Math.max(0, Math.floor((doubles[(entry + EXPIRES) >> 1] - now) / SECOND))
    return range[0] <= left && left <= range[1]
  }
  return { text: formatRange(range), holds }
}

function seconds(text: string, what: string): number {
  return parseNumber(text, what, 0, GREATEST_SECONDS)
}

function direction({ name, value }: GivenOption): Asked {
  const upper = value.toUpperCase()
  if (upper !== 'ORIGINAL' && upper !== 'REPLY')
    throw new RuleError(`--${name} ${value}: expected ORIGINAL or REPLY`)
  const wanted = upper === 'ORIGINAL' ? ORIGINAL : REPLY
  return { text: upper, holds: (_, packet) => packet.direction === wanted }
}
