/** `-m addrtype`: what the addresses are to the node: its own, a broadcast, … */
import type { MatchExtension } from '../extension.js'
import type { Given, GivenOption } from '../given.js'
import { FORWARD, INPUT, OUTPUT, POSTROUTING, PREROUTING } from '../hook.js'
import type { Hook } from '../hook.js'
import { RuleError } from '../rule-error.js'
import type { Runtime } from '../runtime.js'

/** In the order in which iptables looks for them and prints them; no address is of the last two. */
const TYPES = [
  'UNSPEC',
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'ANYCAST',
  'MULTICAST',
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
] as const

/** Types that are asked for, or null for any. */
interface TypeTest {
  types: ReadonlySet<string>
  negated: boolean
}

/** The addrtype match. */
export const addrtype: MatchExtension = {
  name: 'addrtype',
  options: {
    'src-type': { argument: 'TYPE[,…]', negatable: true },
    'dst-type': { argument: 'TYPE[,…]', negatable: true },
    'limit-iface-in': { argument: null },
    'limit-iface-out': { argument: null },
  },
  read(given) {
    const [source, destination] = [readTypes(given.option('src-type')), readTypes(given.option('dst-type'))]
    if (source === null && destination === null)
      throw new RuleError('addrtype: expected --src-type, --dst-type or both')
    const limit = readLimit(given)
    const parts = [
      ...saveTypes('src-type', source),
      ...saveTypes('dst-type', destination),
      ...(limit === null ? [] : [`--${limit}`]),
    ]
    return {
      name: 'addrtype',
      text: parts.join(' '),
      hooks: hooksOf(limit),
      start: (runtime) => (packet) => {
        const name =
          limit === null ? '' : limit === 'limit-iface-in' ? packet.inInterface : packet.outInterface
        return (
          holds(source, runtime, packet.source, name) && holds(destination, runtime, packet.destination, name)
        )
      },
    }
  },
}

function readTypes(given: GivenOption | null): TypeTest | null {
  if (given === null) return null
  const asked = new Set(given.value.split(',').map((one) => parseType(one, given)))
  return { types: new Set(TYPES.filter((type) => asked.has(type))), negated: given.negated }
}

/** The first that begins so, in any case. */
function parseType(text: string, { name, value }: GivenOption): string {
  const found = text === '' ? undefined : TYPES.find((type) => type.startsWith(text.toUpperCase()))
  if (found === undefined) throw new RuleError(`--${name} ${value}: expected some of ${TYPES.join(',')}`)
  return found
}

function readLimit(given: Given): 'limit-iface-in' | 'limit-iface-out' | null {
  const [isIn, isOut] = [given.has('limit-iface-in'), given.has('limit-iface-out')]
  if (isIn && isOut) throw new RuleError('--limit-iface-in and --limit-iface-out: expected only one of them')
  return isIn ? 'limit-iface-in' : isOut ? 'limit-iface-out' : null
}

function saveTypes(option: string, test: TypeTest | null): string[] {
  return test === null ? [] : [`${test.negated ? '! ' : ''}--${option} ${[...test.types].join(',')}`]
}

/** Where there is such an interface. */
function hooksOf(limit: string | null): readonly Hook[] | undefined {
  if (limit === null) return undefined
  return limit === 'limit-iface-in' ? [PREROUTING, INPUT, FORWARD] : [FORWARD, OUTPUT, POSTROUTING]
}

function holds(test: TypeTest | null, runtime: Runtime, address: number, name: string): boolean {
  return test === null || test.types.has(runtime.addressType(address, name)) !== test.negated
}
