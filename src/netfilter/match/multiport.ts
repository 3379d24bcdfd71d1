/** `-m multiport`: up to 15 ports, a range counting as two. */
import type { Condition } from '../condition.js'
import type { MatchExtension } from '../extension.js'
import { formatRange, parsePort, parseRange } from '../numbers.js'
import type { Packet } from '../packet.js'
import { RuleError } from '../rule-error.js'
import * as udp from '../../wire/udp.js'

type Range = readonly [least: number, greatest: number]

const MOST = 15
const PORTS_LENGTH = 4
/** tcp, udp, dccp, sctp, udplite: the ports stand first in all of them. */
const PROTOCOLS = [6, 17, 33, 132, 136]

/** The multiport match. */
export const multiport: MatchExtension = {
  name: 'multiport',
  protocols: PROTOCOLS,
  options: {
    sports: { argument: 'PORT[,PORT:PORT …]', negatable: true, aliases: ['source-ports'] },
    dports: { argument: 'PORT[,PORT:PORT …]', negatable: true, aliases: ['destination-ports'] },
    ports: { argument: 'PORT[,PORT:PORT …]', negatable: true },
  },
  read(given) {
    const { name, value, negated } = given.oneOf('sports', 'dports', 'ports')
    const ranges = parsePortList(value, name)
    const match = {
      name: 'multiport',
      text: `${negated ? '! ' : ''}--${name} ${ranges.map(formatRange).join(',')}`,
      start: () => (packet: Packet) => {
        if (packet.fragmentOffset !== 0) return false
        if (packet.l4 + PORTS_LENGTH > packet.end) {
          packet.isMalformed = true
          return false
        }
        const source = name !== 'dports' && isIn(ranges, udp.sourcePort(packet.bytes, packet.l4))
        const destination = name !== 'sports' && isIn(ranges, udp.destinationPort(packet.bytes, packet.l4))
        return (source || destination) !== negated
      },
    }
    if (name === 'ports') return match
    const field: Condition['field'] = name === 'sports' ? 'source-port' : 'destination-port'
    return { ...match, conditions: [{ field, mask: 0xffff, ranges, negated }] }
  },
}

function parsePortList(text: string, option: string): Range[] {
  const ranges = text.split(',').map((part) => parseRange(part, `--${option}`, parsePort, [0, 65_535]))
  const slots = text.split(',').reduce((sum, part) => sum + (part.includes(':') ? 2 : 1), 0)
  if (slots > MOST)
    throw new RuleError(`--${option}: ${slots} ports, expected at most ${MOST}, a range counting as two`)
  return ranges
}

function isIn(ranges: readonly Range[], port: number): boolean {
  for (let i = 0; i < ranges.length; i++) if (port >= ranges[i][0] && port <= ranges[i][1]) return true
  return false
}
