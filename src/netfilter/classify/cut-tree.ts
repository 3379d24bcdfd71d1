/**
 * The engine for what the main one has no room for: a tree that cuts one field at each node by some of its
 * bits, down to a few rules that are asked in turn. A rule is in every child that it reaches into, so a
 * budget bounds how often rules are repeated: where it is spent, leaves stay long, and slow, but right.
 *
 *     node      | column | shift | mask | child | child | …     child: a node's offset, or ~ a leaf's
 *     leaf      | record | record | … | the record that always matches |
 *     record    | number | source | mask | destination | mask | source ports | destination ports | protocol |
 *
 * Offsets are in bytes. Ports are the lowest and how many follow, 16 bits each; the protocol is value and mask.
 */
import type { Engine, Image } from './image.js'
import { createListPool, doubled } from './list-pool.js'
import type { ListPool } from './list-pool.js'
import { DESTINATION, NONE, NODE_WORDS, PORTS, PROTOCOL, RECORD_WORDS, SOURCE } from './phases.js'
import type { FiveFieldRule } from './rule.js'

/** So many rules are asked in turn without cutting further. */
const LEAF_RULES = 8
const MAX_DEPTH = 24
/** Words of nodes and leaves for each rule, and for any set. */
const WORDS_PER_RULE = 24
const WORDS_AT_LEAST = 1 << 16
/** Bits of the widest cut. */
const MAX_BITS = 16

/** Where a field is in the headers: its column, and how far its lowest bit is shifted there. */
const FIELDS = [
  { column: SOURCE, shift: 0, max: 0xffff_ffff },
  { column: DESTINATION, shift: 0, max: 0xffff_ffff },
  { column: PORTS, shift: 0, max: 0xffff },
  { column: PORTS, shift: 16, max: 0xffff },
  { column: PROTOCOL, shift: 0, max: 0xff },
]

/** The values of each field that each rule reaches: from `low[field][i]` to `high[field][i]`. */
interface Reach {
  low: Uint32Array[]
  high: Uint32Array[]
}

/** What a part of the tree may still look at: from `low[field]` to `high[field]`. */
interface Region {
  low: number[]
  high: number[]
}

/** Bits of a field, and which of the rules in a part reach which child. */
interface Cut {
  field: number
  shift: number
  /** How many children less one. */
  mask: number
  /** The value that the first child begins with. */
  base: number
  /** How many rules a header meets behind the cut, on average over the rules. */
  cost: number
}

/** The engine for the rules of these numbers, ascending; any masks. */
export function buildCutTree(rules: readonly FiveFieldRule[], numbers: Int32Array, image: Image): Engine {
  const reach = reachOf(rules, numbers)
  const budget = WORDS_AT_LEAST + WORDS_PER_RULE * numbers.length
  const leaves = createListPool(Infinity)
  let nodes = new Int32Array(1 << 12)
  let used = 0
  const whole: Region = { low: FIELDS.map(() => 0), high: FIELDS.map(({ max }) => max) }
  const root = grow(
    numbers.map((_, i) => i),
    whole,
    0,
  )

  /** Returns a node's offset, or the complement of a leaf's number. */
  function grow(list: Int32Array, region: Region, depth: number): number {
    const cut = list.length > LEAF_RULES && depth < MAX_DEPTH ? bestCut(list, region, reach) : undefined
    if (cut === undefined || used + leaves.begin(leaves.size()) + cut.mask > budget) return leafOf(list)
    const at = used
    used += NODE_WORDS + cut.mask + 1
    while (used > nodes.length) nodes = doubled(nodes)
    nodes.set([FIELDS[cut.field].column, FIELDS[cut.field].shift + cut.shift, cut.mask], at)
    divide(list, region, cut, reach).forEach((part, child) => {
      const node = grow(part, childRegion(region, cut, child), depth + 1)
      nodes[at + NODE_WORDS + child] = node // `nodes` may be another array by now
    })
    return at * 4
  }

  function leafOf(list: Int32Array): number {
    list.forEach(leaves.push)
    return ~leaves.intern()
  }

  const { table, offsets } = layLeaves(leaves, numbers.length)
  const toLeaf = (child: number): number => (child < 0 ? ~offsets[~child] : child)
  forEachChild(nodes, used, (at) => (nodes[at] = toLeaf(nodes[at])))
  const addresses = [nodes.slice(0, used), table, recordsOf(rules, numbers)].map((one) => image.place(one))
  const start = toLeaf(root)
  return {
    stages: [(phases, end) => phases.tree(end, start, addresses[0], addresses[1], addresses[2])],
    description: `${numbers.length} rules, cut tree of ${used} words, ${leaves.size()} leaves`,
  }
}

function reachOf(rules: readonly FiveFieldRule[], numbers: Int32Array): Reach {
  const column = (of: (rule: FiveFieldRule) => number): Uint32Array =>
    Uint32Array.from(numbers, (i) => of(rules[i]))
  return {
    low: [
      column((rule) => rule.source),
      column((rule) => rule.destination),
      column((rule) => rule.destinationPortLow),
      column((rule) => rule.sourcePortLow),
      column((rule) => rule.protocol),
    ],
    high: [
      column((rule) => rule.source | ~rule.sourceMask),
      column((rule) => rule.destination | ~rule.destinationMask),
      column((rule) => rule.destinationPortHigh),
      column((rule) => rule.sourcePortHigh),
      column((rule) => rule.protocol | (~rule.protocolMask & 0xff)),
    ],
  }
}

/** The cut that leaves the fewest rules to a header; undefined where none is worth its children. */
function bestCut(list: Int32Array, region: Region, reach: Reach): Cut | undefined {
  let best: Cut | undefined
  for (let field = 0; field < FIELDS.length; field++) {
    const cut = cutOf(field, list, region, reach)
    if (cut !== undefined && cut.cost < (best?.cost ?? list.length * 0.9)) best = cut
  }
  return best
}

/** Cuts a field below the bits that all rules of the list share there, into about as many children as rules. */
function cutOf(field: number, list: Int32Array, region: Region, { low, high }: Reach): Cut | undefined {
  let [first, last] = [region.high[field], region.low[field]]
  for (const i of list) {
    first = Math.min(first, Math.max(low[field][i], region.low[field]))
    last = Math.max(last, Math.min(high[field][i], region.high[field]))
  }
  const open = 32 - Math.clz32(first ^ last)
  if (open === 0) return undefined
  const bits = Math.min(open, MAX_BITS, Math.ceil(Math.log2(list.length)) + 1)
  const cut = { field, shift: open - bits, mask: 2 ** bits - 1, base: first - (first % 2 ** open), cost: 0 }
  const counts = new Int32Array(cut.mask + 2)
  for (const i of list) {
    counts[childOf(cut, Math.max(low[field][i], region.low[field]))]++
    counts[childOf(cut, Math.min(high[field][i], region.high[field])) + 1]--
  }
  let [here, total, squares] = [0, 0, 0]
  for (let child = 0; child <= cut.mask; child++) {
    here += counts[child]
    total += here
    squares += here * here
  }
  if (total > 4 * list.length + 16) return narrower(cut, list, region, { low, high })
  return { ...cut, cost: squares / total }
}

/** Repeated too often: the field's highest bit alone, where that is better. */
function narrower(cut: Cut, list: Int32Array, region: Region, { low, high }: Reach): Cut | undefined {
  const open = cut.shift + Math.log2(cut.mask + 1)
  const one = { ...cut, shift: open - 1, mask: 1 }
  let [left, right] = [0, 0]
  for (const i of list) {
    if (childOf(one, Math.max(low[cut.field][i], region.low[cut.field])) === 0) left++
    if (childOf(one, Math.min(high[cut.field][i], region.high[cut.field])) === 1) right++
  }
  if (left + right > 1.5 * list.length) return undefined
  return { ...one, cost: (left * left + right * right) / (left + right) }
}

function childOf({ base, shift }: Cut, value: number): number {
  return (value - base) >>> shift
}

/** The lists of the children. */
function divide(list: Int32Array, region: Region, cut: Cut, { low, high }: Reach): Int32Array[] {
  const { field } = cut
  const children: number[][] = Array.from({ length: cut.mask + 1 }, () => [])
  for (const i of list) {
    const last = childOf(cut, Math.min(high[field][i], region.high[field]))
    for (let child = childOf(cut, Math.max(low[field][i], region.low[field])); child <= last; child++)
      children[child].push(i)
  }
  return children.map((child) => Int32Array.from(child))
}

function childRegion(region: Region, { field, base, shift }: Cut, child: number): Region {
  const from = base + child * 2 ** shift
  return {
    low: region.low.with(field, Math.max(from, region.low[field])),
    high: region.high.with(field, Math.min(from + 2 ** shift - 1, region.high[field])),
  }
}

/** The leaves one behind another, each ended by the record behind the last rule's. */
function layLeaves(leaves: ListPool, rules: number): { table: Int32Array; offsets: Int32Array } {
  const values = leaves.values()
  const table = new Int32Array(leaves.begin(leaves.size()) + leaves.size())
  const offsets = new Int32Array(leaves.size())
  let at = 0
  for (let leaf = 0; leaf < leaves.size(); leaf++) {
    offsets[leaf] = at * 4
    for (let i = leaves.begin(leaf); i < leaves.begin(leaf + 1); i++)
      table[at++] = values[i] * RECORD_WORDS * 4
    table[at++] = rules * RECORD_WORDS * 4
  }
  return { table, offsets }
}

function forEachChild(nodes: Int32Array, end: number, visit: (at: number) => void): void {
  for (let at = 0; at < end;) {
    const children = nodes[at + 2] + 1
    for (let child = 0; child < children; child++) visit(at + NODE_WORDS + child)
    at += NODE_WORDS + children
  }
}

function recordsOf(rules: readonly FiveFieldRule[], numbers: Int32Array): Int32Array {
  const records = new Int32Array((numbers.length + 1) * RECORD_WORDS)
  const range = (low: number, high: number): number => (low << 16) | (high - low)
  numbers.forEach((number, i) => {
    const rule = rules[number]
    records.set(
      [
        ...[number, rule.source, rule.sourceMask, rule.destination, rule.destinationMask],
        range(rule.sourcePortLow, rule.sourcePortHigh),
        range(rule.destinationPortLow, rule.destinationPortHigh),
        (rule.protocol << 16) | rule.protocolMask,
      ],
      i * RECORD_WORDS,
    )
  })
  // All masks 0 and all ports: this one matches whatever comes.
  records.set([NONE, 0, 0, 0, 0, 0xffff, 0xffff, 0], numbers.length * RECORD_WORDS)
  return records
}
