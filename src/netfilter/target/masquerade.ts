/** `-j MASQUERADE`: the outgoing interface's address as the source. Read and printed only, as SNAT. */
import type { TargetExtension } from '../extension.js'
import { POSTROUTING } from '../hook.js'
import { natFlags, natPorts } from './nat-range.js'

/** In the order in which iptables-save prints them. */
const FLAGS = ['random', 'random-fully'] as const

/** The MASQUERADE target. */
export const masquerade: TargetExtension = {
  name: 'MASQUERADE',
  tables: ['nat'],
  hooks: [POSTROUTING],
  tracks: true,
  options: {
    'to-ports': { argument: 'PORT[-PORT]' },
    random: { argument: null },
    'random-fully': { argument: null },
  },
  read(given) {
    const to = given.option('to-ports')
    const ports = to === null ? [] : [`--to-ports ${natPorts(given, to.value, 'to-ports', false)}`]
    return { name: 'MASQUERADE', text: [...ports, ...natFlags(given, FLAGS)].join(' ') }
  },
}
