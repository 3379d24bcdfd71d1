/** `-j DNAT`: another destination for a connection. */
import type { TargetExtension } from '../extension.js'
import { OUTPUT, PREROUTING } from '../hook.js'
import { natFlags, natRange, withFlags } from './nat-range.js'

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
    const option = natRange(given, 'to-destination', true)
    const flags = natFlags(given, FLAGS)
    const range = withFlags(option, flags)
    return {
      name: 'DNAT',
      text: [`--to-destination ${option.text}`, ...flags].join(' '),
      start:
        ({ connections }) =>
        (packet) =>
          connections!.bind(packet, range),
    }
  },
}
