/**
 * Rule sets and traces in the manner of ClassBench: protocols, kinds of port ranges, prefix lengths and the
 * branching of the addresses follow the published seeds (classbench-statistics.ts). A set that is larger than
 * the real one has so many more branches in its addresses. What ClassBench has beyond that, TCP flags and the
 * correlation between the two addresses of a rule, is left out.
 */
import type { FiveFieldRule, HeaderColumns } from '../src/netfilter/classify/rule.js'
import { createColumns } from '../src/netfilter/classify/rule.js'
import { ACL1, FW1, IPC1 } from './classbench-statistics.js'
import type { Statistics } from './classbench-statistics.js'

const FLAVOURS = { acl: ACL1, fw: FW1, ipc: IPC1 }

/** Access lists, firewalls, and chains of a Linux host. */
export type Flavour = keyof typeof FLAVOURS

/** Numbers from 0 to under 1: the same ones for the same seed (mulberry32). */
export type Random = () => number

/** Makes such a source. */
export function createRandom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }
}

const PORT_MAX = 65_535
const TRIES_PER_RULE = 30

/**
 * At most `count` distinct rules, the more specific first, as ClassBench has them. Fewer where the flavour's
 * addresses and ports do not give so many: expect 90 to 100 %.
 */
export function generateRules(flavour: Flavour, count: number, seed: number): FiveFieldRule[] {
  const draw = drawRule(FLAVOURS[flavour], count, createRandom(seed))
  const rules = new Map<string, FiveFieldRule>()
  for (let tries = count * TRIES_PER_RULE; tries > 0 && rules.size < count; tries--) {
    const rule = draw()
    rules.set(Object.values(rule).join(), rule)
  }
  return [...rules.values()]
    .map((rule) => ({ rule, scope: scopeOf(rule) }))
    .sort((a, b) => a.scope - b.scope)
    .map(({ rule }) => rule)
}

/** How many bits of a header a rule leaves open. */
function scopeOf(rule: FiveFieldRule): number {
  const open = (mask: number): number => Math.log2(2 ** 32 - (mask >>> 0))
  const ports = Math.log2(
    (rule.sourcePortHigh - rule.sourcePortLow + 1) * (rule.destinationPortHigh - rule.destinationPortLow + 1),
  )
  return open(rule.sourceMask) + open(rule.destinationMask) + ports + (rule.protocolMask === 0 ? 8 : 0)
}

function drawRule(statistics: Statistics, count: number, random: Random): () => FiveFieldRule {
  const doublings = Math.max(0, Math.log2(count / statistics.rules)) / 2
  const protocol = choice(
    statistics.protocols.map(([value, weight, kinds]) => [{ value, kinds: choiceOf(kinds, random) }, weight]),
    random,
  )
  const lengths = new Map(
    Object.entries(statistics.lengths).map(([kinds, text]) => [kinds, choiceOf(text, random)]),
  )
  const sourceAddress = drawAddress(statistics.sourceBranching, doublings, random)
  const destinationAddress = drawAddress(statistics.destinationBranching, doublings, random)
  const sourcePort = drawRange(statistics.sourceRanges, statistics.sourcePorts, random)
  const destinationPort = drawRange(statistics.destinationRanges, statistics.destinationPorts, random)
  return () => {
    const { value, kinds } = protocol()
    const pair = kinds()
    const [from, to] = pair.split('/')
    const [sourceLength, destinationLength] = lengths.get(pair)!().split('-').map(Number)
    const [sourceMask, destinationMask] = [maskOf(sourceLength), maskOf(destinationLength)]
    const [sourcePortLow, sourcePortHigh] = sourcePort(from)
    const [destinationPortLow, destinationPortHigh] = destinationPort(to)
    return {
      source: sourceAddress(sourceLength),
      sourceMask,
      destination: destinationAddress(destinationLength),
      destinationMask,
      sourcePortLow,
      sourcePortHigh,
      destinationPortLow,
      destinationPortHigh,
      protocol: value,
      protocolMask: value === 0 ? 0 : 0xff,
    }
  }
}

function maskOf(length: number): number {
  return length === 0 ? 0 : -1 << (32 - length)
}

/** Draws by weight. */
function choice<T>(weighted: Array<[T, number]>, random: Random): () => T {
  const total = weighted.reduce((sum, [, weight]) => sum + weight, 0)
  return () => {
    let left = random() * total
    const found = weighted.find(([, weight]) => (left -= weight) < 0)
    return (found ?? weighted[0])[0]
  }
}

function choiceOf(text: string, random: Random): () => string {
  const weighted = text
    .split(', ')
    .map((one): [string, number] => [one.split(' ')[0], Number(one.split(' ')[1])])
  return choice(weighted, random)
}

/** Any, the ports of servers and of clients, some range, one port. */
function drawRange(ranges: string, ports: string, random: Random): (kind: string) => [number, number] {
  const [range, port] = [choiceOf(ranges, random), choiceOf(ports, random)]
  return (kind) => {
    if (kind === 'wc') return [0, PORT_MAX]
    if (kind === 'lo') return [0, 1023]
    if (kind === 'hi') return [1024, PORT_MAX]
    const [low, high = low] = (kind === 'ar' ? range() : port()).split('-').map(Number)
    return [low, high]
  }
}

/**
 * Prefixes out of a tree that is grown where one is drawn: a bit that goes both ways does so for every prefix
 * that comes by. `doublings` more branches are spread over the bits from 8 on, where sets grow.
 */
function drawAddress(branching: string, doublings: number, random: Random): (length: number) => number {
  const bits = branching.split(' ').map((text, i) => {
    const [both, skew = 0] = text.split('/').map(Number)
    return { both: i < 8 ? both : both + ((1 - both) * doublings) / 24, heavy: 1 / (2 - skew) }
  })
  // For each prefix met: whether its next bit goes both ways (2), or only this one. Key: a leading one, then the prefix.
  const tree = new Map<number, number>()
  const nextBit = (node: number, i: number): number => {
    let way = tree.get(node)
    if (way === undefined) tree.set(node, (way = random() < bits[i].both ? 2 : random() < 0.5 ? 0 : 1))
    return way < 2 ? way : random() < bits[i].heavy ? 1 : 0
  }
  return (length) => {
    let node = 1
    for (let i = 0; i < length; i++) node = node * 2 + nextBit(node, i)
    return (node * 2 ** (32 - length)) | 0 // the leading one falls off
  }
}

/** Distinct headers in random order, each inside a rule that was drawn evenly: anywhere in it, or at its corners. */
export function generateTrace(rules: readonly FiveFieldRule[], count: number, seed: number): HeaderColumns {
  const random = createRandom(seed)
  const columns = createColumns(count)
  const seen = new Set<string>()
  for (let i = 0; i < count;) {
    const header = headerIn(rules[Math.floor(random() * rules.length)], random)
    if (seen.size < seen.add(header.join()).size) writeHeader(columns, i++, header)
  }
  return columns
}

function writeHeader(
  columns: HeaderColumns,
  i: number,
  [source, destination, from, to, protocol]: number[],
): void {
  columns.source[i] = source
  columns.destination[i] = destination
  columns.ports[i] = (from << 16) | to
  columns.protocol[i] = protocol
}

function headerIn(rule: FiveFieldRule, random: Random): number[] {
  const corner = random()
  const address = (value: number, mask: number): number => {
    const free = corner < 0.25 ? 0 : corner < 0.5 ? -1 : Math.floor(random() * 2 ** 32)
    return value | (free & ~mask)
  }
  const within = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1))
  return [
    address(rule.source, rule.sourceMask),
    address(rule.destination, rule.destinationMask),
    within(rule.sourcePortLow, rule.sourcePortHigh),
    within(rule.destinationPortLow, rule.destinationPortHigh),
    rule.protocolMask === 0 ? within(0, 255) : rule.protocol,
  ]
}

/** As ClassBench's filter files have them, a rule a line. Masks must be prefixes. */
export function printRules(rules: readonly FiveFieldRule[]): string {
  const prefix = (value: number, mask: number): string =>
    `${[24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.')}/${mask === 0 ? 0 : 32 - Math.log2(-mask)}`
  const byte = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`
  const line = (rule: FiveFieldRule): string =>
    [
      `@${prefix(rule.source, rule.sourceMask)}`,
      prefix(rule.destination, rule.destinationMask),
      `${rule.sourcePortLow} : ${rule.sourcePortHigh}`,
      `${rule.destinationPortLow} : ${rule.destinationPortHigh}`,
      `${byte(rule.protocol)}/${byte(rule.protocolMask)}\n`,
    ].join('\t')
  return rules.map(line).join('')
}

/** As ClassBench's trace files have them, a header a line. */
export function printTrace({ source, destination, ports, protocol }: HeaderColumns): string {
  let text = ''
  for (let i = 0; i < source.length; i++)
    text += `${source[i] >>> 0}\t${destination[i] >>> 0}\t${ports[i] >>> 16}\t${ports[i] & 0xffff}\t${protocol[i]}\n`
  return text
}
