/** `-m rpfilter`: whether an answer would go back the way the packet came. Parsed and printed, not decided. */
import type { MatchExtension } from '../extension.js'
import { PREROUTING } from '../hook.js'

/** As iptables-save prints them. */
const OPTIONS = ['loose', 'validmark', 'accept-local', 'invert'] as const

/** The rpfilter match. */
export const rpfilter: MatchExtension = {
  name: 'rpfilter',
  tables: ['raw', 'mangle'],
  hooks: [PREROUTING],
  options: Object.fromEntries(OPTIONS.map((name) => [name, { argument: null }])),
  read(given) {
    const named = OPTIONS.filter((name) => given.has(name))
    return { name: 'rpfilter', text: named.map((name) => `--${name}`).join(' ') }
  },
}
