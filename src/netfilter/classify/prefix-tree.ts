/**
 * The distinct prefixes of one address field, nested. A prefix's number is its place in preorder: the numbers
 * of those inside it follow its own. Number 0 is 0.0.0.0/0, whether a rule names it or not, so that every
 * address has a longest prefix; two addresses with the same one are matched by the same rules.
 */

/** Prefixes by number. */
export interface PrefixTree {
  count: number
  value: Int32Array
  length: Uint8Array
  /** The narrowest prefix around this one; -1 for number 0. */
  parent: Int32Array
  /** The first number that is not inside this prefix any more. */
  end: Int32Array
  /** The number of the prefix that each of the given masked addresses is. */
  numbers: Int32Array
}

const LENGTHS = 64 // a sort key is the address times this, plus the length: by address, then the wider first

/** The tree of the prefixes `values[i]`/`masks[i]`; the masks must be contiguous. */
export function buildPrefixTree(values: Int32Array, masks: Int32Array): PrefixTree {
  const keys = new Float64Array(values.length + 1)
  for (let i = 0; i < values.length; i++) keys[i] = (values[i] >>> 0) * LENGTHS + Math.clz32(~masks[i])
  const sorted = distinct(keys.slice().sort())
  const count = sorted.length
  const value = Int32Array.from(sorted, (key) => Math.floor(key / LENGTHS) | 0)
  const length = Uint8Array.from(sorted, (key) => key % LENGTHS)
  const parent = new Int32Array(count).fill(-1)
  const end = new Int32Array(count).fill(count)
  for (let i = 1; i < count; i++) {
    let around = i - 1
    while (!isInside(value[i], value[around], length[around])) {
      end[around] = i
      around = parent[around]
    }
    parent[i] = around
  }
  const numbers = new Int32Array(values.length)
  for (let i = 0; i < values.length; i++) numbers[i] = find(sorted, keys[i])
  return { count, value, length, parent, end, numbers }
}

function distinct(sorted: Float64Array): Float64Array {
  return sorted.filter((key, i) => i === 0 || key !== sorted[i - 1])
}

function isInside(address: number, value: number, length: number): boolean {
  return length === 0 || (address ^ value) >>> (32 - length) === 0
}

function find(sorted: Float64Array, key: number): number {
  let [low, high] = [0, sorted.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle] < key) low = middle + 1
    else high = middle
  }
  return low
}
