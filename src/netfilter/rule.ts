/** Rule sets as they are held in memory: tables of chains of rules, in the order of the file. */
import type { Condition } from './condition.js'
import type { Hook, TableName } from './hook.js'
import type { Packet } from './packet.js'
import type { Runtime } from './runtime.js'

/** An address and which of its bits count, unsigned. */
export interface AddressTest {
  address: number
  mask: number
  negated: boolean
}

/** The name of an interface; one that ends with `+` stands for all that begin so. */
export interface InterfaceTest {
  name: string
  negated: boolean
}

/** What `-m NAME …` asks. */
export interface Match {
  readonly name: string
  /** Its options as iptables-save prints them, without `-m NAME`; '' where it prints none. */
  readonly text: string
  /**
   * Begins to decide: what it returns is asked for every packet that comes so far, and keeps what the match has
   * to remember (a limit's credit). A match without it is refused when the rules are to decide frames.
   */
  start?(runtime: Runtime): (packet: Packet) => boolean
  /** The same as comparisons that all must hold, where it can be said so: what the compiler makes code of. */
  readonly conditions?: readonly Condition[] | undefined
  /** The hooks that it may stand in with these options, where that is fewer than its extension says. */
  readonly hooks?: readonly Hook[] | undefined
}

/** What `-j NAME …` does. */
export interface Target {
  readonly name: string
  /** Its options as iptables-save prints them, without `-j NAME`; '' where it prints none. */
  readonly text: string
  /** Begins to act: what it returns is called for each packet and returns a verdict. Without it, as for a match. */
  start?(runtime: Runtime): (packet: Packet) => number
  /** As a match's. */
  readonly hooks?: readonly Hook[] | undefined
}

/** `-j CHAIN` or `-g CHAIN`. */
export interface Jump {
  chain: string
  /** `-g`: what comes back goes to the chain that jumped here, not to this one. */
  goto: boolean
}

/** One rule: everything it asks must hold, then its target acts. */
export interface Rule {
  /** Line of the file, from 1. */
  line: number
  packets: number
  bytes: number
  source: AddressTest
  destination: AddressTest
  /** The name is '' where any interface will do. */
  inInterface: InterfaceTest
  outInterface: InterfaceTest
  /** Number of the protocol; 0 is any. */
  protocol: number
  protocolNegated: boolean
  /** `-f`: a second or further fragment; false is `! -f`, null any. */
  fragment: boolean | null
  /** In the order in which they are asked. */
  matches: Match[]
  /** What happens then; null: the packet is counted and goes on to the next rule. */
  target: Target | Jump | null
  /** What the compiler has understood of it, for compile/shape.ts alone; null before. */
  shape: unknown
}

/** A chain: rules in order. */
export interface Chain {
  name: string
  /** What becomes of a packet at its end; null for a chain of the user's own, which returns. */
  policy: 'ACCEPT' | 'DROP' | null
  /** Counted by the policy. */
  packets: number
  bytes: number
  rules: Rule[]
  /** Line that declared it; 0 for a built-in chain that no line declared. */
  line: number
}

/** Chains by name: the built-in ones first, the others in the order in which they were declared. */
export interface Table {
  name: TableName
  chains: Map<string, Chain>
}

/** What a file of rules says. */
export interface RuleSet {
  /** Where it came from, for messages. */
  path: string
  /** In the order of the file; a table that it does not name is not there. */
  tables: Map<TableName, Table>
}

/** Whether the target is a chain of the user's own. */
export function isJump(target: Rule['target']): target is Jump {
  return target !== null && 'chain' in target
}
