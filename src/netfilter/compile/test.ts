/**
 * What rules are made of:
 *
 *   test    a comparison of fields · the name of an interface · a match that only its own function can decide
 *   action  accept · drop · return · jump · goto · call a target · go on
 */
import type { Condition } from '../condition.js'
import type { InterfaceTest } from '../rule.js'

/** What is asked of a packet. */
export type Test =
  | { kind: 'condition'; condition: Condition }
  | { kind: 'interface'; side: 'inInterface' | 'outInterface'; test: InterfaceTest }
  /** The match of this number in the rule. */
  | { kind: 'match'; match: number }

/** What is done when all tests hold. */
export type Action =
  { kind: 'accept' | 'drop' | 'return' | 'continue' | 'call' } | { kind: 'jump' | 'goto'; chain: string }
