/**
 * Single values of one field, and for each the list of the rules that ask for it: a hash table, or, where the values
 * are as close together as the addresses of one network, a table of all values between the least and the greatest.
 */
import type { FieldIndex } from './field-index.js'

/** The values of some rules, entered but not linked to them. */
export interface ExactPlan {
  kind: 'exact'
  /** Open addressing: value and number of its list, from 0; -1 where the place is free. */
  table: Int32Array
  bits: number
  /** By rule: the number of its list. */
  listOf: Int32Array
  /** By list: how long it is. */
  counts: Int32Array
  length: number
  candidates: number
}

/** Plans for rules that each ask for one value, unsigned. */
export function planExact(values: Float64Array): ExactPlan {
  const bits = Math.ceil(Math.log2(values.length + 1)) + 1
  const table = new Int32Array(2 << bits).fill(-1)
  const listOf = new Int32Array(values.length)
  const counts = new Int32Array(values.length)
  let lists = 0
  let squares = 0
  for (let i = 0; i < values.length; i++) {
    const at = placeOf(table, bits, values[i])
    if (table[at + 1] === -1) {
      table[at] = values[i]
      table[at + 1] = lists++
    }
    const list = (listOf[i] = table[at + 1])
    squares += 2 * counts[list]++ + 1
  }
  const length = values.length
  return { kind: 'exact', table, bits, listOf, counts, length, candidates: squares / length }
}

/** Where a value stands in the table, or where it would. */
function placeOf(table: Int32Array, bits: number, value: number): number {
  const mask = table.length - 1
  let at = (Math.imul(value, 0x9e3779b1) >>> (32 - bits)) << 1
  while (table[at + 1] !== -1 && table[at] !== (value | 0)) at = (at + 2) & mask
  return at
}

/** `rules[i]`, a number from 0, stands for the rule i. */
export function buildExactIndex({ table, bits, listOf, counts }: ExactPlan, rules: Int32Array): FieldIndex {
  const starts = new Int32Array(counts.length)
  // The list of all other values stands first, and is empty.
  for (let i = 0, start = 1; i < counts.length; start += counts[i++] + 1) starts[i] = start
  const lists = new Int32Array(1 + rules.length + counts.length).fill(-1)
  const next = starts.slice()
  for (let i = 0; i < rules.length; i++) lists[next[listOf[i]]++] = rules[i]
  const found = starts.map((start, i) => (counts[i] === 1 ? ~lists[start] : start))
  return { find: denseFinder(table, found) ?? hashFinder(table, bits, found), lists }
}

/** Places in a table of all values, for each value that there is. */
const SPARSEST = 4
/** Where the list of values that no rule asks for begins. */
const NOTHING = 0

function denseFinder(table: Int32Array, found: Int32Array): ((value: number) => number) | null {
  let [least, greatest, values] = [0xffffffff, 0, 0]
  for (let at = 0; at < table.length; at += 2) {
    if (table[at + 1] === -1) continue
    least = Math.min(least, table[at] >>> 0)
    greatest = Math.max(greatest, table[at] >>> 0)
    values++
  }
  const span = greatest - least + 1
  if (span > values * SPARSEST) return null
  const all = new Int32Array(span).fill(NOTHING)
  for (let at = 0; at < table.length; at += 2)
    if (table[at + 1] !== -1) all[(table[at] >>> 0) - least] = found[table[at + 1]]
  return (value) => {
    const place = (value - least) >>> 0
    return place < span ? all[place] : NOTHING
  }
}

function hashFinder(table: Int32Array, bits: number, found: Int32Array): (value: number) => number {
  for (let at = 0; at < table.length; at += 2)
    table[at + 1] = table[at + 1] === -1 ? NOTHING : found[table[at + 1]]
  const shift = 32 - bits
  const mask = table.length - 1
  return (value) => {
    let at = (Math.imul(value, 0x9e3779b1) >>> shift) << 1
    while (table[at + 1] !== NOTHING && table[at] !== (value | 0)) at = (at + 2) & mask
    return table[at + 1]
  }
}
