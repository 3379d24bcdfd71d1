/**
 * Files of rules, in the forms in which they are found: what iptables-save prints, what `iptables -S` prints, and
 * what people write for iptables-restore by hand, edits included.
 *
 *   *TABLE                       begins a table, empty but for its built-in chains
 *   :CHAIN POLICY [packets:bytes]
 *   [packets:bytes] -A CHAIN rule
 *   -I CHAIN [N] rule · -R CHAIN N rule · -D CHAIN N · -D CHAIN rule · -N -X -E -F -P -Z
 *   COMMIT
 *
 * A file without `*TABLE`, such as `iptables -S` prints, is of the table filter.
 */
import { HOOK_NAMES, TABLE_HOOKS, TABLE_NAMES, isBuiltIn, isTable } from './hook.js'
import type { TableName } from './hook.js'
import { wholeNumber } from './numbers.js'
import { parseRule } from './parse-rule.js'
import { RuleError, RulesError } from './rule-error.js'
import type { Mistake } from './rule-error.js'
import type { Chain, Rule, RuleSet, Table } from './rule.js'
import { isJump } from './rule.js'
import { ruleText } from './rule-text.js'
import { TARGETS } from './targets.js'
import { mistakesOf } from './verify.js'
import { splitWords } from './words.js'

/** As in iptables-restore, less its end: a longer line is refused, not cut in two. */
const LONGEST_LINE = 10_239
/** As in iptables (XT_EXTENSION_MAXNAMELEN less its end). */
const LONGEST_CHAIN = 28
/** A file with more mistakes is of another kind: the first are told. */
const MOST_MISTAKES = 100

/** After so many lines somebody may want to do something else. */
const LINES_AT_ONCE = 32

/**
 * Reads a rule set. Throws a RulesError that has every mistake, each with its line. `pause` is called now and then, for
 * who has to do something else meanwhile.
 */
export function parseRules(path: string, bytes: Uint8Array, pause?: () => void): RuleSet {
  return new ScriptReader(path).read(bytes, pause)
}

/**
 * The rule set after these edits, in the same forms, as `iptables-restore --noflush` takes them: tables and chains
 * stay but for what a line changes. `rules` stays as it is; rules that no line names are in both sets, with one
 * pair of counters. Throws a RulesError as parseRules does, and nothing has changed.
 */
export function editRules(rules: RuleSet, path: string, bytes: Uint8Array): RuleSet {
  return new ScriptReader(path, rules).read(bytes)
}

class ScriptReader {
  readonly #set: RuleSet
  /** What is edited; its tables are copied as soon as a line names them. */
  readonly #before: RuleSet | null
  readonly #mistakes: Mistake[] = []
  #table: Table | null = null
  /** The table began with `*TABLE`, and so ends with COMMIT. */
  #needsCommit = false
  #line = 0

  constructor(path: string, before: RuleSet | null = null) {
    this.#before = before
    this.#set = { path, tables: new Map(before?.tables) }
  }

  read(bytes: Uint8Array, pause?: () => void): RuleSet {
    for (const line of linesOf(bytes)) {
      if (++this.#line % LINES_AT_ONCE === 0) pause?.()
      try {
        this.#readLine(line)
      } catch (error) {
        if (!(error instanceof RuleError)) throw error
        this.#mistakes.push({ line: this.#line, message: error.message })
        if (this.#mistakes.length === MOST_MISTAKES) break
      }
    }
    if (this.#needsCommit && this.#mistakes.length === 0)
      this.#mistakes.push({
        line: this.#line,
        message: `the file ends in the table ${this.#table!.name}, expected COMMIT`,
      })
    for (const table of this.#set.tables.values())
      if (table !== this.#before?.tables.get(table.name)) this.#mistakes.push(...mistakesOf(table))
    if (this.#mistakes.length > 0) throw new RulesError(this.#set.path, this.#mistakes)
    return this.#set
  }

  #readLine(line: string | number): void {
    if (typeof line === 'number')
      throw new RuleError(`a line of ${line} bytes, expected at most ${LONGEST_LINE}`)
    if (line.includes('\0')) throw new RuleError('a NUL byte, expected text')
    const text = line.trim()
    if (text === '' || text.startsWith('#')) return
    if (text === 'COMMIT') this.#commit()
    else if (text.startsWith('*')) this.#beginTable(text.slice(1))
    else if (text.startsWith(':')) this.#declare(splitWords(text.slice(1)))
    else this.#command(splitWords(text))
  }

  #beginTable(name: string): void {
    if (!isTable(name)) throw new RuleError(`*${name}: expected one of the tables ${TABLE_NAMES.join(', ')}`)
    this.#open(name, this.#before === null)
    this.#needsCommit = true
  }

  /** Begins to change a table: a new one where there is none or it is to be new, a copy of what was there before. */
  #open(name: TableName, isNew: boolean): Table {
    const { tables } = this.#set
    const known = isNew ? undefined : tables.get(name)
    const isShared = known !== undefined && known === this.#before?.tables.get(name)
    this.#table = isShared ? copyOf(known) : (known ?? emptyTable(name))
    if (isNew) tables.delete(name)
    tables.set(name, this.#table)
    return this.#table
  }

  #commit(): void {
    if (!this.#needsCommit) throw new RuleError('COMMIT without *TABLE before it')
    this.#needsCommit = false
    this.#table = null
  }

  /** The table at hand; filter where a file names none. */
  get #current(): Table {
    if (this.#table !== null) return this.#table
    const others = [...this.#set.tables.values()].filter(({ name }) => name !== 'filter')
    if (others.some((table) => table !== this.#before?.tables.get(table.name)))
      throw new RuleError('a rule outside of *TABLE … COMMIT')
    return this.#open('filter', false)
  }

  #declare(words: string[]): void {
    const [name, policy = '', counters = '[0:0]', ...rest] = words
    const counted = parseCounters(counters)
    if (name === undefined || counted === null || rest.length > 0)
      throw new RuleError('expected :CHAIN POLICY [PACKETS:BYTES]')
    const table = this.#current
    if (isBuiltIn(table.name, name)) this.#setPolicy(name, policy)
    else if (policy !== '-')
      throw new RuleError(`:${name} ${policy}: expected -, only built-in chains have a policy`)
    else this.#newChain(name, true)
    Object.assign(table.chains.get(name)!, counted, { line: this.#line })
  }

  #command(words: string[]): void {
    const counters = parseCounters(words[0])
    const [command, ...rest] = counters === null ? words : words.slice(1)
    switch (command) {
      case '-A':
      case '--append':
        return this.#append(rest, counters)
      case '-I':
      case '--insert':
        return this.#insert(rest, counters)
      case '-R':
      case '--replace':
        return this.#replace(rest, counters)
      case '-D':
      case '--delete':
        return this.#delete(rest)
      case '-N':
      case '--new-chain':
        return this.#newChain(oneName(command, rest), false)
      case '-X':
      case '--delete-chain':
        return this.#deleteChains(rest)
      case '-F':
      case '--flush':
        return this.#forChains(rest, (chain) => (chain.rules = []))
      case '-Z':
      case '--zero':
        return this.#forChains(rest, zero)
      case '-E':
      case '--rename-chain':
        return this.#rename(rest)
      case '-P':
      case '--policy':
        return this.#policy(rest)
      default:
        throw new RuleError(
          `${command}: expected *TABLE, :CHAIN, COMMIT or one of -A -I -R -D -N -X -F -P -E -Z`,
        )
    }
  }

  #append(words: string[], counters: Counters | null): void {
    const chain = this.#chain(words[0])
    chain.rules.push(...this.#rules(chain, words.slice(1), counters))
  }

  #insert(words: string[], counters: Counters | null): void {
    const chain = this.#chain(words[0])
    const position = words[1] === undefined ? null : wholeNumber(words[1])
    const at = position === null ? 1 : this.#position(chain, position, chain.rules.length + 1)
    const rules = this.#rules(chain, words.slice(position === null ? 1 : 2), counters)
    chain.rules.splice(at - 1, 0, ...rules.toReversed())
  }

  #replace(words: string[], counters: Counters | null): void {
    const chain = this.#chain(words[0])
    const at = this.#position(chain, wholeNumber(words[1] ?? '') ?? 0, chain.rules.length)
    const rules = this.#rules(chain, words.slice(2), counters)
    if (rules.length > 1) throw new RuleError('-R with several addresses, expected one rule')
    chain.rules[at - 1] = rules[0]
  }

  #delete(words: string[]): void {
    const chain = this.#chain(words[0])
    const position = words.length === 2 ? wholeNumber(words[1]) : null
    if (position !== null) {
      chain.rules.splice(this.#position(chain, position, chain.rules.length) - 1, 1)
      return
    }
    for (const wanted of this.#rules(chain, words.slice(1), null)) {
      const text = ruleText(chain.name, wanted)
      const at = chain.rules.findIndex((rule) => ruleText(chain.name, rule) === text)
      if (at === -1) throw new RuleError(`-D ${chain.name}: no such rule in the chain`)
      chain.rules.splice(at, 1)
    }
  }

  #rules(chain: Chain, words: string[], counters: Counters | null): Rule[] {
    const { name, chains } = this.#current
    const hasChain = (other: string): boolean => chains.get(other)?.policy === null
    const rules = parseRule(words, { table: name, chain: chain.name, line: this.#line, hasChain })
    return counters === null ? rules : rules.map((rule) => ({ ...rule, ...counters }))
  }

  #chain(name: string | undefined): Chain {
    if (name === undefined) throw new RuleError('expected the name of a chain')
    const table = this.#current
    const chain = table.chains.get(name)
    if (chain === undefined) throw new RuleError(`${name}: no such chain in the table ${table.name}`)
    return chain
  }

  #position(chain: Chain, position: number, last: number): number {
    if (position < 1 || position > last)
      throw new RuleError(`${chain.name} ${position}: expected the number of a rule, 1 to ${last}`)
    return position
  }

  /** In the form `:CHAIN` a chain may be there already, and is emptied. */
  #newChain(name: string, mayExist: boolean): void {
    const { chains, name: table } = this.#current
    if (Buffer.byteLength(name) > LONGEST_CHAIN || name === '')
      throw new RuleError(`${name}: a chain's name has 1 to ${LONGEST_CHAIN} characters`)
    if (/^[-!:[*]|\s/.test(name)) throw new RuleError(`${name}: not a name for a chain`)
    if (TARGETS.has(name))
      throw new RuleError(`${name}: a target has this name, expected another for the chain`)
    if (chains.has(name) && !mayExist)
      throw new RuleError(`${name}: this chain is in the table ${table} already`)
    chains.set(name, { name, policy: null, packets: 0, bytes: 0, rules: [], line: this.#line })
  }

  #deleteChains(words: string[]): void {
    const { chains } = this.#current
    const all = words.length === 0
    const names = all
      ? [...chains.values()].filter(({ policy }) => policy === null).map(({ name }) => name)
      : words
    for (const name of names) {
      const chain = this.#chain(name)
      if (chain.policy !== null) throw new RuleError(`-X ${name}: a built-in chain cannot be deleted`)
      if (chain.rules.length > 0)
        throw new RuleError(`-X ${name}: the chain has rules, expected an empty one`)
      if (this.#isUsed(name)) throw new RuleError(`-X ${name}: rules jump to it`)
      chains.delete(name)
    }
  }

  #isUsed(name: string): boolean {
    const jumpsThere = ({ target }: Rule): boolean => isJump(target) && target.chain === name
    return [...this.#current.chains.values()].some(({ rules }) => rules.some(jumpsThere))
  }

  #forChains(words: string[], change: (chain: Chain) => void): void {
    if (words.length > 1) throw new RuleError(`${words[1]}: expected one chain, or none for all`)
    const chains = words.length === 0 ? this.#current.chains.values() : [this.#chain(words[0])]
    for (const chain of chains) change(chain)
  }

  #rename([from, to, ...rest]: string[]): void {
    if (to === undefined || rest.length > 0) throw new RuleError('-E: expected two names')
    const chain = this.#chain(from)
    if (chain.policy !== null) throw new RuleError(`-E ${from}: a built-in chain cannot be renamed`)
    this.#newChain(to, false)
    const { chains } = this.#current
    chains.delete(from)
    chains.set(to, { ...chain, name: to })
    const renamed = (rule: Rule): Rule =>
      isJump(rule.target) && rule.target.chain === from
        ? { ...rule, target: { ...rule.target, chain: to }, shape: null }
        : rule
    for (const other of chains.values()) other.rules = other.rules.map(renamed)
  }

  #policy([name, policy, ...rest]: string[]): void {
    if (policy === undefined || rest.length > 0) throw new RuleError('-P: expected CHAIN and a policy')
    if (this.#chain(name).policy === null)
      throw new RuleError(`-P ${name}: only built-in chains have a policy`)
    if (policy === 'DROP' && this.#table!.name === 'nat')
      throw new RuleError(`-P ${name} DROP: the table nat is not for filtering, expected ACCEPT`)
    this.#setPolicy(name, policy)
  }

  #setPolicy(name: string, policy: string): void {
    if (policy !== 'ACCEPT' && policy !== 'DROP')
      throw new RuleError(`${name} ${policy}: expected the policy ACCEPT or DROP`)
    this.#chain(name).policy = policy
  }
}

type Counters = Pick<Rule, 'packets' | 'bytes'>

function parseCounters(word: string | undefined): Counters | null {
  const found = /^\[(\d{1,15}):(\d{1,15})\]$/.exec(word ?? '')
  return found === null ? null : { packets: Number(found[1]), bytes: Number(found[2]) }
}

function oneName(command: string, words: string[]): string {
  if (words.length !== 1) throw new RuleError(`${command}: expected one name`)
  return words[0]
}

function zero(chain: Chain): void {
  chain.packets = chain.bytes = 0
  for (const rule of chain.rules) rule.packets = rule.bytes = 0
}

function emptyTable(name: TableName): Table {
  const chain = (chainName: string): [string, Chain] => [
    chainName,
    { name: chainName, policy: 'ACCEPT', packets: 0, bytes: 0, rules: [], line: 0 },
  ]
  return { name, chains: new Map(TABLE_HOOKS[name].map((hook) => chain(HOOK_NAMES[hook]))) }
}

/** A table that can be edited without the other one: its rules are the same objects, in lists of their own. */
function copyOf({ name, chains }: Table): Table {
  return {
    name,
    chains: new Map(
      [...chains].map(([chain, old]) => [chain, { ...old, rules: old.rules.slice() }] as const),
    ),
  }
}

/** The lines of a file, without making a string of one that is too long: of that, its length. */
function* linesOf(bytes: Uint8Array): Generator<string | number> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < buffer.length;) {
    const newline = buffer.indexOf(10, at)
    const end = newline === -1 ? buffer.length : newline
    yield end - at > LONGEST_LINE ? end - at : buffer.toString('utf8', at, end)
    at = end + 1
  }
}
