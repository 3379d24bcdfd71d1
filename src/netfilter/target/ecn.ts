/** `-j ECN`: congestion bits of TCP and of the IPv4 header. Read and printed only. */
import type { TargetExtension } from '../extension.js'
import type { Given } from '../given.js'
import { RuleError } from '../rule-error.js'
import * as tcp from '../../wire/tcp.js'

/** The ECN target. */
export const ecn: TargetExtension = {
  name: 'ECN',
  tables: ['mangle'],
  options: {
    'ecn-tcp-remove': { argument: null },
    'ecn-tcp-ece': { argument: '0|1' },
    'ecn-tcp-cwr': { argument: '0|1' },
    'ecn-ip-ect': { argument: '0-3' },
  },
  read(given) {
    if (given.options.length === 0)
      throw new RuleError('ECN: expected --ecn-tcp-remove, --ecn-tcp-ece, --ecn-tcp-cwr or --ecn-ip-ect')
    const parts = [...tcpParts(given), ...ipParts(given)]
    const isRemoved = parts.join(' ') === '--ecn-tcp-ece 0 --ecn-tcp-cwr 0'
    return { name: 'ECN', text: isRemoved ? '--ecn-tcp-remove' : parts.join(' ') }
  },
}

/** `--ecn-tcp-remove` clears both bits, and is what iptables-save prints where they are all that changes. */
function tcpParts(given: Given): string[] {
  const removes = given.has('ecn-tcp-remove')
  const bits = ['ecn-tcp-ece', 'ecn-tcp-cwr'].filter((name) => removes || given.has(name))
  if (bits.length > 0 && given.protocol !== tcp.PROTOCOL)
    throw new RuleError('ECN of TCP: expected -p tcp in the rule')
  if (removes) given.oneOf('ecn-tcp-remove', 'ecn-tcp-ece', 'ecn-tcp-cwr')
  return bits.map((name) => `--${name} ${given.number(name, 0, 1, 0)}`)
}

/** Not printed where `--ecn-tcp-remove` comes behind it: iptables forgets it there. */
function ipParts(given: Given): string[] {
  const names = given.options.map(({ name }) => name)
  const ect = given.number('ecn-ip-ect', 0, 3, 0)
  return names.lastIndexOf('ecn-ip-ect') > names.lastIndexOf('ecn-tcp-remove') ? [`--ecn-ip-ect ${ect}`] : []
}
