/** `--sport` and `--dport`, as the matches of all protocols that have ports understand them. */
import { within } from '../condition.js'
import type { Condition } from '../condition.js'
import type { GivenOption } from '../given.js'
import { formatRange, parsePorts } from '../numbers.js'

/** Ports that are asked for, or null for any. */
export interface PortTest {
  range: readonly [least: number, greatest: number]
  negated: boolean
}

/** Bytes of the two ports, which stand first in every header that has them. */
export const PORTS_LENGTH = 4

/** What `--sport` or `--dport` says. */
export function readPorts(given: GivenOption | null, parse = parsePorts): PortTest | null {
  return given === null ? null : { range: parse(given.value, `--${given.name}`), negated: given.negated }
}

/** Whether a port is among those asked for. */
export function portsHold(test: PortTest | null, port: number): boolean {
  return test === null || (port >= test.range[0] && port <= test.range[1]) !== test.negated
}

/** As iptables-save prints it: nothing for all ports, even where they are negated and no packet matches. */
export function savePorts(option: string, test: PortTest | null): string {
  if (test === null || (test.range[0] === 0 && test.range[1] === 65_535)) return ''
  return savePortsInFull(option, test)
}

/** The same, of all ports too. */
export function savePortsInFull(option: string, test: PortTest | null): string {
  return test === null ? '' : `${test.negated ? '! ' : ''}--${option} ${formatRange(test.range)}`
}

/** As the compiler has it. Where no port is asked for, that there are ports: a later fragment has none. */
export function portConditions(sport: PortTest | null, dport: PortTest | null): Condition[] {
  const any: PortTest = { range: [0, 0xffff], negated: false }
  if (dport === null) return [portCondition('source-port', sport ?? any)]
  const last = portCondition('destination-port', dport)
  return sport === null ? [last] : [portCondition('source-port', sport), last]
}

function portCondition(field: Condition['field'], { range, negated }: PortTest): Condition {
  return within(field, 0xffff, range, negated)
}
