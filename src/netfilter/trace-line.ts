/** The lines that are logged of a packet that `-j TRACE` has marked, in the kernel's form (trace_packet of ip_tables). */
import { logLine } from './log-line.js'
import type { Packet } from './packet.js'
import { isJump } from './rule.js'
import type { Chain, Rule, RuleSet } from './rule.js'

/** What the kernel tells of headers in them (NF_LOG_DEFAULT_MASK). */
const DETAILS = { tcpSequence: true, tcpOptions: true, ipOptions: true, macDecode: false }

/**
 * A rule acts, the `number`th of its chain, from 1; null: the chain has ended. The kernel takes a rule that asks
 * nothing and decides for the end of its chain, whose policy or RETURN is such a rule.
 */
export function traceLine(
  table: string,
  chain: Chain,
  rule: Rule | null,
  number: number,
  packet: Packet,
): string {
  const end = chain.policy === null ? 'return' : 'policy'
  const what = rule !== null && !isLikeAnEnd(rule) ? 'rule' : end
  return `TRACE: ${table}:${chain.name}:${what}:${number} ${logLine(packet, DETAILS)}`
}

function isLikeAnEnd(rule: Rule): boolean {
  const { target, matches, source, destination, inInterface, outInterface } = rule
  if (target === null || isJump(target) || !['ACCEPT', 'DROP', 'RETURN'].includes(target.name)) return false
  const asksNothing = rule.protocol === 0 && rule.fragment === null && matches.length === 0
  const isAnyAddress = source.mask === 0 && destination.mask === 0
  return asksNothing && isAnyAddress && inInterface.name === '' && outInterface.name === ''
}

/** Whether a rule of these can mark a packet. */
export function canTrace(rules: RuleSet): boolean {
  const chains = rules.tables.get('raw')?.chains.values() ?? []
  return [...chains].some((chain) =>
    chain.rules.some(({ target }) => target !== null && !isJump(target) && target.name === 'TRACE'),
  )
}
