/** `-p udp -m udp`: the ports of UDP. */
import type { MatchExtension } from '../extension.js'
import { parseAnyRange, parsePort } from '../numbers.js'
import { RuleError } from '../rule-error.js'
import * as udp from '../../wire/udp.js'
import { hasHeader } from './header.js'
import { portConditions, portsHold, readPorts, savePorts } from './ports.js'

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
    return {
      name: 'udp',
      text: [savePorts('sport', sport), savePorts('dport', dport)].filter((part) => part !== '').join(' '),
      start: () => (packet) =>
        hasHeader(packet, udp.HEADER_LENGTH) &&
        portsHold(sport, udp.sourcePort(packet.bytes, packet.l4)) &&
        portsHold(dport, udp.destinationPort(packet.bytes, packet.l4)),
      conditions: portConditions(sport, dport),
    }
  },
}

/** Unlike tcp: the greater port may stand first, and numbers are decimal, 010 is ten and 0x10 nothing. */
function parsePorts(text: string, what: string): [least: number, greatest: number] {
  return parseAnyRange(text, what, parseDecimal, [0, 65_535])
}

function parseDecimal(text: string, what: string): number {
  if (/^0x/i.test(text)) throw new RuleError(`${what} ${text}: a port is 0-65535, in decimal`)
  return parsePort(text.replace(/^0+(?=\d)/, ''), what)
}
