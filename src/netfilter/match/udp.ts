/** `-p udp -m udp`: the ports of UDP. */
import type { MatchExtension } from '../extension.js'
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
    const sport = readPorts(given.option('sport'))
    const dport = readPorts(given.option('dport'))
    return {
      name: 'udp',
      text: [savePorts('sport', sport), savePorts('dport', dport)].filter((part) => part !== '').join(' '),
      start: () => (packet) =>
        hasHeader(packet, udp.HEADER_LENGTH) &&
        portsHold(sport, udp.sourcePort(packet.bytes, packet.l4)) &&
        portsHold(dport, udp.destinationPort(packet.bytes, packet.l4)),
      conditions: [...portConditions('source-port', sport), ...portConditions('destination-port', dport)],
    }
  },
}
