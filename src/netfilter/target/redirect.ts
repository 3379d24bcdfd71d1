/** `-j REDIRECT`: this node as the destination; without an address the packet is dropped. */
import type { TargetExtension } from '../extension.js'
import { OUTPUT, PREROUTING } from '../hook.js'
import { DROP } from '../verdict.js'
import { natFlags, portsOption, withFlags } from './nat-range.js'

const LOOPBACK = 0x7f000001

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
    const { text, option } = portsOption(given)
    const flags = natFlags(given, ['random'])
    const range = withFlags(option, flags)
    return {
      name: 'REDIRECT',
      text: [...text, ...flags].join(' '),
      start:
        ({ connections, interfaceAddress }) =>
        (packet) => {
          const own = packet.hook === OUTPUT ? LOOPBACK : interfaceAddress(null)
          return own === null ? DROP : connections!.bind(packet, { ...range, addresses: [own, own] })
        },
    }
  },
}
