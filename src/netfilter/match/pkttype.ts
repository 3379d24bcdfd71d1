/** `-m pkttype`: whom the frame is for, by its destination's MAC address. */
import type { MatchExtension } from '../extension.js'
import { BROADCAST, MULTICAST, OTHER_HOST, UNICAST } from '../packet.js'
import { RuleError } from '../rule-error.js'

/** The first name of each type is printed. */
const TYPES: ReadonlyMap<string, number> = new Map([
  ['unicast', UNICAST],
  ['broadcast', BROADCAST],
  ['multicast', MULTICAST],
  ['otherhost', OTHER_HOST],
  ['host', UNICAST],
  ['bcast', BROADCAST],
  ['mcast', MULTICAST],
])

/** The pkttype match. */
export const pkttype: MatchExtension = {
  name: 'pkttype',
  options: { 'pkt-type': { argument: 'TYPE', negatable: true } },
  read(given) {
    const { value, negated } = given.oneOf('pkt-type')
    const type = TYPES.get(value.toLowerCase())
    if (type === undefined)
      throw new RuleError(`--pkt-type ${value}: expected ${[...TYPES.keys()].slice(0, 4).join(', ')}`)
    const name = [...TYPES].find(([, one]) => one === type)![0]
    return {
      name: 'pkttype',
      text: `${negated ? '! ' : ''}--pkt-type ${name}`,
      start: () => (packet) => (packet.type === type) !== negated,
    }
  },
}
