/** Rules as iptables-save prints them. */
import { formatNetwork, formatProtocol } from './numbers.js'
import { isJump } from './rule.js'
import type { AddressTest, Chain, InterfaceTest, Rule, RuleSet, Table } from './rule.js'

/** `-A CHAIN …`, in the canonical order. */
export function ruleText(chain: string, rule: Rule): string {
  return `-A ${chain} ${ruleBody(rule)}`.trimEnd()
}

/** The same without `-A CHAIN`. */
export function ruleBody(rule: Rule): string {
  return [...commonText(rule), ...matchesText(rule), ...targetText(rule)].join(' ')
}

function commonText(rule: Rule): string[] {
  const protocol = `${rule.protocolNegated ? '! ' : ''}-p ${formatProtocol(rule.protocol)}`
  return [
    ...addressText('-s', rule.source),
    ...addressText('-d', rule.destination),
    ...interfaceText('-i', rule.inInterface),
    ...interfaceText('-o', rule.outInterface),
    ...(rule.protocol === 0 ? [] : [protocol]),
    ...(rule.fragment === null ? [] : [rule.fragment ? '-f' : '! -f']),
  ]
}

function addressText(option: string, { address, mask, negated }: AddressTest): string[] {
  if (mask === 0 && !negated) return []
  return [`${negated ? '! ' : ''}${option} ${formatNetwork(address, mask)}`]
}

/** A lone `+` is any interface, negated or not, and is not printed. */
function interfaceText(option: string, { name, negated }: InterfaceTest): string[] {
  return name === '' || name === '+' ? [] : [`${negated ? '! ' : ''}${option} ${name}`]
}

function matchesText({ matches }: Rule): string[] {
  return matches.map(({ name, text }) => (text === '' ? `-m ${name}` : `-m ${name} ${text}`))
}

function targetText({ target }: Rule): string[] {
  if (target === null) return []
  if (isJump(target)) return [`${target.goto ? '-g' : '-j'} ${target.chain}`]
  return [target.text === '' ? `-j ${target.name}` : `-j ${target.name} ${target.text}`]
}

/** What of a rule set is printed. */
export interface SaveOptions {
  /** `[packets:bytes]` in front of each rule, as `iptables-save -c`. The policies' are always printed. */
  counters?: boolean
}

/** The whole set, as iptables-save prints it but for the two comments with date and version around each table. */
export function* saveLines({ tables }: RuleSet, { counters = false }: SaveOptions = {}): Generator<string> {
  for (const table of tables.values()) {
    yield `*${table.name}`
    yield* chainLines(table)
    for (const chain of chainsInOrder(table))
      for (const rule of chain.rules)
        yield `${counters ? `[${rule.packets}:${rule.bytes}] ` : ''}${ruleText(chain.name, rule)}`
    yield 'COMMIT'
  }
}

function* chainLines(table: Table): Generator<string> {
  for (const { name, policy, packets, bytes } of chainsInOrder(table))
    yield `:${name} ${policy ?? '-'} [${packets}:${bytes}]`
}

/** The built-in chains in the order of their hooks, then the user's by name, as the kernel's list is sorted. */
export function chainsInOrder({ chains }: Table): Chain[] {
  const all = [...chains.values()]
  const users = all.filter(({ policy }) => policy === null)
  users.sort((a, b) => (a.name < b.name ? -1 : 1))
  return [...all.filter(({ policy }) => policy !== null), ...users]
}
