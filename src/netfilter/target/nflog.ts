/** `-j NFLOG`: hands the packet to a group of listeners, and on to the next rule. */
import type { TargetExtension } from '../extension.js'
import { RuleError } from '../rule-error.js'
import { CONTINUE } from '../verdict.js'
import { quote } from '../words.js'
import { parsePrefix } from './log-prefix.js'

/** Bytes of a prefix. */
const LONGEST_PREFIX = 63

/** The NFLOG target. */
export const nflog: TargetExtension = {
  name: 'NFLOG',
  options: {
    'nflog-prefix': { argument: 'TEXT' },
    'nflog-group': { argument: '0-65535' },
    'nflog-range': { argument: 'BYTES' },
    'nflog-size': { argument: 'BYTES' },
    'nflog-threshold': { argument: 'PACKETS' },
  },
  read(given) {
    const prefix = parsePrefix(given, 'nflog-prefix', LONGEST_PREFIX)
    const group = given.number('nflog-group', 0, 0xffff, 0)
    const range = given.number('nflog-range', 0, 0xffffffff, 0)
    const size = given.has('nflog-size') ? given.number('nflog-size', 0, 0xffffffff, 0) : null
    const threshold = given.number('nflog-threshold', 0, 0xffff, 0)
    if (given.has('nflog-range') && given.has('nflog-size'))
      throw new RuleError('--nflog-range and --nflog-size: expected --nflog-size alone')
    const parts = [
      ...(prefix === '' ? [] : [`--nflog-prefix ${quote(prefix)}`]),
      ...(group === 0 ? [] : [`--nflog-group ${group}`]),
      ...(size === null ? [] : [`--nflog-size ${size}`]),
      ...(range === 0 ? [] : [`--nflog-range ${range}`]),
      ...(threshold === 0 ? [] : [`--nflog-threshold ${threshold}`]),
    ]
    // The range never had an effect; the threshold says only how many packets are handed over at once.
    return {
      name: 'NFLOG',
      text: parts.join(' '),
      start: (runtime) => (packet) => {
        runtime.nflog(packet, group, prefix, size)
        return CONTINUE
      },
    }
  },
}
