/** Rules in tests: from text to a rule, and what iptables itself makes of the same text. */
import { spawnSync } from 'node:child_process'
import type { Test } from 'tap'
import { isTable } from '../../src/netfilter/hook.js'
import { Packet } from '../../src/netfilter/packet.js'
import { parseRules } from '../../src/netfilter/rule-script.js'
import { saveLines } from '../../src/netfilter/rule-text.js'
import type { Rule, RuleSet } from '../../src/netfilter/rule.js'
import type { Runtime } from '../../src/netfilter/runtime.js'
import { needs } from '../tools.js'

/** The rule set that a text of rules makes; throws what parseRules throws, the file being called `rules`. */
export function ruleSet(text: string): RuleSet {
  return parseRules('rules', Buffer.from(text))
}

/** The one rule of this text, in a chain of a table. */
export function ruleOf(text: string, table = 'filter', chain = 'FORWARD'): Rule {
  if (!isTable(table)) throw new Error(`${table} is no table`)
  return ruleSet(tableOf(text, table, chain))
    .tables.get(table)!
    .chains.get(chain)!.rules[0]
}

/** What we print for a rule, without `-A CHAIN `; or the message with which it is refused. */
export function saved(text: string, table = 'filter', chain = 'FORWARD'): string {
  try {
    return rulesIn([...saveLines(ruleSet(tableOf(text, table, chain)))], chain)
  } catch (error) {
    return `refused: ${(error as Error).message}`
  }
}

/**
 * What iptables-legacy prints for the same, or 'refused: …'. Runs in a network namespace of its own, which ends
 * with it: root is needed. `before` is a shell command that prepares the namespace.
 */
export function savedByIptables(text: string, table = 'filter', chain = 'FORWARD', before = 'true'): string {
  const script = `${before}; iptables-legacy-restore && exec iptables-legacy-save`
  const { status, stdout, stderr } = spawnSync('unshare', ['-n', 'sh', '-c', script], {
    input: tableOf(text, table, chain),
    encoding: 'utf8',
  })
  return status === 0 ? rulesIn(stdout.split('\n'), chain) : `refused: ${stderr.trim()}`
}

/** Whether `savedByIptables` can run; if not, the test `t` has been skipped, or failed where it is required. */
export function hasIptables(t: Test): boolean {
  if (!needs(t, 'iptables-legacy-save', 'unshare')) return false
  if (process.getuid?.() === 0) return true
  const message = 'not root: this comparison did not run'
  if (process.env['BR100_REQUIRE_TOOLS'] === '1') t.fail(message)
  else t.plan(0, message)
  return false
}

function tableOf(text: string, table: string, chain: string): string {
  return `*${table}\n-A ${chain} ${text}\nCOMMIT\n`
}

function rulesIn(lines: string[], chain: string): string {
  const start = `-A ${chain} `
  return lines
    .filter((line) => line.startsWith(start))
    .map((line) => line.slice(start.length))
    .join('\n')
}

/** A world in which nothing is known; parts of it can be given. */
export function runtime(parts: Partial<Runtime> = {}): Runtime {
  const kept = new Map<string, unknown>()
  return {
    addressType: () => 'UNICAST',
    interfaceAddress: () => null,
    sets: new Map(),
    connections: null,
    shared<T>(name: string, make: () => T): T {
      if (!kept.has(name)) kept.set(name, make())
      return kept.get(name) as T
    },
    random: () => 0,
    log: () => {},
    nflog: () => {},
    reject: () => {},
    ...parts,
  }
}

/** A packet of an Ethernet frame that carries IPv4 without tags, at the FORWARD hook; fields can be given. */
export function packetOf(frame: Uint8Array, fields: Partial<Packet> = {}): Packet {
  const packet = new Packet()
  packet.read(frame, 0, 14)
  packet.hook = 2
  return Object.assign(packet, fields)
}

/** Whether the matches of a rule of this text hold for the packet; 'dropped' where it is malformed. */
export function holds(text: string, packet: Packet, world: Runtime = runtime()): boolean | 'dropped' {
  for (const match of ruleOf(text).matches) {
    if (!match.start!(world)(packet)) return packet.isMalformed ? 'dropped' : false
  }
  return true
}
