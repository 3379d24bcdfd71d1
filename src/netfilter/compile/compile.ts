/**
 * Rules compiled: the chains as generated functions for packets that are whole; what is a fragment, too short for
 * its header, or traced goes to the interpreter, which has the same rules and counts into the same places.
 */
import { troubleAt } from '../engine.js'
import type { Culprit, Engine, Ways } from '../engine.js'
import type { Conntrack } from '../conntrack/conntrack.js'
import { ESTABLISHED } from '../conntrack/entry.js'
import { HOOK_NAMES, TABLE_HOOKS } from '../hook.js'
import type { Hook, TableName } from '../hook.js'
import { isConnectionStep, stepsAt } from '../hook-steps.js'
import type { ConnectionStep, Step } from '../hook-steps.js'
import { interpret } from '../interpret.js'
import type { Interpreter } from '../interpret.js'
import type { Packet } from '../packet.js'
import type { Chain, Rule, RuleSet } from '../rule.js'
import type { Runtime } from '../runtime.js'
import { canTrace } from '../trace-line.js'
import { ACCEPT, CONTINUE, DROP, RETURN } from '../verdict.js'
import { createWays } from '../ways.js'

import { depthOf } from './depth.js'
import { emit, sourceLine } from './emit.js'
import type { Emitted } from './emit.js'
import { hookFunctions } from './hook-functions.js'
import type { HookStep } from './hook-functions.js'
import { lower } from './lower.js'
import { createMachine } from './machine.js'
import type { MachineLinks } from './machine.js'
import { COUNTERS, layOut } from './layout.js'
import type { Layout } from './layout.js'

const TCP = 6
const TCP_HEADER = 20
/** Ports and lengths of every other protocol that rules look into. */
const HEADER = 8

/** What is compiled, for people: the functions, and the rules that are data. */
export function compiledText(rules: RuleSet): string {
  const { text, segments } = emitAll(rules)
  const data = segments.map(({ rules: list, key }, i) => {
    const how = key === null ? 'asked in turn' : `found by their ${key.field}`
    return [
      `\n// segment ${i}: ${list.length} rules, ${how}`,
      ...list.map((rule) => `//   ${sourceLine(rule)}`),
    ]
  })
  return [text.trimStart(), ...data.flat()].join('\n')
}

function emitAll(rules: RuleSet, pause: () => void = goOn): Emitted {
  const into: Emitted = {
    text: '',
    matches: [],
    targets: [],
    segments: [],
    links: [],
    linkNumbers: new Map(),
    chains: [],
    entries: [],
  }
  let firstId = 0
  for (const table of rules.tables.values()) {
    pause()
    const chains = lower(table, firstId, pause)
    pause()
    emit(table.name, chains, into)
    for (const { rules: list } of table.chains.values()) firstId += list.length
  }
  return into
}

/** Deeper chains are left to the interpreter, which needs no stack for them. */
const DEEPEST = 256

function goOn(): void {}

/**
 * Compiles the rules. Throws a RulesError for rules that cannot be decided. `pause` is called now and then, for who has
 * to do something else meanwhile.
 */
export function compile(rules: RuleSet, runtime: Runtime, pause = goOn): Engine {
  const interpreter = interpret(rules, runtime)
  pause()
  const isDeep = [...rules.tables.values()].some((table) => depthOf(table) > DEEPEST)
  return isDeep ? interpreter : new Compiled(rules, interpreter, runtime.connections, pause)
}

const VERDICTS = [ACCEPT, DROP, RETURN, CONTINUE] as const

/** What the text makes: functions of built-in chains, and what the machine calls. */
interface Functions extends Pick<MachineLinks, 'asks' | 'calls'> {
  entries: Array<(packet: Packet, counters: number) => number>
}

function makeFunctions({ text, segments, entries, links }: Emitted): (...parts: unknown[]) => Functions {
  const list = (texts: Array<string | null>): string => `[${texts.map((one) => one ?? 'null').join(', ')}]`
  const asks = list(links.map((link) => link.asks))
  const calls = list(links.map((link) => link.calls))
  const made = `{ entries: ${list(entries.map(({ name }) => name))}, asks: ${asks}, calls: ${calls} }`
  const names = [
    'ACCEPT',
    'DROP',
    'RETURN',
    'CONTINUE',
    'counts',
    'at',
    'match',
    'target',
    'world',
    'runs',
    'body',
  ]
  const runs = segments.flatMap(({ isBody }, i) => (isBody ? [] : `const run_${i} = runs[${i}]\n`))
  // Of a file of rules the text has only numbers, quoted names, and comments that end with their line.
  // oxlint-disable-next-line typescript/no-implied-eval
  return new Function(...names, `'use strict'\n${runs.join('')}${text}\nreturn ${made}`) as (
    ...parts: unknown[]
  ) => Functions
}

/** What is done at a hook: a built-in chain with where it counts, or what connections need. */
interface Entry extends HookStep {
  step: Step
  chain: Chain
}

class Compiled implements Engine {
  readonly culprit: Culprit
  readonly ways: Ways | null
  readonly #interpreter: Interpreter
  readonly #rules: RuleSet
  /** By rule number. */
  readonly #ruleOf: Rule[] = []
  readonly #chainOf: Chain[] = []
  readonly #world = { dropped: -1 }
  readonly #connections: Conntrack | null
  readonly #layout: Layout
  readonly #entries: Entry[][]
  readonly #ask: (hook: Hook, packet: Packet) => number
  /** By hook: whether a rule there may begin to trace the packet. */
  readonly #mayMark: readonly boolean[]

  constructor(rules: RuleSet, interpreter: Interpreter, connections: Conntrack | null, pause: () => void) {
    this.#connections = connections
    this.#rules = rules
    this.#interpreter = interpreter
    this.culprit = interpreter.culprit
    this.ways = connections === null ? null : createWays(interpreter, connections, rules)
    const isTracing = canTrace(rules)
    this.#mayMark = HOOK_NAMES.map((_, hook) => isTracing && TABLE_HOOKS.raw.includes(hook as Hook))
    for (const { chains } of rules.tables.values())
      for (const chain of chains.values())
        for (const rule of chain.rules) {
          this.#ruleOf.push(rule)
          this.#chainOf.push(chain)
        }
    const emitted = emitAll(rules, pause)
    pause()
    this.#layout = layOut(emitted.segments, emitted.chains)
    pause()
    this.#entries = this.#link(emitted)
    const translates = rules.tables.has('nat')
    this.#ask = hookFunctions(
      this.#entries,
      ({ connectionState, connection }) =>
        connectionState === ESTABLISHED && connections!.isSettled(connection, translates),
      (hook, step, verdict, packet) => this.#ended(hook, step, verdict, packet),
    )
  }

  /** The rules, with what was counted since the last look. */
  get rules(): RuleSet {
    const { ids, counts } = this.#layout
    this.ways?.settle()
    ids.forEach((id, i) => {
      const c = i * COUNTERS
      if (id === -1 || counts[c] === 0) return
      this.#ruleOf[id].packets += counts[c]
      this.#ruleOf[id].bytes += counts[c + 1]
      counts[c] = counts[c + 1] = 0
    })
    return this.#rules
  }

  asksTables(hook: Hook): boolean {
    return this.#entries[hook].some(({ step }) => !isConnectionStep(step) && step !== 'nat')
  }

  judge(hook: Hook, packet: Packet): number {
    if (
      packet.isTraced ||
      this.#mayMark[hook] ||
      packet.fragmentOffset !== 0 ||
      packet.l4 + (packet.protocol === TCP ? TCP_HEADER : HEADER) > packet.end
    )
      return this.#interpreter.judge(hook, packet)
    packet.hook = hook
    return this.#ask(hook, packet)
  }

  /** A step has dropped the packet, or its chain has come to the policy. */
  #ended(hook: Hook, step: number, verdict: number, packet: Packet): number {
    const entry = this.#entries[hook][step]
    if (verdict !== DROP) {
      const { chain } = entry
      chain.packets++
      chain.bytes += packet.end - packet.l3
      if (chain.policy === 'ACCEPT') return ACCEPT
      this.#world.dropped = -1
    }
    this.#blame(entry, packet)
    return DROP
  }

  #blame({ step, chain }: Entry, packet: Packet): void {
    const { culprit } = this
    culprit.trouble = isConnectionStep(step) ? troubleAt(step, this.#connections!) : null
    if (isConnectionStep(step)) return
    const { dropped } = this.#world
    const id = dropped === -1 ? -1 : this.#layout.ids[dropped / COUNTERS]
    culprit.table = step
    culprit.chain = id === -1 ? chain : this.#chainOf[id]
    culprit.rule = id === -1 ? null : this.#ruleOf[id]
    culprit.isMalformed = packet.isMalformed
  }

  #link(emitted: Emitted): Entry[][] {
    const { matches, targets, segments, entries } = emitted
    const world = this.#world
    const match = matches.map(({ rule, match: number }) => this.#interpreter.startedOf(rule).matches[number])
    const target = targets.map((rule) => this.#interpreter.startedOf(rule).act)
    const links: MachineLinks = { world, asks: [], calls: [] }
    const { runs, body } = createMachine(segments, this.#layout, links)
    const { counts, at } = this.#layout
    const functions = makeFunctions(emitted)(...VERDICTS, counts, at, match, target, world, runs, body)
    for (const one of functions.asks) links.asks.push(one)
    for (const one of functions.calls) links.calls.push(one)
    return HOOK_NAMES.map((hookName, hook) => {
      const chainOf = (step: Step): Chain | undefined =>
        this.#rules.tables.get(step as TableName)?.chains.get(hookName)
      const find = (step: Step): number =>
        entries.findIndex((entry) => entry.table === step && entry.chain === hookName)
      const has = (table: TableName): boolean => chainOf(table) !== undefined && find(table) !== -1
      return stepsAt(hook as Hook, this.#connections !== null, has).map((step) => {
        if (isConnectionStep(step)) return this.#ofConnections(step)
        const i = find(step)
        return {
          step,
          chain: chainOf(step)!,
          counters: at[entries[i].number],
          ask: functions.entries[i],
          // The table nat is asked of packets that begin a connection; the others have passed it.
          asksOf: step === 'nat' ? this.#connections!.asksNat : null,
          isForUnsettled: step === 'nat',
        }
      })
    })
  }

  #ofConnections(step: ConnectionStep): Entry {
    const ask = this.#connections![step]
    return { step, chain: NO_CHAIN, counters: 0, ask, asksOf: null, isForUnsettled: step !== 'track' }
  }
}

const NO_CHAIN: Chain = { name: '', policy: 'ACCEPT', packets: 0, bytes: 0, rules: [], line: 0 }
