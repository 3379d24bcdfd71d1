/** Puts rules on the way of a dataplane's packets. */
import { compile } from '../netfilter/compile/compile.js'
import { createConntrack } from '../netfilter/conntrack/conntrack.js'
import type { Conntrack, ConntrackOptions } from '../netfilter/conntrack/conntrack.js'
import type { Engine } from '../netfilter/engine.js'
import { interpret } from '../netfilter/interpret.js'
import { needsTracking } from '../netfilter/needs-tracking.js'
import type { RuleSet } from '../netfilter/rule.js'
import type { AddressSet } from '../netfilter/runtime.js'
import type { Dataplane } from './dataplane.js'
import { explainHooks } from './explain.js'
import type { ExplainingHooks, Explanation } from './explain.js'
import { createHooks } from './hooks.js'
import type { Hooks } from './hooks.js'
import { anonymousNode } from './node-view.js'
import type { NodeDescription } from './node-view.js'
import { createNflogFile } from './nflog-file.js'
import { createReassembly } from './reassembly.js'
import { createReplies } from './replies.js'
import { SILENT, createWorld } from './world.js'

/** Rules, and what they stand in. */
export interface RulesOptions {
  /** Bridged IPv4 frames pass these, as with bridge-nf-call-iptables=1. Their counters go on counting. */
  rules: RuleSet
  /** Sets that `-m set` of the rules names. */
  sets?: ReadonlyMap<string, AddressSet>
  /** The node that the rules stand in; without it one called br100 that has no address. */
  node?: NodeDescription
  /** How connections are tracked, where rules ask for them. */
  conntrack?: ConntrackOptions
  /** Called with each line that `-j LOG` writes, and `-j TRACE` has written. */
  onLog?: (line: string) => void
  /** A pcapng file, overwritten, that the packets of `-j NFLOG` go to; without it they go nowhere. */
  nflog?: string
  /** Called once the rules are at work: who wants to replace them while packets come keeps what it is given. */
  onAttached?: (attached: AttachedRules) => void
  /** Explain the `number`th packet, from 1, that comes in by a port. */
  explain?: { port: string; number: number }
}

/** Rules at work in a dataplane. */
export interface AttachedRules {
  /** Its `rules` have the counters as they are now. */
  readonly engine: Engine
  /** The connections that are remembered; null where no rule has asked for any. */
  readonly connections: Conntrack | null
  /**
   * From the next burst on packets pass these rules instead: never a packet one part of them and one part of the
   * others. Not to be called while a burst is processed. What both sets have in common (editRules) goes on counting;
   * what rules remember under a name stays. Throws a RulesError for rules that cannot be decided, and the old ones
   * stay. `pause` is called now and then meanwhile, for who has packets to carry: they pass the old rules.
   */
  replace(rules: RuleSet, pause?: () => void): void
  /** The way of the packet that is to be explained; null before it came, or where none is. */
  explanation: () => Explanation | null
  /** No more bursts will come: gives up what waits for its rest, ends the file of `nflog`. */
  close(): void
}

/**
 * From the next burst on packets pass these rules. Throws a RulesError for rules that cannot be decided.
 */
export function attachRules(plane: Dataplane, options: RulesOptions): AttachedRules {
  const { sets = new Map(), node = anonymousNode('br100'), onLog } = options
  const { arena, drops, portNames } = plane
  let engine: Engine
  let explained: ExplainingHooks | null = null
  const current = { slot: -1 }
  const file =
    options.nflog === undefined
      ? null
      : createNflogFile(options.nflog, arena, node.bridge, portNames, current)
  let connections: Conntrack | null = null
  let isTracking = false
  const reassembly = createReassembly(arena, plane.refuse)
  const hooksOver = (tracking: Conntrack | null): Hooks => ({
    ...createHooks(
      arena,
      drops,
      engine,
      node,
      portNames,
      current,
      tracking === null
        ? null
        : { connections: tracking, reassembly, learnFrom: (slot) => plane.bridge.learnFrom(slot) },
    ),
    end: () => tracking?.release(),
  })
  const world = createWorld(node, sets, {
    log: (line) => onLog?.(line),
    nflog: file?.nflog ?? SILENT.nflog,
    reject: createReplies(
      plane,
      node,
      () => engine,
      () => (isTracking ? connections : null),
      current,
    ),
  })

  /** Compiles the rules; what it returns puts them at work. */
  function prepare(rules: RuleSet, pause?: () => void): () => void {
    // Connections outlive the rules that asked for them: others may ask again.
    const tracking = needsTracking(rules)
      ? (connections ??= createConntrack({
          random: world.random,
          memory: arena.memory,
          ...options.conntrack,
        }))
      : null
    const runtime = { ...world, connections: tracking }
    if (options.explain === undefined) {
      const compiled = compile(rules, runtime, pause)
      return () => {
        engine = compiled
        isTracking = tracking !== null
        plane.setHooks(hooksOver(tracking))
      }
    }
    const interpreter = interpret(rules, runtime)
    const wanted = options.explain
    return () => {
      engine = interpreter
      isTracking = tracking !== null
      const hooks = hooksOver(tracking)
      explained = explainHooks(hooks, interpreter, arena, drops, portNames, tracking, wanted)
      plane.setHooks(explained)
    }
  }

  function replace(rules: RuleSet, pause?: () => void): void {
    const begin = prepare(rules, pause)
    void engine.rules // what was counted goes with the rules that stay
    begin()
  }

  prepare(options.rules)()
  return {
    get engine() {
      return engine
    },
    get connections() {
      return connections
    },
    replace,
    close() {
      reassembly.end()
      file?.close()
    },
    explanation: () => explained?.explanation ?? null,
  }
}
