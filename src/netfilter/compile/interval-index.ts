/**
 * Ranges of one field, and for each value the list of rules whose range holds it, in the order of the rules.
 * The field's values are cut at every end of a range; values between two cuts have the same list.
 */

import type { FieldIndex } from './field-index.js'

/** The lists of some ranges, planned but not written. */
export interface IntervalPlan {
  kind: 'interval'
  width: 16 | 32
  /** Where values begin to have another list, ascending, the first 0. */
  cuts: Float64Array
  /** By range: the first cut that it holds, and the first behind it. */
  from: Int32Array
  to: Int32Array
  /** By cut: how long its list is. */
  counts: Int32Array
  /** How many numbers the lists have together. */
  length: number
  /** How many rules a value leads to on average, values that more rules ask for weighing more. */
  candidates: number
}

/** Plans for ranges from `least[i]` to `greatest[i]`, both included, of a field of `width` bits. */
export function planIntervals(least: Float64Array, greatest: Float64Array, width: 16 | 32): IntervalPlan {
  const cuts = cutsOf(least, greatest, width)
  const from = Int32Array.from(least, (value) => placeOf(cuts, value))
  const to = Int32Array.from(greatest, (value) => placeOf(cuts, value + 1))
  // A list begins to grow where a range begins: differences first, then their sums.
  const counts = new Int32Array(cuts.length + 1)
  from.forEach((place, i) => {
    counts[place]++
    counts[to[i]]--
  })
  let length = 0
  let squares = 0
  for (let i = 0; i < cuts.length; i++) {
    if (i > 0) counts[i] += counts[i - 1]
    length += counts[i]
    squares += counts[i] ** 2
  }
  return {
    kind: 'interval',
    width,
    cuts,
    from,
    to,
    counts,
    length,
    candidates: length === 0 ? 0 : squares / length,
  }
}

/** Writes the lists: `rules[i]`, a number from 0, stands for the range i. */
export function buildIntervalIndex(
  { width, cuts, from, to, counts, length }: IntervalPlan,
  rules: Int32Array,
): FieldIndex {
  const starts = new Int32Array(cuts.length)
  for (let i = 1; i < cuts.length; i++) starts[i] = starts[i - 1] + counts[i - 1] + 1
  const lists = new Int32Array(length + cuts.length).fill(-1)
  const next = starts.slice()
  for (let range = 0; range < from.length; range++)
    for (let i = from[range]; i < to[range]; i++) lists[next[i]++] = rules[range]
  const found = starts.map((start, i) => (counts[i] === 1 ? ~lists[start] : start))
  return { find: finder(cuts, found, width), lists }
}

function cutsOf(least: Float64Array, greatest: Float64Array, width: number): Float64Array {
  const ends = new Float64Array(least.length * 2 + 1)
  ends.set(least)
  for (let i = 0; i < greatest.length; i++) ends[least.length + i] = greatest[i] + 1
  ends.sort()
  const limit = 2 ** width
  let count = 0
  for (const end of ends) if (end < limit && (count === 0 || end !== ends[count - 1])) ends[count++] = end
  return ends.slice(0, count)
}

/** The place of a value that is a cut; the number of cuts for one behind the last. */
function placeOf(cuts: Float64Array, value: number): number {
  let low = 0
  let high = cuts.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (cuts[middle] < value) low = middle + 1
    else high = middle
  }
  return low
}

/** The upper half of the bits says between which cuts to look, a search by halves the rest. */
function finder(cuts: Float64Array, found: Int32Array, width: number): (value: number) => number {
  const shift = width - 16
  const first = new Int32Array(65_537).fill(cuts.length - 1)
  for (let i = cuts.length - 1, top = 65_536; top >= 0; top--) {
    while (i > 0 && cuts[i] > top * 2 ** shift) i--
    first[top] = i
  }
  return (value) => {
    const top = value >>> shift
    let low = first[top]
    let high = first[top + 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (cuts[middle] <= value) low = middle
      else high = middle - 1
    }
    return found[low]
  }
}
