/** `-j MASQUERADE`: the outgoing interface's address as the source; without one the packet is dropped. */
import type { TargetExtension } from '../extension.js'
import { POSTROUTING } from '../hook.js'
import { ACCEPT, DROP } from '../verdict.js'
import { natFlags, portsOption, withFlags } from './nat-range.js'

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
    const { text, option } = portsOption(given)
    const flags = natFlags(given, FLAGS)
    const range = withFlags(option, flags)
    return {
      name: 'MASQUERADE',
      text: [...text, ...flags].join(' '),
      start:
        ({ connections, interfaceAddress }) =>
        (packet) => {
          if (packet.source === 0) return ACCEPT
          const own = interfaceAddress(packet.destination)
          return own === null ? DROP : connections!.bind(packet, { ...range, addresses: [own, own] })
        },
    }
  },
}
