/**
 * One rule from the words of its line, `-s 10.0.0.0/8 -p tcp -m tcp --dport 22 -j ACCEPT`, as iptables reads
 * them: long options may be shortened, `!` stands before the option it negates, `-p tcp` brings the options of
 * `-m tcp` along.
 */
import type { MatchExtension, OptionForm, TargetExtension } from './extension.js'
import { Given } from './given.js'
import { HOOK_NAMES, INPUT, OUTPUT, POSTROUTING, PREROUTING } from './hook.js'
import type { TableName } from './hook.js'
import { parseInterface } from './interface-name.js'
import { MATCHES } from './matches.js'
import { formatProtocol, parseNetwork, parseNumber, parseProtocol } from './numbers.js'
import { RuleError } from './rule-error.js'
import type { AddressTest, InterfaceTest, Rule } from './rule.js'
import { TARGETS } from './targets.js'

/** Where the rule will stand. */
export interface RulePlace {
  table: TableName
  chain: string
  line: number
  /** Whether there is a chain of this name in the table. */
  hasChain(name: string): boolean
}

const ANY_ADDRESS: AddressTest = { address: 0, mask: 0, negated: false }
const ANY_INTERFACE: InterfaceTest = { name: '', negated: false }

/** Options of every rule: canonical name → form; the short names are aliases. */
const COMMON: Readonly<Record<string, OptionForm>> = {
  protocol: { argument: 'PROTOCOL', negatable: true, aliases: ['p'] },
  source: { argument: 'ADDRESS[/MASK][,…]', negatable: true, aliases: ['s', 'src'] },
  destination: { argument: 'ADDRESS[/MASK][,…]', negatable: true, aliases: ['d', 'dst'] },
  'in-interface': { argument: 'NAME[+]', negatable: true, aliases: ['i'] },
  'out-interface': { argument: 'NAME[+]', negatable: true, aliases: ['o'] },
  fragment: { argument: null, negatable: true, aliases: ['f'] },
  match: { argument: 'MATCH', aliases: ['m'], repeatable: true },
  // Given twice, it is the targets that are too many, not the option.
  jump: { argument: 'TARGET', aliases: ['j'], repeatable: true },
  goto: { argument: 'CHAIN', aliases: ['g'], repeatable: true },
  'set-counters': { argument: 'PACKETS', aliases: ['c'] },
  ipv4: { argument: null, aliases: ['4'] },
}

/** The rules that the words make: more than one where `-s` or `-d` list several addresses. Throws a RuleError. */
export function parseRule(words: readonly string[], place: RulePlace): Rule[] {
  return new RuleReader(words, place).read()
}

class RuleReader {
  readonly #words: readonly string[]
  readonly #place: RulePlace
  #next = 0
  #isNegated = false
  /** Those options of every rule that were given. */
  readonly #common: string[] = []
  readonly #matches: Array<{ extension: MatchExtension; given: Given }> = []
  #target: { extension: TargetExtension; given: Given } | null = null
  #jumpTarget: Rule['target'] = null
  #sources = [ANY_ADDRESS]
  #destinations = [ANY_ADDRESS]
  #inInterface = ANY_INTERFACE
  #outInterface = ANY_INTERFACE
  #protocol = 0
  #protocolNegated = false
  #fragment: boolean | null = null
  #packets = 0
  #bytes = 0

  constructor(words: readonly string[], place: RulePlace) {
    this.#words = words
    this.#place = place
  }

  read(): Rule[] {
    while (this.#next < this.#words.length) this.#readWord(this.#words[this.#next++])
    if (this.#isNegated) throw new RuleError('! at the end of the line, expected an option after it')
    this.#checkPlace()
    const rules: Rule[] = []
    for (const source of this.#sources)
      for (const destination of this.#destinations) rules.push(this.#rule(source, destination))
    return rules
  }

  /** What the options of the whole line make of a match or target. */
  #read<T>({ extension, given }: { extension: { read(given: Given): T }; given: Given }): T {
    given.protocol = this.#protocolNegated ? 0 : this.#protocol
    return extension.read(given)
  }

  /** Written out: copying by `...` takes longer than all the rest. */
  #rule(source: AddressTest, destination: AddressTest): Rule {
    const matches = this.#matches.map((match) => this.#read(match))
    if (this.#target !== null) this.#target.given.matches = matches
    return {
      line: this.#place.line,
      packets: this.#packets,
      bytes: this.#bytes,
      source,
      destination,
      inInterface: this.#inInterface,
      outInterface: this.#outInterface,
      protocol: this.#protocol,
      protocolNegated: this.#protocolNegated,
      fragment: this.#fragment,
      matches,
      target: this.#target === null ? this.#jumpTarget : this.#read(this.#target),
      shape: null,
    }
  }

  #readWord(word: string): void {
    if (word === '!') {
      if (this.#isNegated) throw new RuleError('! twice, expected an option after it')
      this.#isNegated = true
      return
    }
    if (word[0] !== '-' || word.length === 1) throw new RuleError(`${word}: expected an option`)
    const { name, attached } = splitOption(word)
    if (!this.#readOption(name, attached) && !(this.#loadProtocol() && this.#readOption(name, attached)))
      throw new RuleError(`${word}: no option of the rule or of a match or target before it`)
    this.#isNegated = false
  }

  /** Whether the option is one of the target's, the matches' or every rule's, those loaded last asked first. */
  #readOption(name: string, attached: string | null): boolean {
    return this.#lookUp(findOption, name, attached) || this.#lookUp(findShortened, name, attached)
  }

  #lookUp(find: typeof findOption, name: string, attached: string | null): boolean {
    if (this.#target !== null && this.#readExtensions([this.#target], find, name, attached)) return true
    if (this.#readExtensions(this.#matches, find, name, attached)) return true
    const found = find(COMMON, name)
    if (found === null) return false
    const value = this.#argument(found, attached)
    if (!found.form.repeatable && this.#common.includes(found.name)) throw twice(found)
    this.#common.push(found.name)
    this.#readCommon(found.name, value)
    return true
  }

  #readExtensions(
    loaded: ReadonlyArray<{ extension: MatchExtension | TargetExtension; given: Given }>,
    find: typeof findOption,
    name: string,
    attached: string | null,
  ): boolean {
    for (let i = loaded.length - 1; i >= 0; i--) {
      const { extension, given } = loaded[i]
      const found = find(extension.options, name)
      if (found === null) continue
      const value = this.#argument(found, attached)
      if (!found.form.repeatable && given.has(found.name)) throw twice(found)
      given.options.push({ name: found.name, value, negated: this.#isNegated })
      return true
    }
    return false
  }

  #argument({ name, form }: Found, attached: string | null): string {
    if (this.#isNegated && !form.negatable) throw new RuleError(`! before --${name}: it cannot be negated`)
    if (form.argument === null) {
      if (attached !== null) throw new RuleError(`--${name} takes no argument`)
      return ''
    }
    if (form.arguments === undefined) {
      if (attached !== null) return attached
      if (this.#next === this.#words.length) throw new RuleError(`--${name}: expected ${form.argument}`)
      return this.#words[this.#next++]
    }
    const missing = form.arguments - (attached === null ? 0 : 1)
    const words = this.#words.slice(this.#next, this.#next + missing)
    // Where an option takes two words, iptables does not take an option for the second.
    if (words.length < missing || words.some((word) => /^[-!]/.test(word)))
      throw new RuleError(`--${name}: expected ${form.argument}`)
    this.#next += missing
    return attached === null ? words.join(' ') : [attached, ...words].join(' ')
  }

  #readCommon(name: string, value: string): void {
    const negated = this.#isNegated
    switch (name) {
      case 'protocol':
        this.#protocol = parseProtocol(value)
        this.#protocolNegated = negated
        if (negated && this.#protocol === 0) throw new RuleError('! -p all: no packet is of no protocol')
        break
      case 'source':
        this.#sources = addresses(value, '-s', negated)
        break
      case 'destination':
        this.#destinations = addresses(value, '-d', negated)
        break
      case 'in-interface':
        this.#inInterface = { name: parseInterface(value, '-i'), negated }
        break
      case 'out-interface':
        this.#outInterface = { name: parseInterface(value, '-o'), negated }
        break
      case 'fragment':
        this.#fragment = !negated
        break
      case 'match':
        this.#load(matchOf(value))
        break
      case 'jump':
        this.#jump(value)
        break
      case 'goto':
        if (!this.#place.hasChain(value)) throw new RuleError(`-g ${value}: no such chain in the table`)
        this.#setTarget({ chain: value, goto: true })
        break
      case 'set-counters':
        this.#setCounters(value)
    }
  }

  #setCounters(packets: string): void {
    const bytes = this.#words[this.#next++] ?? ''
    this.#packets = parseNumber(packets, '-c PACKETS', 0, Number.MAX_SAFE_INTEGER)
    this.#bytes = parseNumber(bytes, '-c BYTES', 0, Number.MAX_SAFE_INTEGER)
  }

  #jump(name: string): void {
    if (this.#place.hasChain(name)) return this.#setTarget({ chain: name, goto: false })
    const extension = TARGETS.get(name)
    if (extension === undefined) throw new RuleError(`-j ${name}: no such target, and no chain of this name`)
    if (this.#jumpTarget !== null || this.#target !== null) throw twoTargets()
    this.#target = { extension, given: new Given(name) }
  }

  #setTarget(target: Rule['target']): void {
    if (this.#jumpTarget !== null || this.#target !== null) throw twoTargets()
    this.#jumpTarget = target
  }

  /** The match that goes with the rule's protocol, if it is not loaded yet: its options were used without `-m`. */
  #loadProtocol(): boolean {
    if (this.#protocol === 0 || this.#protocolNegated) return false
    const extension = MATCHES.get(formatProtocol(this.#protocol))
    if (!extension?.protocols || this.#matches.some((one) => one.extension === extension)) return false
    this.#load(extension)
    return true
  }

  #load(extension: MatchExtension): void {
    this.#matches.push({ extension, given: new Given(extension.name) })
  }

  #checkPlace(): void {
    const { chain, table } = this.#place
    const [inInterface, outInterface] = [this.#inInterface, this.#outInterface]
    const hook = HOOK_NAMES.indexOf(chain as (typeof HOOK_NAMES)[number])
    if (inInterface.name !== '' && (hook === OUTPUT || hook === POSTROUTING))
      throw new RuleError(`-i in ${chain}: packets there came in by no interface`)
    if (outInterface.name !== '' && (hook === PREROUTING || hook === INPUT))
      throw new RuleError(`-o in ${chain}: packets there leave by no interface yet`)
    for (const { extension } of this.#matches) this.#checkExtension(extension, table)
    if (this.#target !== null) this.#checkExtension(this.#target.extension, table)
  }

  #checkExtension(extension: MatchExtension | TargetExtension, table: TableName): void {
    this.#checkProtocol(extension)
    if (extension.tables && !extension.tables.includes(table))
      throw new RuleError(`${extension.name}: only in the tables ${extension.tables.join(', ')}`)
  }

  #checkProtocol({ name, protocols }: MatchExtension | TargetExtension): void {
    if (protocols === undefined || (!this.#protocolNegated && protocols.includes(this.#protocol))) return
    throw new RuleError(`${name}: expected -p ${protocols.map(formatProtocol).join(' or -p ')} in the rule`)
  }
}

function twice({ name }: Found): RuleError {
  return new RuleError(`--${name}: given twice, expected once`)
}

function twoTargets(): RuleError {
  return new RuleError('two targets, expected one -j or -g')
}

/** `--dport=80`, `--dport`, `-p`, `-ptcp`: the name, and what stands in the same word. */
function splitOption(word: string): { name: string; attached: string | null } {
  if (!word.startsWith('--')) return { name: word[1], attached: word.length > 2 ? word.slice(2) : null }
  const equals = word.indexOf('=')
  if (equals === -1) return { name: word.slice(2), attached: null }
  return { name: word.slice(2, equals), attached: word.slice(equals + 1) }
}

interface Found {
  name: string
  form: OptionForm
}

/** Options by each of their names, made once for each set of options: rules come by the hundred thousand. */
const indexes = new WeakMap<object, Map<string, Found>>()

function indexOf(options: Readonly<Record<string, OptionForm>>): Map<string, Found> {
  let index = indexes.get(options)
  if (index === undefined) {
    const entries = Object.entries(options).flatMap(([name, form]) =>
      [name, ...(form.aliases ?? [])].map((one): [string, Found] => [one, { name, form }]),
    )
    index = new Map(entries)
    indexes.set(options, index)
  }
  return index
}

/** The option of this name, in full or, if only one begins so, shortened. */
function findOption(options: Readonly<Record<string, OptionForm>>, given: string): Found | null {
  return indexOf(options).get(given) ?? null
}

function findShortened(options: Readonly<Record<string, OptionForm>>, given: string): Found | null {
  const found = [...indexOf(options)].filter(([name]) => given.length > 1 && name.startsWith(given))
  const names = new Set(found.map(([, { name }]) => name))
  return names.size === 1 ? found[0][1] : null
}

function matchOf(name: string): MatchExtension {
  const extension = MATCHES.get(name)
  if (extension === undefined) throw new RuleError(`-m ${name}: no such match`)
  return extension
}

function addresses(list: string, option: string, negated: boolean): AddressTest[] {
  if (!list.includes(',')) return [addressTest(list, option, negated)]
  const parts = list.split(',')
  if (negated && parts.length > 1) throw new RuleError(`! ${option} ${list}: expected one address after !`)
  return parts.map((part) => addressTest(part, option, negated))
}

function addressTest(text: string, option: string, negated: boolean): AddressTest {
  const { address, mask } = parseNetwork(text, option)
  return { address, mask, negated }
}
