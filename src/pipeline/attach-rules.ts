/** Puts rules on the way of a dataplane's packets. */
import { compile } from '../netfilter/compile/compile.js'
import type { Engine } from '../netfilter/engine.js'
import { interpret } from '../netfilter/interpret.js'
import type { RuleSet } from '../netfilter/rule.js'
import type { AddressSet } from '../netfilter/runtime.js'
import type { Dataplane } from './dataplane.js'
import { explainHooks } from './explain.js'
import type { Explanation } from './explain.js'
import { createHooks } from './hooks.js'
import { anonymousNode } from './node-view.js'
import type { NodeDescription } from './node-view.js'
import { createReplies } from './replies.js'
import { createWorld } from './world.js'

/** Rules, and what they stand in. */
export interface RulesOptions {
  /** Bridged IPv4 frames pass these, as with bridge-nf-call-iptables=1. Their counters go on counting. */
  rules: RuleSet
  /** Sets that `-m set` of the rules names. */
  sets?: ReadonlyMap<string, AddressSet>
  /** The node that the rules stand in; without it one called br100 that has no address. */
  node?: NodeDescription
  /** Called with each line that `-j LOG` writes. */
  onLog?: (line: string) => void
  /** Explain the `number`th packet, from 1, that comes in by a port. */
  explain?: { port: string; number: number }
}

/** Rules at work in a dataplane. */
export interface AttachedRules {
  /** Its `rules` have the counters as they are now. */
  engine: Engine
  /** The way of the packet that is to be explained; null before it came, or where none is. */
  explanation: () => Explanation | null
}

/**
 * From the next burst on packets pass these rules. Throws a RulesError for rules that cannot be decided.
 */
export function attachRules(plane: Dataplane, options: RulesOptions): AttachedRules {
  const { rules, sets = new Map(), node = anonymousNode('br100'), onLog } = options
  const { arena, drops, portNames } = plane
  let atWork: Engine | null = null
  const current = { slot: -1 }
  const world = createWorld(node, sets, {
    log: (line) => onLog?.(line),
    nflog: () => {},
    reject: createReplies(plane, node, () => atWork!, current),
  })
  if (options.explain === undefined) {
    const engine = (atWork = compile(rules, world))
    plane.setHooks(createHooks(arena, drops, engine, node, portNames, current))
    return { engine, explanation: () => null }
  }
  const engine = interpret(rules, world)
  atWork = engine
  const hooks = createHooks(arena, drops, engine, node, portNames, current)
  const watched = explainHooks(hooks, engine, arena, drops, portNames, options.explain)
  plane.setHooks(watched)
  return { engine, explanation: () => watched.explanation }
}
