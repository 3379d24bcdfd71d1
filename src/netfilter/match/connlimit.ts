/** `-m connlimit`: how many connections a host, or a network, has. Each rule counts those that came to it. */
import { PROTOCOL } from '../conntrack/entry.js'
import { createLiveCount } from '../conntrack/live-count.js'
import type { MatchExtension } from '../extension.js'
import type { GivenOption } from '../given.js'
import { maskOf, parseNumber } from '../numbers.js'
import { RuleError } from '../rule-error.js'
import { parseIpv4 } from '../../wire/address.js'

const GREATEST = 0xffffffff

/** The connlimit match. */
export const connlimit: MatchExtension = {
  name: 'connlimit',
  tracks: true,
  options: {
    'connlimit-upto': { argument: 'NUMBER', negatable: true },
    'connlimit-above': { argument: 'NUMBER', negatable: true },
    'connlimit-mask': { argument: 'LENGTH' },
    'connlimit-saddr': { argument: null },
    'connlimit-daddr': { argument: null },
  },
  read(given) {
    const { name, value, negated } = given.oneOf('connlimit-upto', 'connlimit-above')
    const number = parseNumber(value, `--${name}`, 0, GREATEST)
    const isAbove = (name === 'connlimit-above') !== negated
    const byDestination = given.has('connlimit-daddr')
    if (byDestination && given.has('connlimit-saddr'))
      throw new RuleError('--connlimit-saddr and --connlimit-daddr: expected only one of them')
    const length = parseMask(given.option('connlimit-mask'))
    const parts = [
      `--connlimit-${isAbove ? 'above' : 'upto'} ${number}`,
      `--connlimit-mask ${length}`,
      `--connlimit-${byDestination ? 'daddr' : 'saddr'}`,
    ]
    const mask = maskOf(length)
    return {
      name: 'connlimit',
      text: parts.join(' '),
      start: ({ connections }) => {
        if (connections === null) return () => false
        const { words } = connections.table
        const { count } = createLiveCount(connections.table)
        return (packet) => {
          const { connection } = packet
          const zone = (connection === 0 ? packet.zone : words[connection + PROTOCOL]) >>> 16
          const address = ((byDestination ? packet.destination : packet.source) & mask) >>> 0
          const alive = count(zone * 2 ** 32 + address, packet)
          // As in the kernel: where its own connection has just been closed, too.
          if (alive === 0) packet.isMalformed = true
          return alive > 0 && alive > number === isAbove
        }
      },
    }
  },
}

/** In bits, or as an address of which the first bits are set. */
function parseMask(given: GivenOption | null): number {
  if (given === null) return 32
  const { name, value } = given
  if (/^\d+$/.test(value)) return parseNumber(value, `--${name}`, 0, 32)
  const mask = parseIpv4(value)
  if (mask === null || maskOf(Math.clz32(~mask)) !== mask)
    throw new RuleError(`--${name} ${value}: expected a length from 0 to 32`)
  return Math.clz32(~mask)
}
