/** `-m ecn`: congestion notification (RFC 3168) in the IPv4 and TCP headers. Parsed and printed, not decided. */
import type { MatchExtension } from '../extension.js'
import { parseNumber } from '../numbers.js'
import { RuleError } from '../rule-error.js'
import * as tcp from '../../wire/tcp.js'

/** As iptables-save prints them. */
const OPTIONS = ['ecn-tcp-ece', 'ecn-tcp-cwr', 'ecn-ip-ect'] as const

/** The ecn match. */
export const ecn: MatchExtension = {
  name: 'ecn',
  options: {
    'ecn-tcp-ece': { argument: null, negatable: true },
    'ecn-tcp-cwr': { argument: null, negatable: true },
    'ecn-ip-ect': { argument: 'NUMBER', negatable: true },
  },
  read(given) {
    const options = OPTIONS.flatMap((name) => given.option(name) ?? [])
    if (options.length === 0)
      throw new RuleError(`ecn: expected one of ${OPTIONS.map((name) => `--${name}`).join(', ')}`)
    const ofTcp = options.find(({ name }) => name !== 'ecn-ip-ect')
    if (ofTcp !== undefined && given.protocol !== tcp.PROTOCOL)
      throw new RuleError(`--${ofTcp.name}: expected -p tcp in the rule`)
    const texts = options.map(({ name, value, negated }) => {
      const option = `${negated ? '! ' : ''}--${name}`
      return name === 'ecn-ip-ect' ? `${option} ${parseNumber(value, `--${name}`, 0, 3)}` : option
    })
    return { name: 'ecn', text: texts.join(' ') }
  },
}
