/** What decides about packets by a rule set: the interpreter, and what is compiled, behind one interface. */
import type { Conntrack } from './conntrack/conntrack.js'
import type { ConnectionStep } from './hook-steps.js'
import type { Hook, TableName } from './hook.js'
import type { Packet } from './packet.js'
import { ruleBody } from './rule-text.js'
import type { Chain, Rule, RuleSet } from './rule.js'

/** Who dropped a packet: a rule, or the policy of a chain where `rule` is null. */
export interface Culprit {
  table: TableName
  chain: Chain
  rule: Rule | null
  /** It was no rule: the table of connections is full, or another connection is in the place of the packet's. */
  trouble: string | null
  /** One of the rule's matches found a header that is cut or malformed; the rule itself did not act. */
  isMalformed: boolean
}

/** What drops are called that no rule has decided, by the step. */
export const TROUBLES = {
  track: 'conntrack: table full',
  translate: 'nat: cannot be translated',
  confirm: 'conntrack: clash',
} as const
const HELPER_REFUSES = 'conntrack: a helper refuses'

/** What a drop at such a step is called. */
export function troubleAt(step: ConnectionStep, { isRefusedByHelper }: Conntrack): string {
  return step === 'confirm' && isRefusedByHelper() ? HELPER_REFUSES : TROUBLES[step]
}

/** Rules at work. */
export interface Engine {
  /** The rules, their counters as they are now. */
  readonly rules: RuleSet
  /** After a DROP: who it was. */
  readonly culprit: Culprit
  /** What is remembered of packets' ways; null where each is judged. */
  readonly ways: Ways | null
  /** Whether packets of settled connections (conntrack.ts) are asked about at this hook: `judge` may be spared if not. */
  asksTables(hook: Hook): boolean
  /** Asks the tables of a hook in their order: ACCEPT or DROP. Counts, and lets targets act. */
  judge(hook: Hook, packet: Packet): number
}

/** What `Ways.take` says: the packet has passed; it is to be judged; it is to be judged so that its way is learned. */
export const [PASSED, UNKNOWN, WANTED] = [0, 1, 2]

/** Ways of established connections through the rules (ways.ts), and where connections are on them. */
export interface Ways {
  /** Who judges a packet that is to be learned from. */
  readonly judge: Engine
  /** A packet of so many bytes goes its connection's way from one port to another, if that is known. */
  take(entry: number, direction: number, from: number, to: number, bytes: number): number
  /** What `judge` is asked from now on is one packet's way; */
  watch(): void
  /** and that was all of it: the way is remembered if the packet has passed and nothing was asked that varies. */
  remember(entry: number, direction: number, from: number, to: number, hasPassed: boolean): void
  /** Gives to rules and policies what was counted on ways. */
  settle(): void
}

/** What is told of a packet's way through rules, for people. */
export interface Watcher {
  /** A table begins to be asked at a hook. */
  table(table: TableName, hook: Hook): void
  /**
   * A rule was asked, `depth` jumps away from the built-in chain. `failed`: which of its parts did not hold (see
   * `partText`), or -1: it acts.
   */
  rule(chain: Chain, rule: Rule, failed: number, depth: number): void
  /** The end of a built-in chain was reached: its policy decides. */
  policy(chain: Chain): void
}

/** As drops by rules are keyed: `TABLE CHAIN: rule`. */
export function culpritText({ table, chain, rule, trouble, isMalformed }: Culprit): string {
  if (trouble !== null) return trouble
  const what = rule === null ? `policy ${chain.policy}` : ruleBody(rule)
  return `${table} ${chain.name}: ${isMalformed ? 'malformed for ' : ''}${what}`
}
