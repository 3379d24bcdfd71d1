/**
 * Last pass: chains as JavaScript, a function for each piece of a chain. A piece is short, because V8 leaves a
 * function of about a thousand rules to its interpreter (9 µs a packet instead of 0.7).
 *
 * What the functions see:
 *   p, c       the packet, and where the chain counts
 *   counts     packets and bytes, of rule after rule from c on
 *   at[n]      where the chain n counts
 *   match[i], target[i]   what only the match or target itself can do
 *   world.dropped   where the rule counts that dropped
 *   run_i(p)        asks rules that are data (machine.ts)
 *   body(i, c, p)   asks a whole chain of them
 *
 * They return a verdict; CONTINUE at the end of the chain, RETURN where it is left before that.
 */
import type { Condition, Field } from '../condition.js'
import { ruleText } from '../rule-text.js'
import { SHORTEST_RUN, group } from './group.js'
import type { Segment } from './group.js'
import type { LoweredChain, LoweredRule } from './lower.js'
import { keyOf } from './key.js'
import type { RunKey } from './key.js'
import { COUNTERS } from './layout.js'
import type { DataSegment } from './layout.js'
import { share } from './share.js'
import type { Body } from './share.js'
import type { Test } from './test.js'

/** Rules in one function. */
const PIECE = 48

/** What the text refers to by number: functions of matches and targets, in the order of their first use. */
export interface Emitted {
  text: string
  matches: Array<{ rule: LoweredRule['rule']; match: number }>
  targets: Array<LoweredRule['rule']>
  /** What the machine asks, and what its rules ask and call beside their data. */
  segments: DataSegment[]
  links: Link[]
  linkNumbers: Map<string, number>
  /** By chain: the rules that count where the chain counts, in their order. */
  chains: Array<readonly LoweredRule[]>
  /** The functions of built-in chains. */
  entries: Array<{ table: string; chain: string; name: string; number: number }>
}

/** Texts of functions: what is asked of the packet, and what is called then; null for nothing. */
export interface Link {
  asks: string | null
  calls: string | null
}

/** The variable that a field is read into, how, and its bits. 32-bit ones are signed there. */
const READ: Record<Field, readonly [name: string, expression: string, bits: number]> = {
  source: ['source', 'p.source | 0', 32],
  destination: ['destination', 'p.destination | 0', 32],
  protocol: ['protocol', 'p.protocol', 8],
  'source-port': ['sport', '(b[p.l4] << 8) | b[p.l4 + 1]', 16],
  'destination-port': ['dport', '(b[p.l4 + 2] << 8) | b[p.l4 + 3]', 16],
  'tcp-flags': ['flags', 'b[p.l4 + 13]', 8],
  'icmp-type-code': ['icmp', '(b[p.l4] << 8) | b[p.l4 + 1]', 16],
  length: ['length', 'p.end - p.l3', 16],
  ttl: ['ttl', 'b[p.l3 + 8]', 8],
  tos: ['tos', 'b[p.l3 + 1]', 8],
  mark: ['mark', 'p.mark | 0', 32],
  'connection-state': ['state', 'p.connectionState', 8],
}

/** More functions than these V8 would not come to compile: what few rules jump to becomes data. */
const MOST_FUNCTIONS = 100

/** Where a chain is: its number, and the function that is its body or the segment of the machine, -1 for none. */
interface Place {
  number: number
  name: string
  segment: number
}

type Places = ReadonlyMap<string, Place>

/** All chains of a table; the functions are called `TABLE_NUMBER_CHAIN` as far as names allow. */
export function emit(table: string, chains: readonly LoweredChain[], into: Emitted): void {
  const places = new Map<string, Place>()
  const own = chains.filter((chain) => chain.isBuiltIn || chain.rules.length >= SHORTEST_RUN)
  const bodies = byUse(share(chains.filter((chain) => !own.includes(chain))), chains)
  const asCode = bodies.slice(0, MOST_FUNCTIONS)
  const asData = bodies.slice(MOST_FUNCTIONS)
  const place = ({ name }: LoweredChain, functionName: string, segment: number): void => {
    places.set(name, { number: into.chains.push([]) - 1, name: functionName, segment })
  }
  own.forEach((chain, i) => place(chain, functionName(table, i, chain), -1))
  asCode.forEach((all, i) => {
    for (const chain of all) place(chain, functionName(table, own.length + i, all[0]), -1)
  })
  asData.forEach((all, i) => {
    for (const chain of all) place(chain, '', into.segments.length + i)
  })
  for (const body of asData) addBody(body, places, into)
  for (const chain of own) into.text += chainText(chain, places, into)
  for (const body of asCode) into.text += bodyText(table, body, places, into)
  for (const { name, isBuiltIn } of own)
    if (isBuiltIn) into.entries.push({ table, chain: name, ...places.get(name)! })
}

/** Those that most rules jump to first. */
function byUse(bodies: readonly Body[], chains: readonly LoweredChain[]): Body[] {
  const jumps = new Map<string, number>()
  for (const { rules } of chains)
    for (const { shape } of rules)
      if ('chain' in shape.action) jumps.set(shape.action.chain, (jumps.get(shape.action.chain) ?? 0) + 1)
  const uses = (body: Body): number => body.reduce((sum, { name }) => sum + (jumps.get(name) ?? 0), 0)
  const used = new Map(bodies.map((body) => [body, uses(body)]))
  return bodies.toSorted((a, b) => used.get(b)! - used.get(a)!)
}

function functionName(table: string, number: number, { name }: LoweredChain): string {
  return `${table}_${number}_${name.replaceAll(/\W/g, '_')}`
}

function addBody(chains: Body, places: Places, into: Emitted): void {
  addSegment(chains[0].rules, true, null, places, into)
  for (const { name, rules: counted } of chains) into.chains[places.get(name)!.number] = counted
}

function bodyText(table: string, chains: Body, places: Places, into: Emitted): string {
  for (const { name, rules } of chains) into.chains[places.get(name)!.number] = rules
  const others = chains.length === 1 ? '' : `\n// ${chains.length} chains of ${table}, ${namesOf(chains)}`
  return `${others}${chainText(chains[0], places, into)}`
}

/** Some names and how many more. */
function namesOf(chains: readonly LoweredChain[]): string {
  const names = chains.slice(0, 5).map(({ name }) => name)
  return chains.length > names.length ? `${names.join(', ')} …` : names.join(', ')
}

function chainText(chain: LoweredChain, places: Places, into: Emitted): string {
  const { name, number } = places.get(chain.name)!
  const pieces = group(chain).flatMap(piecesOf)
  const counted: LoweredRule[] = []
  const parts: string[] = []
  const calls = pieces.map((piece, i) => {
    if (piece.kind === 'run') return runText(piece.rules, places, into)
    parts.push(pieceText(`${name}_${i}`, piece.rules, counted.length, places, into))
    counted.push(...piece.rules)
    return `  verdict = ${name}_${i}(p, c)\n`
  })
  into.chains[number] = counted
  if (pieces.length === 0) return `\nfunction ${name}(p, c) {\n  return CONTINUE\n}\n`
  if (pieces.length === 1 && pieces[0].kind === 'code')
    return parts[0].replace(`function ${name}_0(`, `function ${name}(`)
  const ask = calls.map((call) => `${call}  if (verdict !== CONTINUE) return verdict\n`)
  return `${parts.join('')}\nfunction ${name}(p, c) {\n  let verdict\n${ask.join('')}  return CONTINUE\n}\n`
}

/** Code in pieces that are short enough for V8. */
function piecesOf(segment: Segment): Segment[] {
  if (segment.kind === 'run') return [segment]
  const pieces: Segment[] = []
  for (let i = 0; i < segment.rules.length; i += PIECE)
    pieces.push({ kind: 'code', rules: segment.rules.slice(i, i + PIECE) })
  return pieces
}

/** The call of a run; its rules are data, and what they ask beyond that small functions. */
function runText(rules: readonly LoweredRule[], places: Places, into: Emitted): string {
  const key = keyOf(rules)
  const segment = addSegment(rules, false, key, places, into)
  const how = key === null ? 'one after another' : `by their ${key.field}`
  return [
    `  // ${rules.length} rules, found ${how}, from`,
    `  //   ${sourceLine(rules[0])}`,
    '  // to',
    `  //   ${sourceLine(rules[rules.length - 1])}`,
    `  verdict = run_${segment}(p)\n`,
  ].join('\n')
}

/** Gives rules to the machine; returns the number of their segment. */
function addSegment(
  rules: readonly LoweredRule[],
  isBody: boolean,
  key: RunKey | null,
  places: Places,
  into: Emitted,
): number {
  const links: number[] = []
  const jumps: DataSegment['jumps'][number][] = []
  for (const lowered of rules) {
    const { rule, shape } = lowered
    const { action, rest } = shape
    const asks = rest.length === 0 ? null : restText(rest, lowered, into)
    const to = 'chain' in action ? places.get(action.chain)! : null
    let calls: string | null = null
    if (to !== null && to.segment === -1) calls = to.name
    else if (action.kind === 'call') calls = `target[${into.targets.push(rule) - 1}]`
    jumps.push(to === null ? null : { chain: to.number, segment: to.segment })
    links.push(asks === null && calls === null ? -1 : linkOf({ asks, calls }, into))
  }
  return into.segments.push({ rules, links, jumps, isBody, key }) - 1
}

/** The same text is made once: what rules of many chains have in common is one function. */
function linkOf(link: Link, { links, linkNumbers }: Emitted): number {
  const text = `${link.asks} ${link.calls}`
  const known = linkNumbers.get(text)
  if (known !== undefined) return known
  const number = links.push(link) - 1
  linkNumbers.set(text, number)
  return number
}

function restText(tests: readonly Test[], lowered: LoweredRule, into: Emitted): string {
  if (tests.length === 1 && tests[0].kind === 'match')
    return `match[${pushMatch(tests[0].match, lowered, into)}]`
  const fields = [...new Set(tests.flatMap(fieldOf))]
  const reads = fields.map((field) => `const ${READ[field][0]} = ${READ[field][1]}; `).join('')
  return `(p) => { const b = p.bytes; ${reads}return ${tests.map((test) => testText(test, lowered, into)).join(' && ')} }`
}

/** The rule as iptables-save prints it, for a comment, which ends with its line. */
export function sourceLine({ chain, rule }: LoweredRule): string {
  return ruleText(chain, rule).replaceAll(/[\r\n\u2028\u2029]/g, ' ')
}

/** @param first place of the first of these rules among those that count where the chain counts */
function pieceText(
  name: string,
  rules: readonly LoweredRule[],
  first: number,
  places: Places,
  into: Emitted,
): string {
  const fields = new Set(rules.flatMap(({ shape }) => shape.tests.flatMap(fieldOf)))
  const reads = [...fields].map((field) => `  let ${READ[field][0]} = ${READ[field][1]}\n`).join('')
  const again = [...fields].map((field) => `${READ[field][0]} = ${READ[field][1]}`).join('; ')
  const body = rules.map((rule, i) => oneRule(rule, first + i, places, again, into)).join('')
  return `\nfunction ${name}(p, c) {\n  const b = p.bytes\n${reads}${body}  return CONTINUE\n}\n`
}

function fieldOf(test: Test): Field[] {
  return test.kind === 'condition' ? [test.condition.field] : []
}

function oneRule(lowered: LoweredRule, place: number, places: Places, again: string, into: Emitted): string {
  const { tests } = lowered.shape
  const counters = place === 0 ? 'c' : `c + ${place * COUNTERS}`
  const asked = tests.map((test) => testText(test, lowered, into))
  const acts = [
    `counts[${counters}]++; counts[c + ${place * COUNTERS + 1}] += p.end - p.l3`,
    ...actionText(lowered, counters, places, again, into),
  ]
  const block = acts.map((line) => `    ${line}\n`).join('')
  const source = `  // ${sourceLine(lowered)}\n`
  if (asked.length === 0) return `${source}  {\n${block}  }\n`
  const malformed = tests.some(({ kind }) => kind === 'match')
    ? ` else if (p.isMalformed) {\n    world.dropped = ${counters}; return DROP\n  }`
    : ''
  return `${source}  if (${asked.join(' && ')}) {\n${block}  }${malformed}\n`
}

function actionText(
  { rule, shape: { action } }: LoweredRule,
  counters: string,
  places: Places,
  again: string,
  into: Emitted,
): string[] {
  switch (action.kind) {
    case 'accept':
      return ['return ACCEPT']
    case 'drop':
      return [`world.dropped = ${counters}; return DROP`]
    case 'return':
      return ['return RETURN']
    case 'continue':
      return []
    case 'goto':
      return [`return ${chainCall(action.chain, places)} || RETURN`]
    case 'jump':
      return [
        `const verdict = ${chainCall(action.chain, places)}`,
        'if (verdict === ACCEPT || verdict === DROP) return verdict',
        ...reread(again),
      ]
    default:
      into.targets.push(rule)
      return [
        `const verdict = target[${into.targets.length - 1}](p)`,
        `if (verdict === DROP) world.dropped = ${counters}`,
        'if (verdict !== CONTINUE) return verdict',
        ...reread(again),
      ]
  }
}

function chainCall(chain: string, places: Places): string {
  const { number, name, segment } = places.get(chain)!
  return segment === -1 ? `${name}(p, at[${number}])` : `body(${segment}, at[${number}], p)`
}

/** What was called may have changed the packet. */
function reread(again: string): string[] {
  return again === '' ? [] : [again]
}

function testText(test: Test, lowered: LoweredRule, into: Emitted): string {
  if (test.kind === 'condition') return conditionText(test.condition)
  if (test.kind === 'interface') {
    const { name, negated } = test.test
    const holds = name.endsWith('+')
      ? `p.${test.side}.startsWith(${JSON.stringify(name.slice(0, -1))})`
      : `p.${test.side} === ${JSON.stringify(name)}`
    return negated ? `!(${holds})` : holds
  }
  return `match[${pushMatch(test.match, lowered, into)}](p)`
}

function pushMatch(match: number, { rule }: LoweredRule, into: Emitted): number {
  return into.matches.push({ rule, match }) - 1
}

function conditionText({ field, mask, ranges, negated }: Condition): string {
  const [name, , bits] = READ[field]
  const isWide = bits === 32
  const value = mask === 2 ** bits - 1 ? name : `(${name} & ${number(mask | 0)})`
  const inRanges = ranges.map(([least, greatest]) => rangeText(value, least, greatest, isWide)).join(' || ')
  return negated ? `!(${inRanges})` : ranges.length > 1 ? `(${inRanges})` : inRanges
}

/** Addresses and marks are signed in the functions: equality wants the signed number, an order the unsigned one. */
function rangeText(value: string, least: number, greatest: number, isWide: boolean): string {
  if (least === greatest) return `${value} === ${isWide ? number(least | 0) : least}`
  const unsigned = isWide ? `${value} >>> 0` : value
  const above = least === 0 ? [] : [`${unsigned} >= ${least}`]
  return [...above, `${unsigned} <= ${greatest}`].join(' && ')
}

function number(value: number): string {
  return value < 0 || value > 0xffff
    ? `${value < 0 ? '-' : ''}0x${Math.abs(value).toString(16)}`
    : String(value)
}
