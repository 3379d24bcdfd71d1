/** `-p udp -m udp`: the ports of UDP. */
import type { Condition } from '../condition.js'
import type { MatchExtension } from '../extension.js'
import { parseAnyRange, parsePort } from '../numbers.js'
import type { Packet } from '../packet.js'
import { RuleError } from '../rule-error.js'
import type { Match } from '../rule.js'
import * as udp from '../../wire/udp.js'
import { hasHeader } from './header.js'
import { portConditions, portsHold, readPorts, savePorts } from './ports.js'
import type { PortTest } from './ports.js'

/** The udp match. */
export const udpMatch: MatchExtension = {
  name: 'udp',
  protocols: [udp.PROTOCOL],
  options: {
    sport: { argument: 'PORT[:PORT]', negatable: true, aliases: ['source-port'] },
    dport: { argument: 'PORT[:PORT]', negatable: true, aliases: ['destination-port'] },
  },
  read(given) {
    const sport = readPorts(given.option('sport'), parsePorts)
    const dport = readPorts(given.option('dport'), parsePorts)
    return new UdpMatch(sport, dport)
  },
}

/** A class, because rules come by the hundred thousand: what can be made of the ports is made when it is asked for. */
class UdpMatch implements Match {
  readonly name = 'udp'
  readonly #sport: PortTest | null
  readonly #dport: PortTest | null

  constructor(sport: PortTest | null, dport: PortTest | null) {
    this.#sport = sport
    this.#dport = dport
  }

  get text(): string {
    const parts = [savePorts('sport', this.#sport), savePorts('dport', this.#dport)]
    return parts.filter((part) => part !== '').join(' ')
  }

  get conditions(): Condition[] {
    return portConditions(this.#sport, this.#dport)
  }

  start(): (packet: Packet) => boolean {
    const [sport, dport] = [this.#sport, this.#dport]
    return (packet) =>
      hasHeader(packet, udp.HEADER_LENGTH) &&
      portsHold(sport, udp.sourcePort(packet.bytes, packet.l4)) &&
      portsHold(dport, udp.destinationPort(packet.bytes, packet.l4))
  }
}

/** Unlike tcp: the greater port may stand first, and numbers are decimal, 010 is ten and 0x10 nothing. */
function parsePorts(text: string, what: string): [least: number, greatest: number] {
  return parseAnyRange(text, what, parseDecimal, [0, 65_535])
}

function parseDecimal(text: string, what: string): number {
  if (/^0x/i.test(text)) throw new RuleError(`${what} ${text}: a port is 0-65535, in decimal`)
  return parsePort(text.replace(/^0+(?=\d)/, ''), what)
}
