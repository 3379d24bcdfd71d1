/** `-p icmp -m icmp`: type and code of ICMP. */
import type { MatchExtension } from '../extension.js'
import { parseNumber } from '../numbers.js'
import { RuleError } from '../rule-error.js'
import * as icmp from '../../wire/icmp.js'
import { CODE_NAMES, TYPE_NAMES } from '../../wire/icmp-names.js'
import { hasHeader } from './header.js'

interface TypeTest {
  /** ANY for all of them. */
  type: number
  /** Null for all of them. */
  code: number | null
}

/** As the kernel has it: type 255 of a rule is any type. */
const ANY = 255

/** Types and codes that iptables has no word for. */
const UNNAMED_ABOVE = 18
const NOT_IPTABLES = new Set([
  'alternate-host-address',
  'information-request',
  'information-reply',
  'source-host-isolated',
  'bad-length',
])

/** Name → type and code. */
const NAMES: ReadonlyMap<string, TypeTest> = new Map<string, TypeTest>([
  ['any', { type: ANY, code: null }],
  ...[...TYPE_NAMES].flatMap(([type, name]): Array<[string, TypeTest]> =>
    type > UNNAMED_ABOVE || NOT_IPTABLES.has(name) ? [] : [[name, { type, code: null }]],
  ),
  ['pong', { type: icmp.ECHO_REPLY, code: null }],
  ['ping', { type: icmp.ECHO_REQUEST, code: null }],
  ['ttl-exceeded', { type: icmp.TIME_EXCEEDED, code: null }],
  ...[...CODE_NAMES].flatMap(([type, names]) =>
    names.flatMap((name, code): Array<[string, TypeTest]> =>
      NOT_IPTABLES.has(name) ? [] : [[name, { type, code }]],
    ),
  ),
])

/** The icmp match. */
export const icmpMatch: MatchExtension = {
  name: 'icmp',
  protocols: [icmp.PROTOCOL],
  options: { 'icmp-type': { argument: 'TYPE[/CODE]', negatable: true } },
  read(given) {
    const { value, negated } = given.oneOf('icmp-type')
    const { type, code } = parseType(value)
    const least = (type << 8) | (code ?? 0)
    const greatest = (type << 8) | (code ?? 255)
    return {
      name: 'icmp',
      text: `${negated ? '! ' : ''}--icmp-type ${formatType({ type, code })}`,
      start: () => (packet) => {
        if (!hasHeader(packet, icmp.HEADER_LENGTH)) return false
        const actual = (icmp.type(packet.bytes, packet.l4) << 8) | icmp.code(packet.bytes, packet.l4)
        return (type === ANY || (actual >= least && actual <= greatest)) !== negated
      },
      conditions: [
        {
          field: 'icmp-type-code',
          mask: 0xffff,
          ranges: [type === ANY ? [0, 0xffff] : [least, greatest]],
          negated,
        },
      ],
    }
  },
}

function parseType(text: string): TypeTest {
  const lower = text.toLowerCase()
  const exact = [...NAMES].filter(([name]) => name.toLowerCase() === lower)
  const found = exact.length > 0 ? exact : [...NAMES].filter(([name]) => name.toLowerCase().startsWith(lower))
  if (found.length > 1) {
    const names = found.map(([name]) => name).join(', ')
    throw new RuleError(`--icmp-type ${text}: expected one of ${names}`)
  }
  if (found.length === 1) return found[0][1]
  const [type, code, ...rest] = text.split('/')
  if (rest.length > 0) throw new RuleError(`--icmp-type ${text}: expected a name, TYPE or TYPE/CODE`)
  return {
    type: parseNumber(type, '--icmp-type', 0, 255),
    code: code === undefined ? null : parseNumber(code, '--icmp-type code', 0, 255),
  }
}

function formatType({ type, code }: TypeTest): string {
  if (type === ANY) return 'any'
  return code === null ? String(type) : `${type}/${code}`
}
