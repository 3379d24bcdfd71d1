/** `-j SNAT`: another source for a connection. */
import type { TargetExtension } from '../extension.js'
import { INPUT, POSTROUTING } from '../hook.js'
import { natFlags, natRange, withFlags } from './nat-range.js'

/** In the order in which iptables-save prints them. */
const FLAGS = ['random', 'random-fully', 'persistent'] as const

/** The SNAT target. */
export const snat: TargetExtension = {
  name: 'SNAT',
  tables: ['nat'],
  hooks: [INPUT, POSTROUTING],
  tracks: true,
  options: {
    'to-source': { argument: '[ADDRESS[-ADDRESS]][:PORT[-PORT]]' },
    random: { argument: null },
    'random-fully': { argument: null },
    persistent: { argument: null },
  },
  read(given) {
    const option = natRange(given, 'to-source', false)
    const flags = natFlags(given, FLAGS)
    const range = withFlags(option, flags)
    return {
      name: 'SNAT',
      text: [`--to-source ${option.text}`, ...flags].join(' '),
      start:
        ({ connections }) =>
        (packet) =>
          connections!.bind(packet, range),
    }
  },
}
