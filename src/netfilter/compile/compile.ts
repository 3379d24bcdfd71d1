/**
 * Rules compiled: the chains as generated functions for packets that are whole; what is a fragment, or too short
 * for its header, goes to the interpreter, which has the same rules and counts into the same places.
 */
import type { Culprit, Engine } from '../engine.js'
import { HOOK_NAMES, TABLE_NAMES } from '../hook.js'
import type { Hook, TableName } from '../hook.js'
import { interpret } from '../interpret.js'
import type { Interpreter } from '../interpret.js'
import type { Packet } from '../packet.js'
import type { Chain, Rule, RuleSet } from '../rule.js'
import type { Runtime } from '../runtime.js'
import { ACCEPT, CONTINUE, DROP, RETURN } from '../verdict.js'
import { depthOf } from './depth.js'
import { emit, sourceLine } from './emit.js'
import type { Emitted } from './emit.js'
import { lower } from './lower.js'
import { createMachine } from './machine.js'
import type { Machine, MachineLinks } from './machine.js'
import { simplify } from './simplify.js'

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
      ...list.map(({ lowered }) => `//   ${sourceLine(lowered)}`),
    ]
  })
  return [text.trimStart(), ...data.flat()].join('\n')
}

function emitAll(rules: RuleSet): Emitted {
  const into: Emitted = {
    text: '',
    matches: [],
    targets: [],
    segments: [],
    rest: [],
    callee: [],
    chain: [],
    entries: [],
  }
  let firstId = 0
  for (const table of rules.tables.values()) {
    if (table.name !== 'nat') emit(table.name, simplify(lower(table, firstId)), into)
    for (const { rules: list } of table.chains.values()) firstId += list.length
  }
  return into
}

/** Deeper chains are left to the interpreter, which needs no stack for them. */
const DEEPEST = 256

/** Compiles the rules. Throws a RulesError for rules that cannot be decided. */
export function compile(rules: RuleSet, runtime: Runtime): Engine {
  const interpreter = interpret(rules, runtime)
  const isDeep = [...rules.tables.values()].some((table) => depthOf(table) > DEEPEST)
  return isDeep ? interpreter : new Compiled(rules, interpreter)
}

const VERDICTS = [ACCEPT, DROP, RETURN, CONTINUE] as const

/** What the text makes: functions of built-in chains, and what the machine calls. */
interface Functions extends Pick<MachineLinks, 'rest' | 'callee'> {
  entries: Array<(packet: Packet) => number>
}

function makeFunctions({ text, entries, rest, callee }: Emitted): (...parts: unknown[]) => Functions {
  const list = (texts: Array<string | null>): string => `[${texts.map((one) => one ?? 'null').join(', ')}]`
  const made = `{ entries: ${list(entries.map(({ name }) => name))}, rest: ${list(rest)}, callee: ${list(callee)} }`
  const names = [
    'ACCEPT',
    'DROP',
    'RETURN',
    'CONTINUE',
    'packets',
    'bytes',
    'match',
    'target',
    'machine',
    'world',
  ]
  // Of a file of rules the text has only numbers, quoted names, and comments that end with their line.
  // oxlint-disable-next-line typescript/no-implied-eval
  return new Function(...names, `'use strict'\n${text}\nreturn ${made}`) as (...parts: unknown[]) => Functions
}

/** A built-in chain at its hook. */
interface Entry {
  table: TableName
  chain: Chain
  ask: (packet: Packet) => number
}

const NO_MACHINE: Machine = { ask: () => CONTINUE, collect: () => {} }

class Compiled implements Engine {
  readonly culprit: Culprit
  readonly #interpreter: Interpreter
  readonly #rules: RuleSet
  /** By rule number. */
  readonly #list: Array<{ rule: Rule; chain: Chain }> = []
  readonly #packets: Float64Array
  readonly #bytes: Float64Array
  readonly #world = { dropped: -1 }
  #machine: Machine = NO_MACHINE
  readonly #entries: Entry[][]

  constructor(rules: RuleSet, interpreter: Interpreter) {
    this.#rules = rules
    this.#interpreter = interpreter
    this.culprit = interpreter.culprit
    for (const { chains } of rules.tables.values())
      for (const chain of chains.values()) for (const rule of chain.rules) this.#list.push({ rule, chain })
    this.#packets = new Float64Array(this.#list.length)
    this.#bytes = new Float64Array(this.#list.length)
    this.#entries = this.#link(emitAll(rules))
  }

  /** The rules, with what was counted since the last look. */
  get rules(): RuleSet {
    this.#list.forEach(({ rule }, id) => {
      rule.packets += this.#packets[id]
      rule.bytes += this.#bytes[id]
    })
    this.#machine.collect((id, packets, bytes) => {
      this.#list[id].rule.packets += packets
      this.#list[id].rule.bytes += bytes
    })
    this.#packets.fill(0)
    this.#bytes.fill(0)
    return this.#rules
  }

  judge(hook: Hook, packet: Packet): number {
    if (
      packet.fragmentOffset !== 0 ||
      packet.l4 + (packet.protocol === TCP ? TCP_HEADER : HEADER) > packet.end
    )
      return this.#interpreter.judge(hook, packet)
    packet.hook = hook
    const entries = this.#entries[hook]
    for (let i = 0; i < entries.length; i++) {
      const { chain, ask } = entries[i]
      const verdict = ask(packet)
      if (verdict === ACCEPT) continue
      if (verdict !== DROP) {
        chain.packets++
        chain.bytes += packet.end - packet.l3
        if (chain.policy === 'ACCEPT') continue
        this.#world.dropped = -1
      }
      this.#blame(entries[i], packet)
      return DROP
    }
    return ACCEPT
  }

  #blame({ table, chain }: Entry, packet: Packet): void {
    const { culprit } = this
    const dropped = this.#world.dropped === -1 ? null : this.#list[this.#world.dropped]
    culprit.table = table
    culprit.chain = dropped?.chain ?? chain
    culprit.rule = dropped?.rule ?? null
    culprit.isMalformed = packet.isMalformed
  }

  #link(emitted: Emitted): Entry[][] {
    const { matches, targets, segments, entries } = emitted
    const [packets, bytes, world] = [this.#packets, this.#bytes, this.#world]
    const match = matches.map(({ rule, match: number }) => this.#interpreter.startedOf(rule).matches[number])
    const target = targets.map((rule) => this.#interpreter.startedOf(rule).act)
    const askMachine: Machine['ask'] = (segment, packet) => this.#machine.ask(segment, packet)
    const functions = makeFunctions(emitted)(...VERDICTS, packets, bytes, match, target, askMachine, world)
    this.#machine = createMachine(segments, { world, ...functions, chain: Int32Array.from(emitted.chain) })
    return HOOK_NAMES.map((hookName) =>
      TABLE_NAMES.flatMap((table) => {
        const at = entries.findIndex((entry) => entry.table === table && entry.chain === hookName)
        const chain = this.#rules.tables.get(table)?.chains.get(hookName)
        return at === -1 || chain === undefined ? [] : [{ table, chain, ask: functions.entries[at] }]
      }),
    )
  }
}
