/** `-j REJECT --reject-with TYPE`: drops the packet and tells its sender. */
import type { TargetExtension } from '../extension.js'
import { FORWARD, INPUT, OUTPUT } from '../hook.js'
import { RuleError } from '../rule-error.js'
import { DROP } from '../verdict.js'

/** Type → its shorter name, in iptables' order: of several that begin as the rule's word does the first is meant. */
const TYPES: Record<string, string> = {
  'icmp-net-unreachable': 'net-unreach',
  'icmp-host-unreachable': 'host-unreach',
  'icmp-proto-unreachable': 'proto-unreach',
  'icmp-port-unreachable': 'port-unreach',
  'icmp-net-prohibited': 'net-prohib',
  'icmp-host-prohibited': 'host-prohib',
  'tcp-reset': 'tcp-rst',
  'icmp-admin-prohibited': 'admin-prohib',
}

/** The REJECT target. */
export const reject: TargetExtension = {
  name: 'REJECT',
  tables: ['filter'],
  hooks: [INPUT, FORWARD, OUTPUT],
  options: { 'reject-with': { argument: 'TYPE' } },
  read(given) {
    const type = parseType(given.value('reject-with', 'icmp-port-unreachable'))
    if (type === 'tcp-reset' && given.protocol !== 6)
      throw new RuleError('--reject-with tcp-reset: expected -p tcp in the rule')
    return {
      name: 'REJECT',
      text: `--reject-with ${type}`,
      start: (runtime) => (packet) => {
        runtime.reject(packet, type)
        return DROP
      },
    }
  },
}

function parseType(text: string): string {
  const lower = text.toLowerCase()
  const found = Object.entries(TYPES).find(
    ([name, short]) => lower !== '' && (name.startsWith(lower) || short.startsWith(lower)),
  )
  if (found !== undefined) return found[0]
  throw new RuleError(`--reject-with ${text}: expected ${Object.keys(TYPES).join(', ')}`)
}
