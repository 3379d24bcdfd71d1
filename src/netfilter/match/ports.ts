/** `--sport` and `--dport`, as the matches of all protocols that have ports understand them. */
import type { Condition } from '../condition.js'
import type { GivenOption } from '../given.js'
import { formatRange, parsePorts } from '../numbers.js'

/** Ports that are asked for, or null for any. */
export interface PortTest {
  range: readonly [least: number, greatest: number]
  negated: boolean
}

/** What `--sport` or `--dport` says. */
export function readPorts(given: GivenOption | null): PortTest | null {
  return given === null ? null : { range: parsePorts(given.value, `--${given.name}`), negated: given.negated }
}

/** Whether a port is among those asked for. */
export function portsHold(test: PortTest | null, port: number): boolean {
  return test === null || (port >= test.range[0] && port <= test.range[1]) !== test.negated
}

/** As iptables-save prints it: nothing where all ports will do. */
export function savePorts(option: string, test: PortTest | null): string {
  if (test === null || (test.range[0] === 0 && test.range[1] === 65_535 && !test.negated)) return ''
  return `${test.negated ? '! ' : ''}--${option} ${formatRange(test.range)}`
}

/** As the compiler has it. */
export function portConditions(field: Condition['field'], test: PortTest | null): Condition[] {
  return test === null ? [] : [{ field, mask: 0xffff, ranges: [test.range], negated: test.negated }]
}
