/** `-j NETMAP`: a network for a network, the host's part kept. */
import { sideAt } from '../conntrack/nat.js'
import { SOURCE_OF } from '../conntrack/nat-packet.js'
import type { TargetExtension } from '../extension.js'
import { formatNetwork, maskOf, parseNetwork } from '../numbers.js'
import { RuleError } from '../rule-error.js'
import { parseIpv4 } from '../../wire/address.js'

const KEPT = { ports: null, base: null, isRandom: false, isPersistent: false }

/** The NETMAP target. */
export const netmap: TargetExtension = {
  name: 'NETMAP',
  tables: ['nat'],
  tracks: true,
  options: { to: { argument: 'ADDRESS[/MASK]' } },
  read(given) {
    const { value } = given.oneOf('to')
    const { address, mask } = parseNetmap(value)
    return {
      name: 'NETMAP',
      text: `--to ${formatNetwork(address, mask)}`,
      start:
        ({ connections }) =>
        (packet) => {
          const was = sideAt(packet.hook) === SOURCE_OF ? packet.source : packet.destination
          const becomes = ((was & ~mask) | (address & mask)) >>> 0
          return connections!.bind(packet, { ...KEPT, addresses: [becomes, becomes] })
        },
    }
  },
}

/** Stricter than iptables, which takes a mask with holes and uses another one. */
function parseNetmap(text: string): { address: number; mask: number } {
  const { address, mask } = parseNetwork(text, '--to')
  const isWhole = parseIpv4(text.split('/')[0]) !== null && mask === maskOf(Math.clz32(~mask))
  if (!isWhole) throw new RuleError(`--to ${text}: expected ADDRESS/LENGTH, or a mask without holes`)
  return { address, mask }
}
