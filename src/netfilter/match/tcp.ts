/** `-p tcp -m tcp`: ports, flags and options of TCP. */
import type { Condition } from '../condition.js'
import type { MatchExtension } from '../extension.js'
import type { Given, GivenOption } from '../given.js'
import { parseNumber } from '../numbers.js'
import type { Packet } from '../packet.js'
import { RuleError } from '../rule-error.js'
import type { Match } from '../rule.js'
import * as tcp from '../../wire/tcp.js'
import { hasHeader } from './header.js'
import { portConditions, portsHold, readPorts, savePorts } from './ports.js'
import type { PortTest } from './ports.js'
import { optionsEnd, optionsStart, step } from './tcp-options.js'

/** (flags & mask) is `set`, or is not. */
interface FlagTest {
  mask: number
  set: number
  negated: boolean
}

const FLAGS: Record<string, number> = {
  FIN: tcp.FIN,
  SYN: tcp.SYN,
  RST: tcp.RST,
  PSH: tcp.PSH,
  ACK: tcp.ACK,
  URG: tcp.URG,
}
const ALL = 0x3f
/** The first segment of a connection, as iptables' own words for it are saved. */
const SYN_MASK = tcp.FIN | tcp.SYN | tcp.RST | tcp.ACK

/** `--tcp-option`. */
interface OptionTest {
  number: number
  negated: boolean
}

/** The tcp match. */
export const tcpMatch: MatchExtension = {
  name: 'tcp',
  protocols: [tcp.PROTOCOL],
  options: {
    sport: { argument: 'PORT[:PORT]', negatable: true, aliases: ['source-port'] },
    dport: { argument: 'PORT[:PORT]', negatable: true, aliases: ['destination-port'] },
    'tcp-flags': { argument: 'MASK SET', negatable: true, arguments: 2 },
    syn: { argument: null, negatable: true },
    'tcp-option': { argument: 'NUMBER', negatable: true },
  },
  read(given) {
    const sport = readPorts(given.option('sport'))
    const dport = readPorts(given.option('dport'))
    return new TcpMatch(sport, dport, readFlags(given), readOption(given.option('tcp-option')))
  },
}

/** A class for the reason that udp.ts gives. */
class TcpMatch implements Match {
  readonly name = 'tcp'
  readonly #sport: PortTest | null
  readonly #dport: PortTest | null
  readonly #flags: FlagTest | null
  readonly #option: OptionTest | null

  constructor(
    sport: PortTest | null,
    dport: PortTest | null,
    flags: FlagTest | null,
    option: OptionTest | null,
  ) {
    this.#sport = sport
    this.#dport = dport
    this.#flags = flags
    this.#option = option
  }

  get text(): string {
    const ports = [savePorts('sport', this.#sport), savePorts('dport', this.#dport)]
    const parts = [...ports, saveOption(this.#option), saveFlags(this.#flags)]
    return parts.filter((part) => part !== '').join(' ')
  }

  get conditions(): Condition[] | undefined {
    if (this.#option !== null) return undefined
    return [...portConditions(this.#sport, this.#dport), ...flagConditions(this.#flags)]
  }

  start(): (packet: Packet) => boolean {
    const [sport, dport, flags, option] = [this.#sport, this.#dport, this.#flags, this.#option]
    return (packet) =>
      !overwritesFlags(packet) &&
      hasHeader(packet, tcp.HEADER_LENGTH) &&
      portsHold(sport, tcp.sourcePort(packet.bytes, packet.l4)) &&
      portsHold(dport, tcp.destinationPort(packet.bytes, packet.l4)) &&
      flagsHold(flags, tcp.flags(packet.bytes, packet.l4)) &&
      (option === null || hasOption(packet, option.number, option.negated))
  }
}

/** A fragment at offset 8 would overwrite the flags of the one before it: it is dropped (tcp_mt, "evil"). */
function overwritesFlags(packet: Packet): boolean {
  if (packet.fragmentOffset !== 8) return false
  packet.isMalformed = true
  return true
}

function readFlags(given: Given): FlagTest | null {
  const syn = given.option('syn')
  const flags = given.option('tcp-flags')
  if (syn !== null && flags !== null) throw new RuleError('--syn and --tcp-flags: expected only one of them')
  if (syn !== null) return { mask: SYN_MASK, set: tcp.SYN, negated: syn.negated }
  if (flags === null) return null
  const [mask, set] = flags.value.split(' ').map(parseFlags)
  return { mask, set, negated: flags.negated }
}

/** Nothing between two commas is nothing. */
function parseFlags(text: string): number {
  const names = text.split(',').filter((name) => name !== '')
  return names.reduce((sum, name) => sum | parseFlag(name), 0)
}

function parseFlag(name: string): number {
  const upper = name.toUpperCase()
  if (upper === 'ALL') return ALL
  if (upper === 'NONE') return 0
  const flag = FLAGS[upper] as number | undefined
  if (flag === undefined)
    throw new RuleError(`--tcp-flags ${name}: expected ${Object.keys(FLAGS).join(', ')}, ALL or NONE`)
  return flag
}

function flagsHold(test: FlagTest | null, flags: number): boolean {
  return test === null || ((flags & test.mask) === test.set) !== test.negated
}

/** Without a mask nothing is printed, although a flag that is to be set is then never found. */
function saveFlags(test: FlagTest | null): string {
  if (test === null || (test.mask === 0 && !test.negated)) return ''
  return `${test.negated ? '! ' : ''}--tcp-flags ${flagNames(test.mask)} ${flagNames(test.set)}`
}

function flagNames(flags: number): string {
  const names = Object.keys(FLAGS).filter((name) => (flags & FLAGS[name]) !== 0)
  return names.length === 0 ? 'NONE' : names.join(',')
}

/** What cannot be equal (a flag asked for outside the mask) is a range that no value is in. */
function flagConditions(test: FlagTest | null): Condition[] {
  if (test === null) return []
  return [{ field: 'tcp-flags', mask: test.mask, ranges: [[test.set, test.set]], negated: test.negated }]
}

function readOption(given: GivenOption | null): OptionTest | null {
  if (given === null) return null
  return { number: parseNumber(given.value, '--tcp-option', 1, 255), negated: given.negated }
}

function saveOption(option: OptionTest | null): string {
  return option === null ? '' : `${option.negated ? '! ' : ''}--tcp-option ${option.number}`
}

/** As tcp_find_option. */
function hasOption(packet: Packet, wanted: number, negated: boolean): boolean {
  const end = optionsEnd(packet)
  if (end === -1) return false
  const { bytes } = packet
  for (let at = optionsStart(packet); at < end; at += step(bytes, at))
    if (bytes[at] === wanted) return !negated
  return negated
}
