/** What two rule sets differ in: their rules, and what becomes of packets. */
import { compile } from './compile/compile.js'
import { FORWARD, HOOK_NAMES, INPUT, OUTPUT, POSTROUTING, PREROUTING } from './hook.js'
import type { Hook } from './hook.js'
import type { Packet } from './packet.js'
import { candidatePackets } from './candidate-packets.js'
import { ruleText } from './rule-text.js'
import type { Chain, RuleSet, Table } from './rule.js'
import type { Runtime } from './runtime.js'
import { ACCEPT } from './verdict.js'

/** Lines of one set that the other has not, `-` and `+` in front, under a heading for each table. */
export function changedRules(a: RuleSet, b: RuleSet): string[] {
  return [...new Set([...a.tables.keys(), ...b.tables.keys()])].flatMap((name) => {
    const lines = changedLines(linesOf(a.tables.get(name)), linesOf(b.tables.get(name)))
    return lines.length === 0 ? [] : [`*${name}`, ...lines]
  })
}

function linesOf(table: Table | undefined): string[] {
  return [...(table?.chains.values() ?? [])].flatMap((chain) => [
    declaration(chain),
    ...chain.rules.map((rule) => ruleText(chain.name, rule)),
  ])
}

function declaration({ name, policy }: Chain): string {
  return `:${name} ${policy ?? '-'}`
}

/** Longer lists are not compared for their order, only for what is in them. */
const LONGEST_ORDERED = 4000

function changedLines(a: readonly string[], b: readonly string[]): string[] {
  const isLong = a.length * b.length > LONGEST_ORDERED ** 2
  return isLong ? [...missing(a, b, '-'), ...missing(b, a, '+')] : byOrder(a, b)
}

function missing(from: readonly string[], other: readonly string[], sign: string): string[] {
  const counts = new Map<string, number>()
  for (const line of other) counts.set(line, (counts.get(line) ?? 0) + 1)
  return from.flatMap((line) => {
    const left = counts.get(line) ?? 0
    counts.set(line, left - 1)
    return left > 0 ? [] : [`${sign} ${line}`]
  })
}

/** By a longest common subsequence. */
function byOrder(a: readonly string[], b: readonly string[]): string[] {
  const width = b.length + 1
  const common = new Uint16Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i * width + j] =
        a[i] === b[j]
          ? common[(i + 1) * width + j + 1] + 1
          : Math.max(common[(i + 1) * width + j], common[i * width + j + 1])
  const lines: string[] = []
  for (let [i, j] = [0, 0]; i < a.length || j < b.length;) {
    if (i < a.length && j < b.length && a[i] === b[j]) [i, j] = [i + 1, j + 1]
    else if (j === b.length || (i < a.length && common[(i + 1) * width + j] >= common[i * width + j + 1]))
      lines.push(`- ${a[i++]}`)
    else lines.push(`+ ${b[j++]}`)
  }
  return lines
}

/** A packet that the two sets judge differently. */
export interface Disagreement {
  packet: Packet
  hook: (typeof HOOK_NAMES)[number]
  /** What each says. */
  verdicts: readonly ['accept' | 'drop', 'accept' | 'drop']
}

const HOOKS: readonly Hook[] = [FORWARD, INPUT, OUTPUT, PREROUTING, POSTROUTING]

/**
 * Looks for such a packet among those that the constants of the rules suggest; null when none was found, which
 * proves nothing. Throws a RulesError where a set cannot be decided.
 */
export function findDisagreement(a: RuleSet, b: RuleSet, world: () => Runtime): Disagreement | null {
  const engines = [compile(a, world()), compile(b, world())] as const
  for (const packet of candidatePackets([a, b]))
    for (const hook of HOOKS) {
      const [first, second] = engines.map((engine) => {
        packet.isMalformed = false
        return engine.judge(hook, packet) === ACCEPT ? 'accept' : 'drop'
      })
      if (first !== second) return { packet, hook: HOOK_NAMES[hook], verdicts: [first, second] }
    }
  return null
}
