/** `-m multiport`: up to 15 ports, a range counting as two. */
import type { Condition } from '../condition.js'
import type { MatchExtension } from '../extension.js'
import { formatRange, parsePort } from '../numbers.js'
import type { Packet } from '../packet.js'
import { RuleError } from '../rule-error.js'
import * as udp from '../../wire/udp.js'
import { hasHeader } from './header.js'
import { PORTS_LENGTH } from './ports.js'

type Range = readonly [least: number, greatest: number]

const MOST = 15
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
        if (!hasHeader(packet, PORTS_LENGTH)) return false
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
  const ranges = text.split(',').map((part) => parsePart(part, `--${option}`))
  const backwards = text.split(',').find((part, i) => part.includes(':') && ranges[i][0] === ranges[i][1])
  if (backwards !== undefined)
    throw new RuleError(`--${option} ${backwards}: expected the smaller port first`)
  const slots = text.split(/[,:]/).length
  if (slots > MOST)
    throw new RuleError(`--${option}: ${slots} ports, expected at most ${MOST}, a range counting as two`)
  return ranges
}

/** Both ends of a range must be there, and must differ. */
function parsePart(part: string, option: string): Range {
  const [first, second, ...rest] = part.split(':')
  const least = parsePort(first, option)
  const greatest = second === undefined ? least : parsePort(second, option)
  if (rest.length > 0 || (second !== undefined && least >= greatest))
    throw new RuleError(`${option} ${part}: expected PORT or PORT:PORT, the smaller one first`)
  return [least, greatest]
}

function isIn(ranges: readonly Range[], port: number): boolean {
  for (let i = 0; i < ranges.length; i++) if (port >= ranges[i][0] && port <= ranges[i][1]) return true
  return false
}
