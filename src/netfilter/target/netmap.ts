/** `-j NETMAP`: a network for a network, the host's part kept. Read and printed only, as SNAT and DNAT. */
import type { TargetExtension } from '../extension.js'
import { formatNetwork, maskOf, parseNetwork } from '../numbers.js'
import { RuleError } from '../rule-error.js'
import { parseIpv4 } from '../../wire/address.js'

/** The NETMAP target. */
export const netmap: TargetExtension = {
  name: 'NETMAP',
  tables: ['nat'],
  tracks: true,
  options: { to: { argument: 'ADDRESS[/MASK]' } },
  read(given) {
    const { value } = given.oneOf('to')
    return { name: 'NETMAP', text: `--to ${parseNetmap(value)}` }
  },
}

/** Stricter than iptables, which takes a mask with holes and uses another one. */
function parseNetmap(text: string): string {
  const { address, mask } = parseNetwork(text, '--to')
  const isWhole = parseIpv4(text.split('/')[0]) !== null && mask === maskOf(Math.clz32(~mask))
  if (!isWhole) throw new RuleError(`--to ${text}: expected ADDRESS/LENGTH, or a mask without holes`)
  return formatNetwork(address, mask)
}
