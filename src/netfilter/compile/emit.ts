/**
 * Last pass: chains as JavaScript, a function for each piece of a chain. A piece is short, because V8 leaves a
 * function of about a thousand rules to its interpreter (9 µs a packet instead of 0.7).
 *
 * What the functions see:
 *   p          the packet
 *   packets, bytes   counters by rule number
 *   match[i], target[i]   what only the match or target itself can do
 *   world.dropped    number of the rule that dropped
 *
 *   machine(i, p)   asks rules that are data (machine.ts)
 *
 * They return a verdict; CONTINUE at the end of the chain, RETURN where it is left before that.
 */
import type { Condition, Field } from '../condition.js'
import { ruleText } from '../rule-text.js'
import { SHORTEST_RUN, asRunRule, group } from './group.js'
import type { RunRule, Segment } from './group.js'
import type { LoweredChain, LoweredRule, Test } from './lower.js'
import { keyOf } from './key.js'
import type { RunKey } from './key.js'
import type { DataSegment } from './machine.js'

/** Rules in one function. */
const PIECE = 48

/** What the text refers to by number: functions of matches and targets, in the order of their first use. */
export interface Emitted {
  text: string
  matches: Array<{ rule: LoweredRule['rule']; match: number }>
  targets: Array<LoweredRule['rule']>
  /** What the machine asks; rules are numbered through all segments. */
  segments: DataSegment[]
  /** By rule of the segments: the text of what is asked and called beside the data, null for nothing. */
  rest: Array<string | null>
  callee: Array<string | null>
  /** By rule of the segments: the segment of the chain that it jumps to, -1 for none. */
  chain: number[]
  /** The functions of built-in chains. */
  entries: Array<{ table: string; chain: string; name: string }>
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
}

/** More functions than these V8 would not come to compile: the chains of the user become data. */
const MOST_FUNCTIONS = 100

/** Where the chains of a table are: functions by name, or segments of the machine. */
interface Places {
  names: ReadonlyMap<string, string>
  segments: ReadonlyMap<string, number>
}

/** All chains of a table; the functions are called `TABLE_NUMBER_CHAIN` as far as names allow. */
export function emit(table: string, chains: readonly LoweredChain[], into: Emitted): void {
  const isData = (chain: LoweredChain): boolean =>
    chains.length > MOST_FUNCTIONS && !chain.isBuiltIn && !isLong(chain)
  const asData = chains.filter(isData)
  const asCode = chains.filter((chain) => !isData(chain))
  const first = into.segments.length
  const places: Places = {
    names: new Map(asCode.map(({ name }, i) => [name, `${table}_${i}_${name.replaceAll(/\W/g, '_')}`])),
    segments: new Map(asData.map(({ name }, i) => [name, first + i])),
  }
  for (const { rules } of asData) addSegment(rules.map(asRunRule), null, places, into)
  if (asData.length > 0)
    into.text += `\n// ${asData.length} chains of ${table} are data: segments ${first} and after it\n`
  for (const chain of asCode) {
    into.text += chainText(chain, places, into)
    if (chain.isBuiltIn) into.entries.push({ table, chain: chain.name, name: places.names.get(chain.name)! })
  }
}

/** A chain that is worth a function of its own, with its runs. */
function isLong({ rules }: LoweredChain): boolean {
  return rules.length >= SHORTEST_RUN
}

function chainText(chain: LoweredChain, places: Places, into: Emitted): string {
  const name = places.names.get(chain.name)!
  const pieces = group(chain).flatMap(piecesOf)
  if (pieces.length === 0) return `\nfunction ${name}(p) {\n  return CONTINUE\n}\n`
  const parts: string[] = []
  const calls = pieces.map((piece, i) => {
    if (piece.kind === 'run') return runText(piece.rules, places, into)
    parts.push(pieceText(`${name}_${i}`, piece.rules, places, into))
    return `  verdict = ${name}_${i}(p)\n`
  })
  if (pieces.length === 1 && pieces[0].kind === 'code')
    return parts[0].replace(`function ${name}_0(`, `function ${name}(`)
  const ask = calls.map((call) => `${call}  if (verdict !== CONTINUE) return verdict\n`)
  return `${parts.join('')}\nfunction ${name}(p) {\n  let verdict\n${ask.join('')}  return CONTINUE\n}\n`
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
function runText(rules: readonly RunRule[], places: Places, into: Emitted): string {
  const key = keyOf(rules)
  const segment = addSegment(rules, key, places, into)
  const how = key === null ? 'one after another' : `by their ${key.field}`
  return [
    `  // ${rules.length} rules, found ${how}, from`,
    `  //   ${sourceLine(rules[0].lowered)}`,
    '  // to',
    `  //   ${sourceLine(rules[rules.length - 1].lowered)}`,
    `  verdict = machine(${segment}, p)\n`,
  ].join('\n')
}

/** Gives rules to the machine; returns the number of their segment. */
function addSegment(rules: readonly RunRule[], key: RunKey | null, places: Places, into: Emitted): number {
  for (const { lowered, rest } of rules) {
    const { action, rule } = lowered
    const chain = 'chain' in action ? (places.segments.get(action.chain) ?? -1) : -1
    into.rest.push(rest.length === 0 ? null : restText(rest, lowered, into))
    into.chain.push(chain)
    if ('chain' in action) into.callee.push(chain === -1 ? places.names.get(action.chain)! : null)
    else into.callee.push(action.kind === 'call' ? `target[${into.targets.push(rule) - 1}]` : null)
  }
  return into.segments.push({ rules, key }) - 1
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

function pieceText(name: string, rules: readonly LoweredRule[], places: Places, into: Emitted): string {
  const fields = new Set(rules.flatMap(({ tests }) => tests.flatMap(fieldOf)))
  const reads = [...fields].map((field) => `  let ${READ[field][0]} = ${READ[field][1]}\n`).join('')
  const again = [...fields].map((field) => `${READ[field][0]} = ${READ[field][1]}`).join('; ')
  const body = rules.map((rule) => oneRule(rule, places, again, into)).join('')
  return `\nfunction ${name}(p) {\n  const b = p.bytes\n${reads}${body}  return CONTINUE\n}\n`
}

function fieldOf(test: Test): Field[] {
  return test.kind === 'condition' ? [test.condition.field] : []
}

function oneRule(lowered: LoweredRule, places: Places, again: string, into: Emitted): string {
  const { id, tests } = lowered
  const asked = tests.map((test) => testText(test, lowered, into))
  const acts = [`packets[${id}]++; bytes[${id}] += p.end - p.l3`, ...actionText(lowered, places, again, into)]
  const block = acts.map((line) => `    ${line}\n`).join('')
  const source = `  // ${sourceLine(lowered)}\n`
  if (asked.length === 0) return `${source}  {\n${block}  }\n`
  const malformed = tests.some(({ kind }) => kind === 'match')
    ? ` else if (p.isMalformed) {\n    world.dropped = ${id}; return DROP\n  }`
    : ''
  return `${source}  if (${asked.join(' && ')}) {\n${block}  }${malformed}\n`
}

function actionText(
  { id, rule, action }: LoweredRule,
  places: Places,
  again: string,
  into: Emitted,
): string[] {
  switch (action.kind) {
    case 'accept':
      return ['return ACCEPT']
    case 'drop':
      return [`world.dropped = ${id}; return DROP`]
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
        `if (verdict === DROP) world.dropped = ${id}`,
        'if (verdict !== CONTINUE) return verdict',
        ...reread(again),
      ]
  }
}

function chainCall(chain: string, { names, segments }: Places): string {
  const name = names.get(chain)
  return name === undefined ? `machine(${segments.get(chain)}, p)` : `${name}(p)`
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
  return `(${unsigned}) >= ${least} && (${unsigned}) <= ${greatest}`
}

function number(value: number): string {
  return value < 0 || value > 0xffff
    ? `${value < 0 ? '-' : ''}0x${Math.abs(value).toString(16)}`
    : String(value)
}
