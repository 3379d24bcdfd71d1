/** `-j DNAT`: another destination for a connection. It is read and printed only: no connections are kept here. */
import type { TargetExtension } from '../extension.js'
import { OUTPUT, PREROUTING } from '../hook.js'
import { natFlags, natRange } from './nat-range.js'

/** In the order in which iptables-save prints them. */
const FLAGS = ['random', 'persistent'] as const

/** The DNAT target. */
export const dnat: TargetExtension = {
  name: 'DNAT',
  tables: ['nat'],
  hooks: [PREROUTING, OUTPUT],
  tracks: true,
  options: {
    'to-destination': { argument: '[ADDRESS[-ADDRESS]][:PORT[-PORT[/BASE]]]' },
    random: { argument: null },
    persistent: { argument: null },
  },
  read(given) {
    const range = natRange(given, 'to-destination', true)
    return { name: 'DNAT', text: [`--to-destination ${range}`, ...natFlags(given, FLAGS)].join(' ') }
  },
}
