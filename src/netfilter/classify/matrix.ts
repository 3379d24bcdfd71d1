/**
 * Which rules match by both addresses: for each prefix of the source a row, for each of the destination a
 * column, in the cell the list of the rules whose prefixes are both these or around these.
 */
import { createCandidateLists } from './candidate-lists.js'
import type { CandidateLists } from './candidate-lists.js'
import type { PortClasses } from './port-classes.js'
import type { PrefixTree } from './prefix-tree.js'

/** Rules by number, and their address prefixes: entry i of the trees' `numbers` belongs to rule `numbers[i]`. */
export interface AddressedRules {
  numbers: Int32Array
  source: PrefixTree
  destination: PrefixTree
}

/** Row by row, lists by number. */
export interface Matrix {
  cells: Int32Array
  lists: CandidateLists
}

/** The matrix, or undefined where it would have more cells than `cellLimit` or its lists more rules than `listLimit`. */
export function buildMatrix(
  rules: AddressedRules,
  classes: PortClasses,
  cellLimit: number,
  listLimit: number,
): Matrix | undefined {
  const { source, destination } = rules
  const columns = destination.count
  if (source.count * columns > cellLimit) return undefined
  const cells = new Int32Array(source.count * columns)
  const lists = createCandidateLists(classes, listLimit)
  const { first, order } = byRow(source)
  for (let row = 0; row < source.count; row++) {
    const base = row * columns
    if (row > 0) cells.copyWithin(base, source.parent[row] * columns, (source.parent[row] + 1) * columns)
    for (let i = first[row]; i < first[row + 1]; i++) {
      const column = destination.numbers[order[i]]
      if (!paint(cells, base + column, base + destination.end[column], lists, rules.numbers[order[i]]))
        return undefined
    }
  }
  return { cells, lists }
}

/** Adds a rule to the lists of these cells; false where a list does not fit. Neighbours often have the same list. */
function paint(cells: Int32Array, from: number, to: number, lists: CandidateLists, rule: number): boolean {
  let [before, after] = [-1, -1]
  for (let at = from; at < to; at++) {
    if (cells[at] !== before) {
      before = cells[at]
      after = lists.add(before, rule)
      if (after < 0) return false
    }
    cells[at] = after
  }
  return true
}

/** The rules in order of their rows: those of row r are `order[first[r]]` and on. */
function byRow({ count, numbers }: PrefixTree): { first: Int32Array; order: Int32Array } {
  const first = new Int32Array(count + 1)
  for (const row of numbers) first[row + 1]++
  for (let row = 0; row < count; row++) first[row + 1] += first[row]
  const next = first.slice()
  const order = new Int32Array(numbers.length)
  for (let i = 0; i < numbers.length; i++) order[next[numbers[i]]++] = i
  return { first, order }
}
