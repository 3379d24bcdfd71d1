/**
 * Rules, decided one after another as ip_tables does it (ipt_do_table): the specification of what is compiled.
 * Plain and slow.
 */
import { troubleAt } from './engine.js'
import type { Culprit, Engine, Watcher } from './engine.js'
import { HOOK_NAMES } from './hook.js'
import type { Hook, TableName } from './hook.js'
import { isConnectionStep, stepsAt } from './hook-steps.js'
import type { Step } from './hook-steps.js'
import type { Packet } from './packet.js'
import { RuleError, RulesError } from './rule-error.js'
import { isJump } from './rule.js'
import type { Chain, InterfaceTest, Jump, Rule, RuleSet } from './rule.js'
import type { Runtime } from './runtime.js'
import { traceLine } from './trace-line.js'
import { ACCEPT, CONTINUE, DROP, RETURN } from './verdict.js'
import { undecidedIn } from './verify.js'

type AskMatch = (packet: Packet) => boolean

/** A rule at work: what it asks and does, begun. */
export interface Started {
  rule: Rule
  /** A match that is nothing but comparisons begins when it is first asked, null until then. */
  matches: Array<AskMatch | null>
  act: ((packet: Packet) => number) | null
  jump: { chain: StartedChain; goto: boolean } | null
}

/** A chain of them. */
export interface StartedChain {
  chain: Chain
  rules: Started[]
}

/** Where a jump left a chain: the rule to go on with. */
interface Frame {
  chain: StartedChain
  next: number
}

/** Begins to decide by the rules. Throws a RulesError that has every rule that could not be decided. */
export function interpret(rules: RuleSet, runtime: Runtime): Interpreter {
  const undecided = undecidedIn(rules)
  if (undecided.length > 0) throw new RulesError(rules.path, undecided)
  return new Interpreter(rules, runtime)
}

/** The interpreter at work. */
export class Interpreter implements Engine {
  readonly rules: RuleSet
  readonly culprit: Culprit
  readonly ways = null
  /** Who is told of every rule that is asked; null: nobody. */
  watcher: Watcher | null = null
  readonly #chains: readonly StartedChain[]
  #byRule: ReadonlyMap<Rule, Started> | null = null
  readonly #runtime: Runtime
  /** By hook: what is done there, and the chain of each table that begins. */
  readonly #steps: Array<Array<{ step: Step; chain: StartedChain | null }>>

  constructor(rules: RuleSet, runtime: Runtime) {
    this.rules = rules
    const started = new Map(
      [...rules.tables].map(([name, { chains }]) => [name, startChains(rules.path, chains, runtime)]),
    )
    this.#chains = [...started.values()].flatMap((chains) => [...chains.values()])
    this.#runtime = runtime
    this.#steps = HOOK_NAMES.map((hookName, hook) => {
      const chainOf = (step: Step): StartedChain | undefined => started.get(step as TableName)?.get(hookName)
      const steps = stepsAt(
        hook as Hook,
        runtime.connections !== null,
        (table) => chainOf(table) !== undefined,
      )
      return steps.map((step) => ({ step, chain: chainOf(step) ?? null }))
    })
    this.culprit = { table: 'filter', chain: emptyChain, rule: null, trouble: null, isMalformed: false }
  }

  /** The matches and the target of a rule, begun: what they remember is remembered once. */
  startedOf(rule: Rule): { matches: AskMatch[]; act: Started['act'] } {
    this.#byRule ??= new Map(this.#chains.flatMap(({ rules }) => rules.map((one) => [one.rule, one])))
    const started = this.#byRule.get(rule)!
    return { matches: started.matches.map((_, i) => matchOf(started, i, this.#runtime)), act: started.act }
  }

  /** Everything is asked, whether it is needed or not. */
  asksTables(): boolean {
    return true
  }

  judge(hook: Hook, packet: Packet): number {
    packet.hook = hook
    for (const { step, chain } of this.#steps[hook]) {
      if (isConnectionStep(step)) {
        if (this.#runtime.connections![step](packet) === ACCEPT) continue
        this.culprit.trouble = troubleAt(step, this.#runtime.connections!)
        return DROP
      }
      if (step === 'nat' && !this.#runtime.connections!.asksNat(packet, hook)) continue
      this.watcher?.table(step, hook)
      if (this.#walk(step, chain!, packet) === ACCEPT) continue
      this.culprit.table = step
      this.culprit.trouble = null
      return DROP
    }
    return ACCEPT
  }

  /** From a built-in chain to a verdict, ACCEPT or DROP. */
  #walk(table: TableName, builtIn: StartedChain, packet: Packet): number {
    const stack: Frame[] = []
    let [chain, next, hasReturned] = [builtIn, 0, false]
    for (;;) {
      if (hasReturned || next === chain.rules.length) {
        if (packet.isTraced && !hasReturned && chain !== builtIn)
          this.#trace(table, chain.chain, null, next, packet)
        const frame = stack.pop()
        if (frame === undefined) return this.#policy(table, builtIn.chain, packet)
        ;({ chain, next } = frame)
        hasReturned = false
        continue
      }
      const started = chain.rules[next++]
      const failed = failingPart(started, packet, this.#runtime)
      this.watcher?.rule(chain.chain, started.rule, failed, stack.length)
      if (packet.isMalformed) return this.#drop(chain.chain, started.rule, true)
      if (failed !== -1) continue
      started.rule.packets++
      started.rule.bytes += packet.length
      if (packet.isTraced) this.#trace(table, chain.chain, started.rule, next, packet)
      if (started.jump !== null) {
        if (!started.jump.goto) stack.push({ chain, next })
        ;[chain, next] = [started.jump.chain, 0]
        continue
      }
      const verdict = started.act === null ? CONTINUE : started.act(packet)
      if (verdict === ACCEPT) return ACCEPT
      if (verdict === DROP) return this.#drop(chain.chain, started.rule)
      hasReturned = verdict === RETURN
    }
  }

  /** A rule acts, the `count`th of the chain; null: its end, behind so many. */
  #trace(table: TableName, chain: Chain, rule: Rule | null, count: number, packet: Packet): void {
    this.#runtime.log(traceLine(table, chain, rule, rule === null ? count + 1 : count, packet))
  }

  #policy(table: TableName, chain: Chain, packet: Packet): number {
    this.watcher?.policy(chain)
    if (packet.isTraced) this.#trace(table, chain, null, chain.rules.length, packet)
    chain.packets++
    chain.bytes += packet.length
    return chain.policy === 'DROP' ? this.#drop(chain, null) : ACCEPT
  }

  #drop(chain: Chain, rule: Rule | null, isMalformed = false): number {
    this.culprit.chain = chain
    this.culprit.rule = rule
    this.culprit.isMalformed = isMalformed
    return DROP
  }
}

const emptyChain: Chain = { name: '', policy: 'DROP', packets: 0, bytes: 0, rules: [], line: 0 }

function startChains(
  path: string,
  chains: ReadonlyMap<string, Chain>,
  runtime: Runtime,
): Map<string, StartedChain> {
  const started = new Map([...chains].map(([name, chain]) => [name, { chain, rules: [] as Started[] }]))
  const jumpOf = ({ chain, goto }: Jump): Started['jump'] => ({ chain: started.get(chain)!, goto })
  for (const { chain, rules } of started.values())
    for (const rule of chain.rules) {
      const { target } = rule
      const jump = isJump(target) ? jumpOf(target) : null
      rules.push({
        rule,
        matches: startMatches(path, rule, runtime),
        act: startTarget(path, rule, runtime),
        jump,
      })
    }
  return started
}

function startMatches(path: string, { line, matches }: Rule, runtime: Runtime): Started['matches'] {
  return ofLine(path, line, () =>
    matches.map((match) => ('conditions' in match ? null : match.start!(runtime))),
  )
}

function startTarget(path: string, { line, target }: Rule, runtime: Runtime): Started['act'] {
  return target === null || isJump(target) ? null : ofLine(path, line, () => target.start!(runtime))
}

/** A rule may ask for what this world has not got, a set for instance: that is a mistake of its line. */
function ofLine<T>(path: string, line: number, start: () => T): T {
  try {
    return start()
  } catch (error) {
    if (!(error instanceof RuleError)) throw error
    throw new RulesError(path, [{ line, message: error.message }])
  }
}

/** Parts of a rule that are not matches, in the order in which they are asked (ip_packet_match). */
export const PARTS = ['-s', '-d', '-i', '-o', '-p', '-f'] as const

/** The number of the first part that does not hold for the packet, those of matches behind PARTS; -1 when all do. */
function failingPart(started: Started, packet: Packet, runtime: Runtime): number {
  const { rule, matches } = started
  const { source, destination, protocol } = rule
  if (((packet.source & source.mask) >>> 0 === source.address) === source.negated) return 0
  if (((packet.destination & destination.mask) >>> 0 === destination.address) === destination.negated)
    return 1
  if (!interfaceHolds(rule.inInterface, packet.inInterface)) return 2
  if (!interfaceHolds(rule.outInterface, packet.outInterface)) return 3
  if (protocol !== 0 && (packet.protocol === protocol) === rule.protocolNegated) return 4
  if (rule.fragment !== null && packet.fragmentOffset > 0 !== rule.fragment) return 5
  for (let i = 0; i < matches.length; i++) if (!matchOf(started, i, runtime)(packet)) return PARTS.length + i
  return -1
}

function matchOf({ rule, matches }: Started, i: number, runtime: Runtime): AskMatch {
  return (matches[i] ??= rule.matches[i].start!(runtime))
}

function interfaceHolds({ name, negated }: InterfaceTest, actual: string): boolean {
  if (name === '') return true
  const isSame = name.endsWith('+') ? actual.startsWith(name.slice(0, -1)) : actual === name
  return isSame !== negated
}

/** What a part's number stands for: `-s`, or the match with its options. */
export function partText(rule: Rule, part: number): string {
  if (part < PARTS.length) return PARTS[part]
  const { name, text } = rule.matches[part - PARTS.length]
  return text === '' ? `-m ${name}` : `-m ${name} ${text}`
}
