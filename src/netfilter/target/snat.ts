/** `-j SNAT`: another source for a connection. It is read and printed only: no connections are kept here. */
import type { TargetExtension } from '../extension.js'
import { INPUT, POSTROUTING } from '../hook.js'
import { natFlags, natRange } from './nat-range.js'

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
    const range = natRange(given, 'to-source', false)
    return { name: 'SNAT', text: [`--to-source ${range}`, ...natFlags(given, FLAGS)].join(' ') }
  },
}
