/** `-m iprange`: addresses from one to another, which need not be a network. */
import { within } from '../condition.js'
import type { Condition } from '../condition.js'
import type { MatchExtension } from '../extension.js'
import type { GivenOption } from '../given.js'
import { parseAddress } from '../numbers.js'
import { RuleError } from '../rule-error.js'
import { formatIpv4 } from '../../wire/address.js'

/** Addresses that are asked for, unsigned, or null for any. */
interface AddressRange {
  range: readonly [least: number, greatest: number]
  negated: boolean
}

/** The iprange match. */
export const iprange: MatchExtension = {
  name: 'iprange',
  options: {
    'src-range': { argument: 'ADDRESS[-ADDRESS]', negatable: true },
    'dst-range': { argument: 'ADDRESS[-ADDRESS]', negatable: true },
  },
  read(given) {
    const [source, destination] = [readRange(given.option('src-range')), readRange(given.option('dst-range'))]
    if (source === null && destination === null)
      throw new RuleError('iprange: expected --src-range, --dst-range or both')
    return {
      name: 'iprange',
      text: [...saveRange('src-range', source), ...saveRange('dst-range', destination)].join(' '),
      start: () => (packet) => holds(source, packet.source) && holds(destination, packet.destination),
      conditions: [...conditionOf('source', source), ...conditionOf('destination', destination)],
    }
  },
}

/** The greater address may stand first: iptables warns that no packet is in such a range, and takes it. */
function readRange(given: GivenOption | null): AddressRange | null {
  if (given === null) return null
  const [least, greatest, ...rest] = given.value.split('-').map(parseAddress)
  if (least === null || greatest === null || rest.length > 0)
    throw new RuleError(`--${given.name} ${given.value}: expected an IPv4 address or ADDRESS-ADDRESS`)
  return { range: [least, greatest ?? least], negated: given.negated }
}

function holds(test: AddressRange | null, address: number): boolean {
  return test === null || (address >= test.range[0] && address <= test.range[1]) !== test.negated
}

function saveRange(option: string, test: AddressRange | null): string[] {
  if (test === null) return []
  return [`${test.negated ? '! ' : ''}--${option} ${test.range.map(formatIpv4).join('-')}`]
}

function conditionOf(field: Condition['field'], test: AddressRange | null): Condition[] {
  return test === null ? [] : [within(field, 0xffffffff, test.range, test.negated)]
}
