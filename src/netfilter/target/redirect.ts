/** `-j REDIRECT`: this node as the destination. Read and printed only, as DNAT. */
import type { TargetExtension } from '../extension.js'
import { OUTPUT, PREROUTING } from '../hook.js'
import { natFlags, natPorts } from './nat-range.js'

/** The REDIRECT target. */
export const redirect: TargetExtension = {
  name: 'REDIRECT',
  tables: ['nat'],
  hooks: [PREROUTING, OUTPUT],
  tracks: true,
  options: {
    'to-ports': { argument: 'PORT[-PORT]' },
    random: { argument: null },
  },
  read(given) {
    const to = given.option('to-ports')
    const ports = to === null ? [] : [`--to-ports ${natPorts(given, to.value, 'to-ports', false)}`]
    return { name: 'REDIRECT', text: [...ports, ...natFlags(given, ['random'])].join(' ') }
  },
}
