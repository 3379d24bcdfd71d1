/**
 * Ranges of one field, and for each value the list of rules whose range holds it, in the order of the rules.
 * The field's values are cut at every end of a range; values between two cuts have the same list.
 */

/** Value → list. */
export interface IntervalIndex {
  /** Where the list of a value (unsigned) begins in `lists`; -1 ends it. */
  find(value: number): number
  readonly lists: Int32Array
}

/** Inclusive, unsigned. */
export type Range = readonly [least: number, greatest: number]

/** The lists of some ranges, planned but not written. */
export interface IntervalPlan {
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

/** @param width bits of the field */
export function planIntervals(ranges: readonly Range[], width: 16 | 32): IntervalPlan {
  const cuts = cutsOf(ranges, width)
  const from = Int32Array.from(ranges, ([least]) => placeOf(cuts, least))
  const to = Int32Array.from(ranges, ([, greatest]) => placeOf(cuts, greatest + 1))
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
  return { width, cuts, from, to, counts, length, candidates: length === 0 ? 0 : squares / length }
}

/** Writes the lists. */
export function buildIntervalIndex({ width, cuts, from, to, counts, length }: IntervalPlan): IntervalIndex {
  const starts = new Int32Array(cuts.length)
  for (let i = 1; i < cuts.length; i++) starts[i] = starts[i - 1] + counts[i - 1] + 1
  const lists = new Int32Array(length + cuts.length).fill(-1)
  const next = starts.slice()
  for (let rule = 0; rule < from.length; rule++)
    for (let i = from[rule]; i < to[rule]; i++) lists[next[i]++] = rule
  return { find: isExact(from, to, cuts) ? exactFinder(cuts, starts) : finder(cuts, starts, width), lists }
}

/** Whether every range is a single value, none of them the greatest. */
function isExact(from: Int32Array, to: Int32Array, cuts: Float64Array): boolean {
  return from.every((place, i) => to[i] === place + 1 && cuts[to[i]] === cuts[place] + 1)
}

/** Single values: a hash table with open addressing, of value and list; what is not in it has no rules. */
function exactFinder(cuts: Float64Array, starts: Int32Array): (value: number) => number {
  const bits = Math.ceil(Math.log2(cuts.length * 2)) + 1
  const table = new Int32Array(2 << bits).fill(-1)
  const shift = 32 - bits
  const mask = (2 << bits) - 1
  const home = (value: number): number => (Math.imul(value, 0x9e3779b1) >>> shift) << 1
  const nothing = starts[cuts.length - 1]
  cuts.forEach((cut, i) => {
    if (i + 1 === cuts.length || starts[i + 1] - starts[i] === 1) return // no rule there
    let at = home(cut)
    while (table[at + 1] !== -1) at = (at + 2) & mask
    table[at] = cut
    table[at + 1] = starts[i]
  })
  return (value) => {
    for (let at = home(value); table[at + 1] !== -1; at = (at + 2) & mask)
      if (table[at] === (value | 0)) return table[at + 1]
    return nothing
  }
}

function cutsOf(ranges: readonly Range[], width: number): Float64Array {
  const ends = new Float64Array(ranges.length * 2 + 1)
  ranges.forEach(([least, greatest], i) => {
    ends[2 * i] = least
    ends[2 * i + 1] = greatest + 1
  })
  const limit = 2 ** width
  return ends.sort().filter((value, i) => value < limit && (i === 0 || value !== ends[i - 1]))
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
function finder(cuts: Float64Array, starts: Int32Array, width: number): (value: number) => number {
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
    return starts[low]
  }
}
