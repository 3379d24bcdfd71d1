/** `-m ttl`: how many hops the datagram may still go. */
import { within } from '../condition.js'
import type { MatchExtension } from '../extension.js'
import { parseNumber } from '../numbers.js'
import * as ipv4 from '../../wire/ipv4.js'

const GREATEST = 255

/** The ttl match. */
export const ttl: MatchExtension = {
  name: 'ttl',
  options: {
    'ttl-eq': { argument: 'HOPS', negatable: true, aliases: ['ttl'] },
    'ttl-lt': { argument: 'HOPS' },
    'ttl-gt': { argument: 'HOPS' },
  },
  read(given) {
    const { name, value, negated } = given.oneOf('ttl-eq', 'ttl-lt', 'ttl-gt')
    const hops = parseNumber(value, `--${name}`, 0, GREATEST)
    const range = rangeOf(name, hops)
    const [least, greatest] = range
    return {
      name: 'ttl',
      text: `${negated ? '! ' : ''}--${name} ${hops}`,
      start: () => (packet) => {
        const actual = ipv4.ttl(packet.bytes, packet.l3)
        return (actual >= least && actual <= greatest) !== negated
      },
      conditions: [within('ttl', 0xff, range, negated)],
    }
  },
}

/** Below 0 and above 255 there is nothing: its ends are the wrong way round. */
function rangeOf(option: string, hops: number): [least: number, greatest: number] {
  if (option === 'ttl-lt') return [0, hops - 1]
  return option === 'ttl-gt' ? [hops + 1, GREATEST] : [hops, hops]
}
